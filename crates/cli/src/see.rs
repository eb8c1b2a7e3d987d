//! What is watched beside a run, and thresholds on it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
    mpsc::{Receiver, TrySendError, sync_channel},
};

use plimsoll_engine::hub::OBSERVATIONS_LIMIT;
use plimsoll_metrics::{
    Builtin, MetricId, Observation, Origin, Registry, Totals, threshold::parse_key, totals::Entry,
};
use plimsoll_monitor::{Monitor, Settings, agent::Token};
use plimsoll_outputs::progress::Source;
use plimsoll_runtime::log::{Level, Log};

use crate::{
    args::WatchFlags,
    exit::{Exit, Failure},
};

/// A monitor at work and what it finds. Ends with the value.
pub(crate) struct Watched {
    /// None where a script's metrics leave no room for it.
    monitor: Option<Monitor>,
    /// Until the run takes it.
    observations: Option<Receiver<Observation>>,
    /// Observations that found no room.
    left_out: Arc<AtomicU64>,
    /// Whether the person named something, beside the generator.
    pub(crate) is_asked: bool,
}

impl Watched {
    /// Starts to watch what the flags name, and the generator always: its samples are for the record and
    /// for whoever draws, and for files only when something is named. Watched metrics are then known, so that
    /// thresholds can be checked.
    pub(crate) fn start(
        flags: &WatchFlags,
        keeps_samples: bool,
        registry: &Registry,
        log: &Log,
    ) -> Result<Watched, Failure> {
        let is_asked = !flags.watch.is_empty();
        let mut settings = Settings::new(&flags.watch)?;
        flags.apply(&mut settings)?;
        settings.keep_samples = keeps_samples && is_asked;
        let taken = taken_name(&settings, registry);
        if let (Some(name), true) = (taken, is_asked) {
            let message = format!("--watch: the script has a metric of its own called {name}");
            let hint =
                "call the script's metric differently: that name is of a metric that is watched";
            return Err(Failure::new(Exit::BadConfiguration, message).with_hint(hint));
        }
        let (sender, observations) = sync_channel(OBSERVATIONS_LIMIT);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        let emit = move |observation| {
            if let Err(TrySendError::Full(_)) = sender.try_send(observation) {
                counted.fetch_add(1, Relaxed);
            }
        };
        // Without being asked, a script that ran before runs now: its metrics stay its own.
        let start = || plimsoll_monitor::start(settings, registry, log, emit);
        let monitor = taken.is_none().then(start).transpose();
        let monitor = monitor.map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        Ok(Watched { monitor, observations: Some(observations), left_out, is_asked })
    }

    /// What it finds, once, for the engine.
    pub(crate) fn take_observations(&mut self) -> Option<Receiver<Observation>> {
        self.observations.take()
    }

    /// Watches no longer.
    pub(crate) fn stop(self, log: &Log) {
        drop(self.monitor);
        let left_out = self.left_out.load(Relaxed);
        if left_out > 0 {
            log.warn(&format!(
                "{left_out} looks at what is watched are not recorded: the run could not take them in time"
            ));
        }
    }

    /// Refuses a threshold on what nobody records: without samples it says nothing. `key` as written.
    pub(crate) fn check_key(&self, key: &str, registry: &Registry) -> Result<(), Failure> {
        // A malformed key is an error of its own, later.
        let Ok((metric, tags)) = parse_key(key) else { return Ok(()) };
        let Some(what) = watch_for(&metric) else { return Ok(()) };
        let has = |tag, value| tags.get(tag) == Some(value);
        let is_recorded = match registry.find(&metric).map(|def| def.origin) {
            // Without flags there is only the generator.
            Some(Origin::Watched) => {
                self.is_asked || has("role", "generator") || has("process", "generator")
            }
            Some(_) => true,
            None => false,
        };
        if is_recorded {
            return Ok(());
        }
        let message = format!(
            "invalid threshold defined on {key}; reason: nothing that is watched has {metric:?}"
        );
        Err(Failure::new(Exit::BadConfiguration, message)
            .with_hint(format!("add --watch, for example --watch {what}")))
    }
}

impl WatchFlags {
    /// What they say of sampling; what is watched is in `settings`. An empty token is none, so that a
    /// variable can be switched off.
    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), Failure> {
        settings.every = self.watch_every;
        if let Some(text) = self.watch_token.as_deref().filter(|text| !text.trim().is_empty()) {
            settings.set_token(&token("--watch-token", text)?);
        }
        Ok(())
    }
}

/// A token, where `flag` may give it.
pub(crate) fn token(flag: &str, text: &str) -> Result<Token, Failure> {
    Token::new(text)
        .map_err(|error| Failure::new(Exit::BadConfiguration, format!("{flag}: {error}")))
}

/// A metric that is to be watched and whose name somebody else's has.
fn taken_name(settings: &Settings, registry: &Registry) -> Option<&'static str> {
    let metrics = settings.subjects.iter().flat_map(|subject| subject.metrics());
    let mut names = metrics.map(|metric| metric.name);
    names.find(|name| registry.find(name).is_some_and(|def| def.origin != Origin::Watched))
}

/// What to watch so as to have a metric; `None` for one that is none of a monitor's by its name.
fn watch_for(metric: &str) -> Option<&'static str> {
    const PREFIXES: [(&str, &str); 6] = [
        ("host_", "host, or --watch agent:HOST:PORT for another host"),
        ("process_", "port:8080, --watch name:nginx or --watch pid:123"),
        ("cgroup_", "docker:NAME or --watch cgroup:/PATH"),
        ("postgres_", "postgres://USER@HOST/DATABASE"),
        ("redis_", "redis://HOST:6379"),
        ("nginx_", "nginx:http://HOST/stub_status"),
    ];
    let found = PREFIXES.iter().find(|(prefix, _)| metric.starts_with(prefix));
    found.map(|(_, what)| *what)
}

/// Logs watched metrics whose thresholds had nothing to judge.
pub(crate) fn tell_unseen(totals: &Totals, log: &Log) {
    let is_unseen = |entry: &&Entry| {
        entry.metric.origin == Origin::Watched && !entry.seen && !entry.thresholds.is_empty()
    };
    for entry in totals.entries().iter().filter(is_unseen) {
        let message =
            format!("there is no sample of {}, so its thresholds do not hold", entry.name);
        let hint = "the tags must be those of something that is watched, and the run longer than \
                    --watch-every";
        log.write(Level::Error, &message, &[("hint", hint)]);
    }
}

/// What a script's rate, latency and errors are: those of its requests, or of its iterations when it has none.
pub(crate) fn sources_of_script() -> Vec<Source> {
    vec![
        Source {
            count: Builtin::HttpReqs.id(),
            latency: Builtin::HttpReqDuration.id(),
            failed: Some(Builtin::HttpReqFailed.id()),
            noun: "requests",
            per_iteration: None,
        },
        Source {
            count: Builtin::Iterations.id(),
            latency: Builtin::IterationDuration.id(),
            failed: None,
            noun: "iterations",
            per_iteration: Some(1),
        },
    ]
}

/// What an attack's are. `batch`: requests that are sent together; `redis`: the metric of failed commands,
/// where commands are sent.
pub(crate) fn sources_of_attack(
    is_closed: bool,
    batch: u32,
    redis: Option<MetricId>,
) -> Vec<Source> {
    let latency =
        if is_closed { Builtin::IterationDuration } else { Builtin::IterationResponseTime };
    let failed = redis.unwrap_or(Builtin::HttpReqFailed.id());
    vec![Source {
        count: failed,
        latency: latency.id(),
        failed: Some(failed),
        noun: "requests",
        per_iteration: Some(batch),
    }]
}
