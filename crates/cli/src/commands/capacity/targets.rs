//! From the flags to what is loaded: HTTP targets, Redis, or a script.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use plimsoll_attack::{
    hits::Collector,
    http::{Config, HttpRunner},
    redis::RedisRunner,
};
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    pace::Spacing,
};
use plimsoll_metrics::{Builtin, Registry, registry::SERIES_LIMIT};
use plimsoll_runtime::{log::Log, random::Random};
use plimsoll_script::{
    lifecycle::Script,
    options::{Layer, Options, Source},
};

use super::bench::Bench;
use crate::{
    args::{Arrivals, Dimension, Sent},
    commands::{attack::parts, run::Prepared},
    exit::{Exit, Failure},
    load::{self, Request},
};

/// In flight at most, when no flag says; each sender takes some kilobytes, each VU of a script much more.
const SENDERS: u64 = 10_000;
const SCRIPT_SENDERS: u64 = 1_000;

/// What was sent has this long to be answered after a trial, or its timeout if that is less.
pub(in crate::commands) const DRAIN_MAX: Duration = Duration::from_secs(15);

/// The module with which scripts talk to Redis.
const REDIS: &[u8] = b"k6/experimental/redis";

/// Names of files that are scripts or archives.
const SCRIPTS: [&str; 7] = ["js", "ts", "mjs", "cjs", "mts", "cts", "tar"];

/// Whether the target is a script, not a URL.
pub(in crate::commands) fn is_script(target: &str) -> bool {
    let extension = Path::new(target).extension().and_then(|extension| extension.to_str());
    !target.contains("://") && extension.is_some_and(|extension| SCRIPTS.contains(&extension))
}

/// Whose connections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Connections {
    /// Of whichever sender needs one.
    Shared,
    /// Each sender has one of its own.
    Own,
    /// Likewise, and all are open before a trial begins.
    Open,
}

/// HTTP targets, of the URL or of `--targets`.
pub(in crate::commands) fn http_over(
    connections: Connections,
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<HttpRunner>, Failure> {
    let attack = &sent.attack;
    if attack.targets.lazy {
        let message = "--lazy sends each target once, and here they are sent over and over";
        return Err(Failure::new(Exit::BadConfiguration, message));
    }
    let mut config = parts::http(attack, log)?;
    config.hold = connections != Connections::Shared;
    config.opens_first = connections == Connections::Open;
    Ok(http_of(config, sent, senders))
}

/// What `config` sends, as the flags say.
pub(super) fn http_of(config: Config, sent: &Sent, senders: Option<u64>) -> Bench<HttpRunner> {
    let collector = Arc::new(Collector::new("", None));
    let timeout = config.timeout;
    Bench {
        runner: Arc::new(HttpRunner::new(config, Arc::clone(&collector))),
        registry: Registry::new(SERIES_LIMIT),
        base: base(sent),
        scenarios: vec![(scenario(timeout), 1.0)],
        spacing: spacing(sent),
        senders: senders.unwrap_or(SENDERS),
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: Some(collector),
        noun: "requests",
        subject: parts::describe(&sent.attack),
        scripted: None,
        dimension: Dimension::Rate,
        held: None,
    }
}

/// Commands to a Redis server.
pub(in crate::commands) fn redis_over(
    connections: Connections,
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<RedisRunner>, Failure> {
    let attack = &sent.attack;
    let registry = Registry::new(SERIES_LIMIT);
    let (mut config, batch, failed) = parts::redis(attack, &registry, log)?;
    config.hold = connections != Connections::Shared;
    config.opens_first = connections == Connections::Open;
    let collector = Arc::new(Collector::new("", None));
    let timeout = config.timeout;
    Ok(Bench {
        runner: Arc::new(RedisRunner::new(config, Arc::clone(&collector))),
        registry,
        base: base(sent),
        scenarios: vec![(scenario(timeout), 1.0)],
        spacing: spacing(sent),
        senders: senders.unwrap_or(SENDERS),
        batch,
        failed: failed.unwrap_or(Builtin::HttpReqFailed.id()),
        collector: Some(collector),
        noun: "commands",
        subject: parts::describe(attack),
        scripted: None,
        dimension: Dimension::Rate,
        held: None,
    })
}

/// A script that is loaded, with all that it says of its runs.
pub(in crate::commands) struct Scripted {
    pub(in crate::commands) script: Script,
    pub(in crate::commands) registry: Registry,
    /// On as many threads as the flags say.
    pub(in crate::commands) config: RunConfig,
}

fn request<'a>(sent: &'a Sent, file: &'a str, config: Option<&'a Path>) -> Request<'a> {
    Request {
        file: Path::new(file),
        text: None,
        runtime: &sent.runtime,
        options: None,
        config,
        system_env: true,
    }
}

/// Loads a script for many runs.
pub(in crate::commands) fn load_script(
    sent: &Sent,
    file: &str,
    config: Option<&Path>,
    log: &Log,
) -> Result<Scripted, Failure> {
    prepared(load::load(&request(sent, file, config), log)?, sent, log)
}

/// As [`load_script`], with `options` above its own. `None` for a script
/// that talks to others in other ways.
pub(super) fn load_script_at(
    sent: &Sent,
    file: &str,
    config: Option<&Path>,
    options: Options,
    log: &Log,
) -> Result<Option<Scripted>, Failure> {
    let request = request(sent, file, config);
    let mut loaded = load::load(&request, log)?;
    let has_redis = |source: &[u8]| source.windows(REDIS.len()).any(|part| part == REDIS);
    if loaded.script.test().modules.originals().iter().any(|(_, source)| has_redis(source)) {
        return Ok(None);
    }
    loaded.layers.push(Layer { source: Source::Flags, options });
    prepared(loaded, sent, log).map(Some)
}

fn prepared(loaded: load::Loaded, sent: &Sent, log: &Log) -> Result<Scripted, Failure> {
    // Thresholds judge one run, and here there are many.
    let Prepared { loaded, consolidated, .. } = Prepared::new(loaded, true, None, log)?;
    loaded.script.process_lives_on();
    let config = RunConfig { workers: base(sent).workers, ..consolidated.config };
    Ok(Scripted { script: loaded.script, registry: loaded.registry, config })
}

/// A script's scenarios, all of them open or all of them closed as `dimension` needs them.
pub(in crate::commands) fn script(
    sent: &Sent,
    senders: Option<u64>,
    dimension: Dimension,
    file: &str,
    config: Option<&Path>,
    log: &Log,
) -> Result<Bench<Script>, Failure> {
    script_of(load_script(sent, file, config, log)?, sent, senders, dimension, file)
}

/// A script that is loaded.
pub(super) fn script_of(
    scripted: Scripted,
    sent: &Sent,
    senders: Option<u64>,
    dimension: Dimension,
    file: &str,
) -> Result<Bench<Script>, Failure> {
    let Scripted { script, registry, config } = scripted;
    let RunConfig { scenarios, .. } = &config;
    let load_of = |scenario: &Scenario| match dimension {
        Dimension::Rate => arrivals(&scenario.executor),
        _ => users(&scenario.executor),
    };
    let loads = scenarios.iter().map(|scenario| Some((scenario, load_of(scenario)?)));
    let loads: Vec<(&Scenario, Scripts)> =
        loads.collect::<Option<_>>().ok_or_else(|| unfit(scenarios, dimension))?;
    let sum: f64 = loads.iter().map(|(_, load)| load.level).sum();
    if sum <= 0.0 {
        return Err(unfit(scenarios, dimension));
    }
    let vus: u64 = loads.iter().map(|(_, load)| load.max_vus).sum();
    let shared = |(scenario, load): &(&Scenario, Scripts)| {
        let graceful_stop = scenario.graceful_stop.min(DRAIN_MAX);
        (Scenario { graceful_stop, ..(*scenario).clone() }, load.level / sum)
    };
    let scenarios = loads.iter().filter(|(_, load)| load.level > 0.0).map(shared).collect();
    let base = RunConfig { scenarios: Vec::new(), ..config };
    Ok(Bench {
        runner: Arc::new(script),
        registry,
        base,
        scenarios,
        spacing: spacing(sent),
        senders: senders.unwrap_or(match dimension {
            Dimension::Rate => SCRIPT_SENDERS.max(vus),
            _ => SENDERS.max(vus),
        }),
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: None,
        noun: "iterations",
        subject: file.to_owned(),
        scripted: Some(sum),
        dimension,
        held: None,
    })
}

/// What a scenario says of its own load.
struct Scripts {
    /// Iterations per second, or virtual users, at their highest.
    level: f64,
    max_vus: u64,
}

/// `None` for scenarios whose iterations wait for one another.
fn arrivals(executor: &Executor) -> Option<Scripts> {
    let (most, time_unit, max_vus) = match executor {
        Executor::ConstantArrivalRate { rate, time_unit, max_vus, .. } => {
            (*rate, time_unit, max_vus)
        }
        Executor::RampingArrivalRate { start_rate, time_unit, stages, max_vus, .. } => {
            let targets = stages.iter().map(|stage| stage.target);
            (targets.fold(*start_rate, u64::max), time_unit, max_vus)
        }
        _ => return None,
    };
    let rate = most as f64 / time_unit.as_secs_f64();
    Some(Scripts { level: if rate.is_finite() { rate } else { 0.0 }, max_vus: *max_vus })
}

/// `None` for scenarios that are not of virtual users for a time.
fn users(executor: &Executor) -> Option<Scripts> {
    let vus = match executor {
        Executor::ConstantVus { vus, .. } => *vus,
        Executor::RampingVus { start_vus, stages, .. } => {
            stages.iter().map(|stage| stage.target).fold(*start_vus, u64::max)
        }
        _ => return None,
    };
    Some(Scripts { level: vus as f64, max_vus: vus })
}

/// Why the scenarios cannot be scaled: the first of them that is in the way.
fn unfit(scenarios: &[Scenario], dimension: Dimension) -> Failure {
    let fits = |executor: &Executor| match dimension {
        Dimension::Rate => arrivals(executor).is_some(),
        _ => users(executor).is_some(),
    };
    let found = scenarios.iter().find(|scenario| !fits(&scenario.executor));
    let (message, hint) = match (found, dimension) {
        (None, Dimension::Rate) => {
            ("no scenario of the script has a rate above 0".to_owned(), "give one of them a rate")
        }
        (None, _) => (
            "no scenario of the script has virtual users".to_owned(),
            "give one of them some `vus`",
        ),
        (Some(scenario), dimension) => {
            let why = why(&scenario.executor, dimension);
            let name = scenario.executor.name();
            let hint = match (dimension, users(&scenario.executor), arrivals(&scenario.executor)) {
                (Dimension::Rate, Some(_), _) => {
                    "search with --dimension vus, or use constant-arrival-rate or \
                     ramping-arrival-rate in all scenarios"
                }
                (Dimension::Rate, ..) => {
                    "use constant-arrival-rate or ramping-arrival-rate in all scenarios"
                }
                (_, _, Some(_)) => {
                    "search with --dimension rate, or use constant-vus or ramping-vus in all scenarios"
                }
                _ => "use constant-vus or ramping-vus in all scenarios",
            };
            (format!("the scenario {:?} has the executor {name}: {why}", scenario.name), hint)
        }
    };
    Failure::new(Exit::BadConfiguration, message).with_hint(hint)
}

fn why(executor: &Executor, dimension: Dimension) -> &'static str {
    match (dimension, executor) {
        (Dimension::Rate, _) => "its rate follows from how fast the service is, and cannot be set",
        (_, Executor::SharedIterations { .. } | Executor::PerVuIterations { .. }) => {
            "it ends with its iterations, and virtual users are searched for by trials of a given length"
        }
        (_, Executor::ExternallyControlled { .. }) => "its virtual users are set from outside",
        _ => "its virtual users follow from its rate, and cannot be set",
    }
}

fn scenario(timeout: Option<Duration>) -> Scenario {
    Scenario {
        name: "capacity".to_owned(),
        executor: Executor::ConstantVus { vus: 1, duration: Duration::ZERO },
        start_time: Duration::ZERO,
        graceful_stop: timeout.unwrap_or(DRAIN_MAX).min(DRAIN_MAX),
        exec: "default".to_owned(),
        env: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

fn base(sent: &Sent) -> RunConfig {
    let cores = plimsoll_runtime::workers::cores();
    let threads = match sent.attack.pace.threads {
        0 => cores,
        threads => threads.min(cores.saturating_mul(4)),
    };
    // Each thread needs a connection of its own at least.
    let most = sent.attack.http.max_connections.unwrap_or(usize::MAX).max(1);
    RunConfig { workers: threads.min(most), ..RunConfig::default() }
}

fn spacing(sent: &Sent) -> Spacing {
    match sent.attack.pace.arrivals {
        Arrivals::Even => Spacing::Even,
        Arrivals::Poisson => Spacing::Poisson { seed: Random::from_entropy().next_u64() },
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_engine::config::Stage;

    use super::*;

    #[test]
    fn scripts_are_told_from_urls() {
        let check = |target, expected| assert_eq!(is_script(target), expected, "{target}");
        check("script.js", true);
        check("./a/b.ts", true);
        check("archive.tar", true);
        check("http://127.0.0.1/app.js", false);
        check("127.0.0.1:8080/", false);
        check("redis://127.0.0.1", false);
    }

    #[test]
    fn a_ramp_counts_with_its_peak() {
        let ramp = Executor::RampingArrivalRate {
            start_rate: 60,
            time_unit: Duration::from_secs(60),
            stages: vec![
                Stage { duration: Duration::from_secs(1), target: 600 },
                Stage { duration: Duration::from_secs(1), target: 0 },
            ],
            pre_allocated_vus: 1,
            max_vus: 7,
        };
        let found = arrivals(&ramp).unwrap();
        assert_eq!((found.level, found.max_vus), (10.0, 7));
        assert!(arrivals(&Executor::ConstantVus { vus: 1, duration: Duration::ZERO }).is_none());
    }

    #[test]
    fn the_scenario_that_cannot_be_scaled_is_named() {
        let time = Duration::from_secs(1);
        let shared = Executor::SharedIterations { vus: 1, iterations: 10, max_duration: time };
        let check = |executor, dimension, part: &str, hint: &str| {
            let name = "checkout".to_owned();
            let one = Scenario { name, executor, ..scenario(None) };
            let failure = unfit(&[scenario(None), one], dimension);
            assert!(failure.message.contains("\"checkout\""), "{failure}");
            assert!(failure.message.contains(part), "{failure}");
            assert!(failure.hint.is_some_and(|text| text.contains(hint)), "{part}");
        };
        check(shared, Dimension::Vus, "ends with its iterations", "constant-vus");
        let open = Executor::ConstantArrivalRate {
            rate: 1,
            time_unit: time,
            duration: time,
            pre_allocated_vus: 1,
            max_vus: 1,
        };
        check(open, Dimension::Vus, "follow from its rate", "--dimension rate");
        let rate = Executor::RampingVus {
            start_vus: 1,
            stages: vec![Stage { duration: time, target: 40 }],
            graceful_ramp_down: time,
        };
        assert_eq!(users(&rate).unwrap().level, 40.0);
        let closed = unfit(&[Scenario { executor: rate, ..scenario(None) }], Dimension::Rate);
        assert!(closed.hint.is_some_and(|hint| hint.contains("--dimension vus")));
    }
}
