//! What one virtual user knows, shared by the host functions of its modules.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicBool},
};

use plimsoll_engine::{
    control::Control,
    runner::{Iteration, VuId},
    worker::Worker,
};
use plimsoll_metrics::{MetricId, Registry, SeriesHandle, TagSet, Timestamp};
use plimsoll_runtime::{clock::Instant, log::Log};
use rquickjs::{Ctx, Error, JsLifetime};

use super::{coroutine::Fiber, events::EventLoop, intrinsics::Intrinsics};
use crate::{
    globals::console::Console,
    loader::{Mentions, Modules},
    modules::{
        data::SharedElements,
        http::{HttpState, SharedConfig},
        k6::check::CheckSeries,
    },
    options::{Options, SystemTag, SystemTags, View},
};

/// Where in k6's life cycle the VU's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Init,
    Setup,
    Vu,
    Teardown,
    Summary,
}

/// `--compatibility-mode`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compatibility {
    /// With `global` as another name of the global object.
    #[default]
    Extended,
    Base,
}

/// What all VUs of a test share.
pub struct TestState {
    /// Consolidated; set once, after the first init.
    pub options: OnceLock<Arc<Options>>,
    pub compatibility: Compatibility,
    pub registry: Registry,
    pub log: Log,
    pub console: Console,
    /// `__ENV`
    pub env: BTreeMap<String, String>,
    /// Sources and bytecode.
    pub modules: Modules,
    /// What `setup` returned, as JSON.
    pub(crate) setup_data: Mutex<Option<Arc<str>>>,
    /// SharedArrays by name.
    pub(crate) shared_arrays: Mutex<BTreeMap<String, Arc<SharedElements>>>,
    /// The consolidated options as JSON, once some script asked for them.
    pub(crate) options_json: OnceLock<String>,
    /// Made of the options when first asked for.
    pub(crate) http_config: SharedConfig,
    /// Whether VUs need not be freed when the run is over.
    pub(crate) process_ends: AtomicBool,
}

impl TestState {
    /// What VUs of one test share, before its first init.
    pub fn new(modules: Modules, registry: Registry, log: Log, console: Console) -> TestState {
        TestState {
            options: OnceLock::new(),
            compatibility: Compatibility::default(),
            registry,
            log,
            console,
            env: BTreeMap::new(),
            modules,
            setup_data: Mutex::new(None),
            shared_arrays: Mutex::default(),
            options_json: OnceLock::new(),
            http_config: SharedConfig::default(),
            process_ends: AtomicBool::new(false),
        }
    }

    /// What `setup` returned, as JSON; `None` for `undefined`.
    pub fn setup_data(&self) -> Option<Arc<str>> {
        self.setup_data.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn shared_array(&self, name: &str) -> Option<Arc<SharedElements>> {
        let arrays = self.shared_arrays.lock().unwrap_or_else(PoisonError::into_inner);
        arrays.get(name).cloned()
    }

    /// Keeps `elements` under `name`; when two VUs built them at once, both get the first's.
    pub(crate) fn add_shared_array(
        &self,
        name: String,
        elements: Arc<SharedElements>,
    ) -> Arc<SharedElements> {
        let mut arrays = self.shared_arrays.lock().unwrap_or_else(PoisonError::into_inner);
        arrays.entry(name).or_insert(elements).clone()
    }

    /// The consolidated options as scripts see them; `None` before they are known.
    pub(crate) fn options_json(&self) -> Option<&str> {
        let options = self.options.get()?;
        Some(self.options_json.get_or_init(|| options.to_json(View::Script).to_string()))
    }

    /// Which tags the tool sets itself.
    pub fn system_tags(&self) -> SystemTags {
        self.options.get().and_then(|options| options.system_tags).unwrap_or_default()
    }
}

/// One VU's own state. Host functions hold it in an `Rc`; nothing here is borrowed across a wait.
///
/// It must not hold JavaScript values: it may outlive their runtime.
pub struct VuState {
    pub test: Arc<TestState>,
    /// `None` while the script is inspected without an engine.
    pub worker: Option<Rc<Worker>>,
    /// What may end the script: the worker's, or that of a run which is over.
    pub(crate) control: Option<Arc<Control>>,
    pub id: VuId,
    pub phase: Cell<Phase>,
    pub iteration: RefCell<Option<Iteration>>,
    /// Iterations that this VU has started in the current scenario.
    pub scenario_iterations: Cell<u64>,
    /// Iterations that this VU has started, all scenarios together: `__ITER` is one less.
    pub iterations: Cell<u64>,
    /// Tags of the next sample: scenario, group and the script's own.
    pub tags: RefCell<TagSet>,
    /// `::outer::inner`, empty at the root.
    pub group: RefCell<Rc<str>>,
    /// Metadata of the next sample: `vu`, `iter` and the script's own; usually none.
    pub metadata: RefCell<Option<TagSet>>,
    /// The scenario whose variables `__ENV` shows.
    pub(crate) environment_of: RefCell<String>,
    pub(crate) has_own_environment: Cell<bool>,
    /// Which of its variables `__ENV` has.
    pub(crate) shown_environment: RefCell<Arc<Mentions>>,
    /// When the current stage or iteration is interrupted.
    pub(crate) deadline: RefCell<Option<Rc<Cell<Instant>>>>,
    /// Set by `test.abort()`: ends this VU's script.
    pub(crate) abort_message: RefCell<Option<String>>,
    pub(crate) fiber: Rc<Fiber>,
    pub(crate) intrinsics: Cell<Intrinsics>,
    /// Whether the script goes on while the run stops: teardown and the summary do.
    pub(crate) outlives_stop: Cell<bool>,
    pub(crate) events: EventLoop,
    pub(crate) http: HttpState,
    pub(crate) check_series: RefCell<CheckSeries>,
    iteration_end_hooks: RefCell<Vec<IterationEndHook>>,
}

type IterationEndHook = Box<dyn Fn(&VuState)>;

impl VuState {
    pub(crate) fn new(test: Arc<TestState>, worker: Option<Rc<Worker>>, id: VuId) -> VuState {
        VuState {
            test,
            control: worker.as_ref().map(|worker| Arc::clone(&worker.control)),
            worker,
            id,
            phase: Cell::new(Phase::Init),
            iteration: RefCell::new(None),
            iterations: Cell::new(0),
            scenario_iterations: Cell::new(0),
            tags: RefCell::new(TagSet::default()),
            group: RefCell::new("".into()),
            metadata: RefCell::new(None),
            environment_of: RefCell::default(),
            has_own_environment: Cell::new(false),
            shown_environment: RefCell::default(),
            deadline: RefCell::new(None),
            abort_message: RefCell::new(None),
            fiber: Rc::new(Fiber::new()),
            intrinsics: Cell::default(),
            outlives_stop: Cell::new(false),
            events: EventLoop::default(),
            http: HttpState::default(),
            check_series: RefCell::default(),
            iteration_end_hooks: RefCell::new(Vec::new()),
        }
    }

    /// The VU whose script is running in `ctx`.
    pub fn of(ctx: &Ctx<'_>) -> rquickjs::Result<Rc<VuState>> {
        match ctx.userdata::<VuHandle>() {
            Some(handle) => Ok(handle.0.clone()),
            None => Err(Error::Unknown),
        }
    }

    pub fn is_init(&self) -> bool {
        self.phase.get() == Phase::Init
    }

    /// Makes `path` the current group; samples carry it as tag `group` when that tag is wanted.
    pub(crate) fn enter_group(&self, path: Rc<str>) {
        if self.test.system_tags().contains(SystemTag::Group) {
            let tags = self.tags.borrow().with("group", &path);
            self.tags.replace(tags);
        }
        self.group.replace(path);
    }

    /// Adds one sample at the current time; nothing happens outside of a run.
    pub fn record(&self, metric: MetricId, tags: &TagSet, value: f64) {
        if let Some(worker) = &self.worker {
            let now = || Timestamp(Instant::now().unix_nanos());
            let mut recorder = worker.recorder.borrow_mut();
            let series = recorder.handle(metric, tags);
            recorder.record_at(series, value, self.metadata.borrow().as_ref(), now);
        }
    }

    /// Has `hook` called after each iteration of this VU, however it ended, before the next one.
    pub fn on_iteration_end(&self, hook: impl Fn(&VuState) + 'static) {
        self.iteration_end_hooks.borrow_mut().push(Box::new(hook));
    }

    /// What belongs to one iteration, or to setup or teardown, ends here.
    pub(crate) fn run_iteration_end_hooks(&self) {
        crate::modules::http::emit_traffic(self);
        for hook in self.iteration_end_hooks.borrow().iter() {
            hook(self);
        }
    }
}

/// The series that one place in a script recorded to last: saves the look-up while tags stay the same.
#[derive(Default)]
pub struct SeriesCache(Option<(MetricId, TagSet, SeriesHandle)>);

impl SeriesCache {
    /// As [`VuState::record`]. A cache serves one VU.
    pub fn record(&mut self, vu: &VuState, metric: MetricId, tags: &TagSet, value: f64) {
        let Some(worker) = &vu.worker else { return };
        let now = || Timestamp(Instant::now().unix_nanos());
        let mut recorder = worker.recorder.borrow_mut();
        let series = match &self.0 {
            Some((known, with, series)) if *known == metric && with == tags => *series,
            _ => recorder.handle(metric, tags),
        };
        recorder.record_at(series, value, vu.metadata.borrow().as_ref(), now);
        drop(recorder);
        self.0 = Some((metric, tags.clone(), series));
    }
}

/// How host functions find their VU.
pub(crate) struct VuHandle(pub(crate) Rc<VuState>);

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for VuHandle {
    type Changed<'to> = VuHandle;
}
