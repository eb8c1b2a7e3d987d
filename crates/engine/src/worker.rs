//! One worker thread's own state: its recorder and its place among the workers.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use plimsoll_metrics::Recorder;

use crate::control::Control;

/// Shared by everything on one worker thread.
pub struct Worker {
    pub index: usize,
    pub count: usize,
    /// Borrowed only for the length of one call, never across an await.
    pub recorder: Rc<RefCell<Recorder>>,
    pub control: Arc<Control>,
}
