//! Targets as a worker's thread sends them: parsed once, cheap to make requests of.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use plimsoll_clients::http::{Headers, Request, Url};

use super::{Config, Redirects};
use crate::targets::Target;

/// A target of one thread.
pub(super) struct Prepared {
    /// For the results: text that threads share.
    pub(super) target: Target,
    method: Rc<str>,
    url: Url,
    headers: Headers,
    body: Option<Bytes>,
}

impl Prepared {
    /// `None` for a URL that is none, which no reader lets pass.
    pub(super) fn new(target: Target) -> Option<Rc<Prepared>> {
        let url = Url::parse(&target.url).ok()?;
        let method = Rc::from(&*target.method);
        let (headers, body) = (target.headers.clone(), target.body.clone());
        Some(Rc::new(Prepared { method, url, headers, body, target }))
    }

    /// Copies no more than pointers when the target has no headers.
    pub(super) fn request(&self, config: &Config) -> Request {
        let mut request = Request::new(Rc::clone(&self.method), self.url.clone());
        request.headers = self.headers.clone();
        request.body = self.body.clone();
        request.timeout = config.timeout.unwrap_or(Duration::MAX);
        request.redirects = Some(match config.redirects {
            Redirects::Follow(most) => most,
            Redirects::Succeed => 0,
        });
        request.discard_body = config.keep_body.is_none();
        request.chunked = config.chunked;
        request
    }
}

/// The targets of a list, prepared when first sent.
pub(super) struct PreparedList {
    targets: Arc<[Target]>,
    prepared: RefCell<Vec<Option<Rc<Prepared>>>>,
}

impl PreparedList {
    pub(super) fn new(targets: Arc<[Target]>) -> PreparedList {
        PreparedList { prepared: RefCell::new(vec![None; targets.len()]), targets }
    }

    /// The target of hit `seq`: in turn over all workers.
    pub(super) fn of_hit(&self, seq: u64) -> Option<Rc<Prepared>> {
        let index = seq.checked_rem(self.targets.len() as u64)?;
        let index = usize::try_from(index).ok()?;
        let mut prepared = self.prepared.borrow_mut();
        let slot = prepared.get_mut(index)?;
        if slot.is_none() {
            *slot = Prepared::new(self.targets.get(index)?.clone());
        }
        slot.clone()
    }
}
