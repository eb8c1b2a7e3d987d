//! Scripts as what is loaded: one kind of load for all of their scenarios, which are scaled by one factor.

use std::{path::Path, sync::Arc};

use plimsoll_engine::config::{Executor, RunConfig, Scenario};
use plimsoll_metrics::{Builtin, Registry};
use plimsoll_runtime::log::Log;
use plimsoll_script::{
    lifecycle::Script,
    options::{Layer, Options, Source},
};

use super::{
    bench::Bench,
    targets::{self, DRAIN_MAX, HTTP_HEAD_BYTES},
};
use crate::{
    args::{Dimension, Sent},
    commands::run::Prepared,
    exit::{Exit, Failure},
    load::{self, Request},
};

/// VUs at most, when neither flags nor the script say: each takes much more than a sender of requests.
const VUS: u64 = 1_000;

/// The module with which scripts talk to Redis.
const REDIS: &[u8] = b"k6/experimental/redis";

/// Names of files that are scripts or archives.
const SCRIPTS: [&str; 7] = ["js", "ts", "mjs", "cjs", "mts", "cts", "tar"];

/// Whether the target is a script, not a URL.
pub(in crate::commands) fn is_script(target: &str) -> bool {
    let extension = Path::new(target).extension().and_then(|extension| extension.to_str());
    !target.contains("://") && extension.is_some_and(|extension| SCRIPTS.contains(&extension))
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
pub(in crate::commands) fn load_script_at(
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
    let config = RunConfig { workers: targets::base(sent).workers, ..consolidated.config };
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
pub(in crate::commands) fn script_of(
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
        spacing: targets::spacing(sent),
        senders: senders.unwrap_or(match dimension {
            Dimension::Rate => VUS.max(vus),
            _ => targets::SENDERS.max(vus),
        }),
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: None,
        noun: "iterations",
        head_bytes: HTTP_HEAD_BYTES,
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use plimsoll_engine::config::Stage;

    use super::*;

    fn scenario() -> Scenario {
        Scenario {
            name: "one".to_owned(),
            executor: Executor::ConstantVus { vus: 1, duration: Duration::ZERO },
            start_time: Duration::ZERO,
            graceful_stop: Duration::ZERO,
            exec: "default".to_owned(),
            env: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
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
            let one = Scenario { name, executor, ..scenario() };
            let failure = unfit(&[scenario(), one], dimension);
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
        let closed = unfit(&[Scenario { executor: rate, ..scenario() }], Dimension::Rate);
        assert!(closed.hint.is_some_and(|hint| hint.contains("--dimension vus")));
    }

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
}
