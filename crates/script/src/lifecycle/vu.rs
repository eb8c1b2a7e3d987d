//! The engine's view of a virtual user: iterations.

use std::{rc::Rc, sync::Arc};

use plimsoll_engine::runner::{Iteration, Outcome, ScenarioContext, Vu};
use plimsoll_metrics::TagSet;
use plimsoll_runtime::log::Level;

use crate::{
    options::SystemTag,
    vu::{
        VuHost, VuState,
        interrupt::StopCause,
        script::{Command, Reply, Thrown},
    },
};

/// A virtual user that runs a script.
pub struct ScriptVu {
    host: VuHost,
    /// What the last iteration's scenario gives each iteration.
    scenario: Option<Scenario>,
}

struct Scenario {
    context: Arc<ScenarioContext>,
    function: Rc<str>,
}

impl ScriptVu {
    pub(super) fn new(host: VuHost) -> ScriptVu {
        ScriptVu { host, scenario: None }
    }

    /// The state that host functions share.
    pub fn state(&self) -> &Rc<VuState> {
        &self.host.state
    }

    /// Which function to run. Tags that the script set stay as long as the scenario does, as in k6.
    fn enter(&mut self, iteration: &Iteration) -> Rc<str> {
        let context = &iteration.scenario.context;
        let scenario = match self.scenario.take() {
            Some(known) if Arc::ptr_eq(&known.context, context) => known,
            _ => {
                let state = &self.host.state;
                state.tags.replace(state.with_root_group(&context.tags));
                state.metadata.replace(None);
                state.scenario_iterations.set(0);
                Scenario {
                    context: context.clone(),
                    function: context.scenario.exec.as_str().into(),
                }
            }
        };
        let function = scenario.function.clone();
        self.scenario = Some(scenario);
        function
    }

    fn log_exception(&self, iteration: &Iteration, thrown: &Thrown) {
        let scenario = &iteration.scenario.context.scenario;
        let mut message = thrown.error.to_string();
        let mut fields =
            vec![("executor", scenario.executor.name()), ("scenario", scenario.name.as_str())];
        if thrown.in_promise {
            message.insert_str(0, "Uncaught (in promise) ");
        } else {
            fields.push(("source", "stacktrace"));
        }
        self.host.state.test.log.write(Level::Error, &message, &fields);
    }
}

impl Vu for ScriptVu {
    async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        let function = self.enter(&iteration);
        self.host.state.begin_iteration(iteration.clone());
        let reply = self.host.run(Command::Iterate { function }).await;
        let outcome = match reply {
            Reply::Threw(thrown) => {
                self.log_exception(&iteration, &thrown);
                Outcome::Failed
            }
            Reply::Stopped(StopCause::ScriptAbort) => Outcome::Aborted,
            Reply::Stopped(_) | Reply::Gone => Outcome::Interrupted,
            _ => Outcome::Completed,
        };
        self.host.state.end_iteration();
        outcome
    }

    fn tags(&self) -> TagSet {
        self.host.state.tags.borrow().clone()
    }

    fn metadata(&self) -> Option<TagSet> {
        self.host.state.metadata.borrow().clone()
    }
}

impl VuState {
    /// `tags` with the system tag `group` at the root, when it is wanted.
    pub(crate) fn with_root_group(&self, tags: &TagSet) -> TagSet {
        if self.test.system_tags().contains(SystemTag::Group) {
            tags.with("group", "")
        } else {
            tags.clone()
        }
    }

    fn begin_iteration(&self, iteration: Iteration) {
        self.iterations.set(self.iterations.get() + 1);
        self.scenario_iterations.set(self.scenario_iterations.get() + 1);
        self.deadline.replace(Some(iteration.deadline.clone()));
        self.set_system_metadata();
        self.iteration.replace(Some(iteration));
    }

    /// `vu` and `iter`, for samples, when those tags are wanted.
    fn set_system_metadata(&self) {
        let system = self.test.system_tags();
        let mut metadata = self.metadata.borrow_mut();
        if system.contains(SystemTag::Vu) {
            let known = metadata.take().unwrap_or_default();
            *metadata = Some(known.with("vu", &self.id.in_instance.to_string()));
        }
        if system.contains(SystemTag::Iter) {
            let known = metadata.take().unwrap_or_default();
            *metadata = Some(known.with("iter", &(self.iterations.get() - 1).to_string()));
        }
    }

    fn end_iteration(&self) {
        self.run_iteration_end_hooks();
        self.deadline.replace(None);
    }
}
