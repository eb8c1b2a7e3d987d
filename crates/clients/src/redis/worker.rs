//! What the Redis clients of one worker thread share.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use hashbrown::HashMap;
use plimsoll_metrics::Recorder;
use tokio::sync::Mutex;

use super::{cluster::Topology, config::RedisConfig, emit::Emitter};

/// Bytes that one read takes at most.
const READ_BUFFER: usize = 64 << 10;
/// Different error messages kept; past it the table starts anew.
const MESSAGES_LIMIT: usize = 512;
/// Longer messages are not kept.
const MESSAGE_LENGTH: usize = 512;

/// One per thread.
pub struct Worker {
    pub(super) config: Rc<RedisConfig>,
    pub(super) recorder: Rc<RefCell<Recorder>>,
    pub(super) emitter: RefCell<Emitter>,
    /// Every exchange of the thread reads into it, for one poll at most.
    pub(super) read_buffer: RefCell<Box<[u8]>>,
    pub(super) topology: RefCell<Topology>,
    /// Held by whoever asks for the cluster's layout.
    pub(super) refreshing: Mutex<()>,
    /// For commands without a key, which any node may serve.
    pub(super) turn: Cell<usize>,
    messages: RefCell<HashMap<Box<[u8]>, Rc<str>>>,
}

impl Worker {
    pub fn new(config: RedisConfig, recorder: Rc<RefCell<Recorder>>) -> Rc<Worker> {
        let topology = Topology::new(&config.targets);
        Rc::new(Worker {
            config: Rc::new(config),
            recorder,
            emitter: RefCell::default(),
            read_buffer: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            topology: RefCell::new(topology),
            refreshing: Mutex::new(()),
            turn: Cell::new(0),
            messages: RefCell::default(),
        })
    }

    pub fn config(&self) -> &RedisConfig {
        &self.config
    }

    /// An error's text; the same one costs no memory again.
    pub(super) fn message(&self, bytes: &[u8]) -> Rc<str> {
        let mut messages = self.messages.borrow_mut();
        if let Some(known) = messages.get(bytes) {
            return known.clone();
        }
        let message: Rc<str> = String::from_utf8_lossy(bytes).into();
        if bytes.len() <= MESSAGE_LENGTH {
            if messages.len() >= MESSAGES_LIMIT {
                messages.clear();
            }
            messages.insert(bytes.into(), message.clone());
        }
        message
    }
}
