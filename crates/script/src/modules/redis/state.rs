//! A client's connections: made at its first command, settings shared by all VUs of a thread.

use std::{
    cell::{OnceCell, RefCell},
    rc::{Rc, Weak},
};

use plimsoll_clients::redis::{Client, Scope, Worker};
use plimsoll_engine::worker::Worker as EngineWorker;
use plimsoll_metrics::Recorder;

use super::options::ClientOptions;
use crate::vu::VuState;

/// One `new Client(..)` of one VU.
pub(super) struct ClientState {
    options: ClientOptions,
    client: OnceCell<Rc<Client>>,
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
    pub(super) fn new(options: ClientOptions) -> ClientState {
        ClientState { options, client: OnceCell::new() }
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
        let emitter = Rc::downgrade(&client);
        vu.on_iteration_end(move |vu| {
            if let Some(client) = emitter.upgrade() {
                let (tags, metadata) = (vu.tags.borrow().clone(), vu.metadata.borrow().clone());
                client.emit_traffic(&Scope { tags, metadata });
            }
        });
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
