//! What one virtual user knows, shared by the host functions of its modules.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use plimsoll_engine::{
    runner::{Iteration, VuId},
    worker::Worker,
};
use plimsoll_metrics::{Registry, TagSet};
use plimsoll_runtime::log::Log;

use crate::options::Options;

/// Where in k6's life cycle the VU's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Init,
    Setup,
    Vu,
    Teardown,
    Summary,
}

/// What all VUs of a test share.
pub struct TestState {
    /// Consolidated; set once, after the first init.
    pub options: std::sync::OnceLock<Arc<Options>>,
    pub registry: Registry,
    pub log: Log,
}

/// One VU's own state. Host functions hold it in an `Rc`; nothing here is borrowed across a wait.
pub struct VuState {
    pub test: Arc<TestState>,
    /// `None` while the script is inspected without an engine.
    pub worker: Option<Rc<Worker>>,
    pub id: VuId,
    pub phase: Cell<Phase>,
    pub iteration: RefCell<Option<Iteration>>,
    /// Tags of the next sample: scenario, group and the script's own.
    pub tags: RefCell<TagSet>,
    /// `::outer::inner`, empty at the root.
    pub group: RefCell<Rc<str>>,
}
