//! What the clients of one worker thread share.

use std::{cell::RefCell, fmt::Write, rc::Rc, sync::Arc};

use hashbrown::HashMap;
use plimsoll_metrics::Recorder;

use super::{
    config::HttpConfig,
    emit::{Emitter, Facts},
    error::HttpError,
    request::Scope,
    timings::Timings,
    url::Url,
};

/// Parsed URLs kept; past it the table starts anew.
const URL_CACHE_LIMIT: usize = 4096;
/// URLs longer than this are parsed each time.
const URL_CACHE_LENGTH: usize = 1024;
/// Bytes that one read takes at most.
const READ_BUFFER: usize = 64 << 10;
/// Past it the write buffer is not kept.
const WRITE_BUFFER_LIMIT: usize = 128 << 10;

/// One per thread: settings, parsed URLs, series handles, buffers.
pub struct Worker {
    pub(super) config: Arc<HttpConfig>,
    recorder: Rc<RefCell<Recorder>>,
    emitter: RefCell<Emitter>,
    urls: RefCell<HashMap<Rc<str>, Url>>,
    pub(super) buffers: Buffers,
}

/// Memory that every exchange of the thread uses in turn, borrowed for one poll at most: a
/// connection that waits holds none of its own.
pub(super) struct Buffers {
    pub(super) read: RefCell<Box<[u8]>>,
    pub(super) write: RefCell<Vec<u8>>,
    /// The last one, most likely the next one too.
    status_text: RefCell<Rc<str>>,
}

impl Buffers {
    /// `200 OK` from code and reason; with `blank` the blank that stood before no reason, as in Go.
    pub(super) fn status_text(&self, status: u16, reason: &[u8], blank: bool) -> Rc<str> {
        let mut last = self.status_text.borrow_mut();
        let mut code = itoa::Buffer::new();
        let code = code.format(status);
        let same = last.as_bytes().strip_prefix(code.as_bytes()).is_some_and(|rest| {
            match rest.strip_prefix(b" ") {
                Some(rest) => blank && rest == reason,
                None => !blank && reason.is_empty(),
            }
        });
        if !same {
            let mut text = code.to_owned();
            if blank {
                // Writing to a String cannot fail.
                write!(text, " {}", String::from_utf8_lossy(reason)).ok();
            }
            *last = Rc::from(text);
        }
        last.clone()
    }

    /// Called between exchanges.
    pub(super) fn trim(&self) {
        let mut write = self.write.borrow_mut();
        if write.capacity() > WRITE_BUFFER_LIMIT {
            *write = Vec::new();
        }
    }
}

impl Worker {
    pub fn new(config: Arc<HttpConfig>, recorder: Rc<RefCell<Recorder>>) -> Rc<Worker> {
        let emitter = RefCell::new(Emitter::new(config.system_tags));
        let buffers = Buffers {
            read: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            write: RefCell::new(Vec::new()),
            status_text: RefCell::new(Rc::from("200 OK")),
        };
        let urls = RefCell::default();
        Rc::new(Worker { config, recorder, emitter, urls, buffers })
    }

    pub fn config(&self) -> &Arc<HttpConfig> {
        &self.config
    }

    /// The parsed form of `text`, from the cache when it was seen before.
    ///
    /// # Errors
    /// [`super::ErrorCode::INVALID_URL`] with k6's text.
    pub fn url(&self, text: &str) -> Result<Url, HttpError> {
        let mut urls = self.urls.borrow_mut();
        if let Some(url) = urls.get(text) {
            return Ok(url.clone());
        }
        let url = Url::parse(text)?;
        if text.len() <= URL_CACHE_LENGTH {
            if urls.len() >= URL_CACHE_LIMIT {
                urls.clear();
            }
            urls.insert(Rc::from(text), url.clone());
        }
        Ok(url)
    }

    pub(super) fn recorder(&self) -> &Rc<RefCell<Recorder>> {
        &self.recorder
    }

    pub(super) fn emit(&self, scope: &Scope, facts: &Facts<'_>, timings: &Timings) {
        let mut recorder = self.recorder.borrow_mut();
        self.emitter.borrow_mut().emit(&mut recorder, scope, facts, timings);
    }
}
