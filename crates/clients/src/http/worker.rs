//! What the clients of one worker thread share.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use plimsoll_metrics::Recorder;

use super::{config::HttpConfig, error::HttpError, url::Url};

/// One per thread: settings, parsed URLs, series handles, spare buffers.
pub struct Worker {
    pub(crate) config: Arc<HttpConfig>,
    pub(crate) recorder: Rc<RefCell<Recorder>>,
}

impl Worker {
    pub fn new(config: Arc<HttpConfig>, recorder: Rc<RefCell<Recorder>>) -> Rc<Worker> {
        Rc::new(Worker { config, recorder })
    }

    pub fn config(&self) -> &Arc<HttpConfig> {
        &self.config
    }

    /// The parsed form of `text`, from the cache when it was seen before.
    ///
    /// # Errors
    /// [`super::ErrorCode::INVALID_URL`] with k6's text.
    pub fn url(&self, text: &str) -> Result<Url, HttpError> {
        Url::parse(text)
    }
}
