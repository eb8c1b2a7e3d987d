//! What `k6/http` keeps per VU: its client, its cookie jar, its response callback.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::{Rc, Weak},
    sync::Arc,
};

use plimsoll_clients::http::{Client, CookieJar, ExpectedStatuses, HttpConfig, Scope, Worker};
use plimsoll_engine::worker::Worker as EngineWorker;
use plimsoll_metrics::{Builtin, Recorder};
use rquickjs::{Ctx, Result};

use super::config;
use crate::vu::{VuState, error};

/// Lives in [`VuState`]; holds no JavaScript values.
#[derive(Default)]
pub(crate) struct HttpState {
    client: OnceCell<Rc<Client>>,
    /// Whether the end of an iteration has been seen to.
    resets: Cell<bool>,
    pub(super) defaults: OnceCell<Defaults>,
    /// What `http.cookieJar()` is, and what requests use that name no jar.
    pub(super) jar: Rc<CookieJar>,
    /// Set by `http.setResponseCallback`; `None`: k6's own, 200 to 399.
    pub(super) expected: RefCell<Option<Rc<ExpectedStatuses>>>,
}

/// Options that every request looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) throw: bool,
    pub(super) discard_bodies: bool,
}

thread_local! {
    /// The clients of one worker thread share one of these; a test process may see several workers
    /// on one thread, one after the other.
    static SHARED: RefCell<Option<(Weak<EngineWorker>, Weak<Worker>)>> = const { RefCell::new(None) };
}

impl HttpState {
    /// The VU's client, made at its first request.
    pub(super) fn client<'s>(&'s self, ctx: &Ctx<'_>, vu: &VuState) -> Result<&'s Rc<Client>> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let config = || vu.test.http_config().map_err(|message| error::throw(ctx, &message));
        let worker = match &vu.worker {
            Some(engine_worker) => shared_worker(engine_worker, config)?,
            // After the run, in handleSummary: samples go nowhere.
            None => Worker::new(config()?, Rc::new(RefCell::new(silent_recorder(vu)))),
        };
        let client = Rc::new(Client::new(worker, vu.id.in_instance.saturating_sub(1)));
        reset_between_iterations(vu);
        Ok(self.client.get_or_init(|| client))
    }

    pub(super) fn defaults(&self, vu: &VuState) -> Defaults {
        *self.defaults.get_or_init(|| {
            let options = vu.test.options.get();
            Defaults {
                throw: options.and_then(|o| o.throw).unwrap_or(false),
                discard_bodies: options.and_then(|o| o.discard_response_bodies).unwrap_or(false),
            }
        })
    }

    pub(super) fn expected(&self) -> Rc<ExpectedStatuses> {
        self.expected.borrow().clone().unwrap_or_else(ExpectedStatuses::standard)
    }
}

/// Whose samples the VU's requests are now.
pub(super) fn scope(vu: &VuState) -> Scope {
    Scope { tags: vu.tags.borrow().clone(), metadata: vu.metadata.borrow().clone() }
}

fn silent_recorder(vu: &VuState) -> Recorder {
    Recorder::new(vu.test.registry.clone(), false, 0)
}

fn shared_worker(
    engine_worker: &Rc<EngineWorker>,
    config: impl FnOnce() -> Result<Arc<HttpConfig>>,
) -> Result<Rc<Worker>> {
    let known = SHARED.with_borrow(|shared| {
        let (owner, worker) = shared.as_ref()?;
        if Weak::as_ptr(owner) == Rc::as_ptr(engine_worker) { worker.upgrade() } else { None }
    });
    if let Some(worker) = known {
        return Ok(worker);
    }
    let worker = Worker::new(config()?, engine_worker.recorder.clone());
    let entry = (Rc::downgrade(engine_worker), Rc::downgrade(&worker));
    SHARED.with_borrow_mut(|shared| *shared = Some(entry));
    Ok(worker)
}

/// Has what belongs to one iteration end with it; called by whatever starts to need that.
pub(super) fn reset_between_iterations(vu: &VuState) {
    if vu.http.resets.replace(true) {
        return;
    }
    let options = vu.test.options.get();
    let keep_cookies = options.and_then(|o| o.no_cookies_reset).unwrap_or(false);
    let close = options.and_then(|o| o.no_vu_connection_reuse).unwrap_or(false);
    vu.on_iteration_end(move |vu| {
        if !keep_cookies {
            vu.http.jar.reset();
        }
        if close && let Some(client) = vu.http.client.get() {
            client.close_idle();
        }
    });
}

/// Emits what went over the wire since the last call: after each iteration, and 0 where nothing did,
/// as in k6.
pub(crate) fn emit_traffic(vu: &VuState) {
    if let Some(client) = vu.http.client.get() {
        return client.emit_traffic(&scope(vu));
    }
    let tags = vu.tags.borrow();
    for metric in [Builtin::DataSent, Builtin::DataReceived] {
        vu.record(metric.id(), &tags, 0.0);
    }
}

/// The settings of all HTTP clients of a test, made from its options once.
#[derive(Default)]
pub(crate) struct SharedConfig(std::sync::OnceLock<std::result::Result<Arc<HttpConfig>, String>>);

impl crate::vu::TestState {
    /// The HTTP clients' settings; to be called before a run too, so that bad ones end it early.
    ///
    /// # Errors
    /// An option that cannot be used, by its name.
    pub fn http_config(&self) -> std::result::Result<Arc<HttpConfig>, String> {
        let make = || {
            let default = crate::options::Options::default();
            let options = self.options.get().map_or(&default, |options| options);
            config::from_options(options, self.log.clone()).map(Arc::new).map_err(|e| e.to_string())
        };
        self.http_config.0.get_or_init(make).clone()
    }
}
