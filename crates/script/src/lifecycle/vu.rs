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
    tags: TagSet,
}

impl ScriptVu {
    pub(super) fn new(host: VuHost) -> ScriptVu {
        ScriptVu { host, scenario: None }
    }

    /// The state that host functions share.
    pub fn state(&self) -> &Rc<VuState> {
        &self.host.state
    }

    fn enter(&mut self, iteration: &Iteration) -> (Rc<str>, TagSet) {
        let context = &iteration.scenario.context;
        let scenario = match self.scenario.take() {
            Some(known) if Arc::ptr_eq(&known.context, context) => known,
            _ => Scenario {
                context: context.clone(),
                function: context.scenario.exec.as_str().into(),
                tags: self.host.state.with_root_group(&context.tags),
            },
        };
        let entered = (scenario.function.clone(), scenario.tags.clone());
        self.scenario = Some(scenario);
        entered
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
        let (function, tags) = self.enter(&iteration);
        self.host.state.begin_iteration(iteration.clone(), tags);
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
        self.host.state.last_tags()
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

    fn begin_iteration(&self, iteration: Iteration, tags: TagSet) {
        self.iterations.set(self.iterations.get() + 1);
        self.deadline.replace(Some(iteration.deadline.clone()));
        self.group.replace("".into());
        self.tags.replace(tags);
        self.metadata.replace(self.system_metadata());
        self.iteration.replace(Some(iteration));
    }

    /// `vu` and `iter`, for samples, when those tags are wanted.
    fn system_metadata(&self) -> Option<TagSet> {
        let system = self.test.system_tags();
        let (vu, iter) = (system.contains(SystemTag::Vu), system.contains(SystemTag::Iter));
        if !vu && !iter {
            return None;
        }
        let mut pairs = Vec::with_capacity(2);
        if vu {
            pairs.push(("vu", self.id.in_instance.to_string()));
        }
        if iter {
            pairs.push(("iter", (self.iterations.get() - 1).to_string()));
        }
        Some(TagSet::from_pairs(pairs))
    }

    fn end_iteration(&self) {
        self.run_iteration_end_hooks();
        self.deadline.replace(None);
    }

    /// The tags at the end of the last iteration, at its root group.
    fn last_tags(&self) -> TagSet {
        let tags = self.tags.borrow();
        if self.group.borrow().is_empty() { tags.clone() } else { self.with_root_group(&tags) }
    }
}
