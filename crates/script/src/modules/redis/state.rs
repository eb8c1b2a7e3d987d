//! A client's connections: made at its first command, settings shared by all VUs of a thread.

use std::{
    cell::{OnceCell, RefCell},
    rc::{Rc, Weak},
};

use plimsoll_clients::redis::{Client, Worker};
use plimsoll_engine::worker::Worker as EngineWorker;
use plimsoll_metrics::{Builtin, Recorder};

use super::options::ClientOptions;
use crate::vu::VuState;

/// One `new Client(..)` of one VU.
pub(super) struct ClientState {
    options: ClientOptions,
    client: OnceCell<Rc<Client>>,
    siblings: Rc<Clients>,
}

/// All clients of one VU that have been used.
#[derive(Default)]
pub(super) struct Clients(RefCell<Vec<Rc<Client>>>);

impl Clients {
    /// Records what went over the wire in an iteration, and lets go of clients that the script has
    /// no more.
    pub(super) fn end_iteration(&self, vu: &VuState) {
        let (mut sent, mut received) = (0, 0);
        self.0.borrow_mut().retain(|client| {
            let traffic = client.take_traffic();
            sent += traffic.0;
            received += traffic.1;
            Rc::strong_count(client) > 1
        });
        let tags = vu.tags.borrow();
        for (metric, bytes) in [(Builtin::DataSent, sent), (Builtin::DataReceived, received)] {
            if bytes > 0 {
                vu.record(metric.id(), &tags, bytes as f64);
            }
        }
    }
}

/// A thread's clients with the same options share a worker: buffers, a cluster's layout.
struct Shared {
    owner: Weak<EngineWorker>,
    options: ClientOptions,
    worker: Weak<Worker>,
}

thread_local! {
    static SHARED: RefCell<Vec<Shared>> = const { RefCell::new(Vec::new()) };
}

impl ClientState {
    pub(super) fn new(options: ClientOptions, siblings: Rc<Clients>) -> ClientState {
        ClientState { options, client: OnceCell::new(), siblings }
    }

    /// k6 says so from the first command on, whatever came of it.
    pub(super) fn is_connected(&self) -> bool {
        self.client.get().is_some()
    }

    /// The client, made now if there is none; `Err` says which option cannot be used.
    pub(super) fn client(&self, vu: &VuState) -> Result<Rc<Client>, String> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let worker = match &vu.worker {
            Some(engine_worker) => shared_worker(&self.options, vu, engine_worker)?,
            // After the run, in handleSummary: samples go nowhere.
            None => {
                let recorder = Recorder::new(vu.test.registry.clone(), false, 0);
                let config = self.options.config(vu)?;
                Worker::new(config, Rc::new(RefCell::new(recorder)))
            }
        };
        let client = Rc::new(Client::new(worker, vu.id.in_instance.saturating_sub(1)));
        self.siblings.0.borrow_mut().push(client.clone());
        Ok(self.client.get_or_init(|| client).clone())
    }
}

fn shared_worker(
    options: &ClientOptions,
    vu: &VuState,
    engine_worker: &Rc<EngineWorker>,
) -> Result<Rc<Worker>, String> {
    let known = SHARED.with_borrow_mut(|shared| {
        shared.retain(|entry| entry.worker.strong_count() > 0);
        let is_it = |entry: &&Shared| {
            Weak::as_ptr(&entry.owner) == Rc::as_ptr(engine_worker) && entry.options == *options
        };
        shared.iter().find(is_it).and_then(|entry| entry.worker.upgrade())
    });
    if let Some(worker) = known {
        return Ok(worker);
    }
    let config = options.config(vu)?;
    let worker = Worker::new(config, engine_worker.recorder.clone());
    let (owner, options) = (Rc::downgrade(engine_worker), options.clone());
    let entry = Shared { owner, options, worker: Rc::downgrade(&worker) };
    SHARED.with_borrow_mut(|shared| shared.push(entry));
    Ok(worker)
}
