//! From the flags to what is loaded: HTTP targets, Redis, or a script.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use plimsoll_attack::{hits::Collector, http::HttpRunner, redis::RedisRunner};
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    pace::Spacing,
};
use plimsoll_metrics::{Builtin, Registry, registry::SERIES_LIMIT};
use plimsoll_runtime::{log::Log, random::Random};
use plimsoll_script::lifecycle::Script;

use super::bench::Bench;
use crate::{
    args::{Arrivals, Sent},
    commands::{attack::parts, run::Prepared},
    exit::{Exit, Failure},
    load::{self, Request},
};

/// In flight at most, when no flag says; each sender takes some kilobytes, each VU of a script much more.
const SENDERS: u64 = 10_000;
const SCRIPT_SENDERS: u64 = 1_000;

/// What was sent has this long to be answered after a trial, or its timeout if that is less.
pub(in crate::commands) const DRAIN_MAX: Duration = Duration::from_secs(15);

/// Names of files that are scripts or archives.
const SCRIPTS: [&str; 7] = ["js", "ts", "mjs", "cjs", "mts", "cts", "tar"];

/// Whether the target is a script, not a URL.
pub(in crate::commands) fn is_script(target: &str) -> bool {
    let extension = Path::new(target).extension().and_then(|extension| extension.to_str());
    !target.contains("://") && extension.is_some_and(|extension| SCRIPTS.contains(&extension))
}

/// HTTP targets, of the URL or of `--targets`.
pub(in crate::commands) fn http(
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<HttpRunner>, Failure> {
    let attack = &sent.attack;
    if attack.targets.lazy {
        let message = "--lazy sends each target once, and here they are sent over and over";
        return Err(Failure::new(Exit::BadConfiguration, message));
    }
    let config = parts::http(attack, log)?;
    let collector = Arc::new(Collector::new("", None));
    let timeout = config.timeout;
    Ok(Bench {
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
        subject: parts::describe(attack),
        scripted: None,
    })
}

/// Commands to a Redis server.
pub(in crate::commands) fn redis(
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<RedisRunner>, Failure> {
    let attack = &sent.attack;
    let registry = Registry::new(SERIES_LIMIT);
    let (config, batch, failed) = parts::redis(attack, &registry, log)?;
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
    })
}

/// A script that is loaded, with all that it says of its runs.
pub(in crate::commands) struct Scripted {
    pub(in crate::commands) script: Script,
    pub(in crate::commands) registry: Registry,
    /// On as many threads as the flags say.
    pub(in crate::commands) config: RunConfig,
}

/// Loads a script for many runs.
pub(in crate::commands) fn load_script(
    sent: &Sent,
    file: &str,
    config: Option<&Path>,
    log: &Log,
) -> Result<Scripted, Failure> {
    let request = Request {
        file: Path::new(file),
        text: None,
        runtime: &sent.runtime,
        options: None,
        config,
        system_env: true,
    };
    let loaded = load::load(&request, log)?;
    // Thresholds judge one run, and here there are many.
    let Prepared { loaded, consolidated, .. } = Prepared::new(loaded, true, None, log)?;
    loaded.script.process_lives_on();
    let config = RunConfig { workers: base(sent).workers, ..consolidated.config };
    Ok(Scripted { script: loaded.script, registry: loaded.registry, config })
}

/// A script's arrival-rate scenarios.
pub(super) fn script(
    sent: &Sent,
    senders: Option<u64>,
    file: &str,
    config: Option<&Path>,
    log: &Log,
) -> Result<Bench<Script>, Failure> {
    let Scripted { script, registry, config } = load_script(sent, file, config, log)?;
    let RunConfig { scenarios, .. } = &config;
    let rates = scenarios.iter().map(|scenario| Some((scenario, arrivals(&scenario.executor)?)));
    let rates: Vec<(&Scenario, Arriving)> =
        rates.collect::<Option<_>>().ok_or_else(|| closed(scenarios))?;
    let sum: f64 = rates.iter().map(|(_, arriving)| arriving.rate).sum();
    if sum <= 0.0 {
        return Err(closed(scenarios));
    }
    let vus: u64 = rates.iter().map(|(_, arriving)| arriving.max_vus).sum();
    let shared = |(scenario, arriving): &(&Scenario, Arriving)| {
        let graceful_stop = scenario.graceful_stop.min(DRAIN_MAX);
        (Scenario { graceful_stop, ..(*scenario).clone() }, arriving.rate / sum)
    };
    let scenarios = rates.iter().filter(|(_, arriving)| arriving.rate > 0.0).map(shared).collect();
    let base = RunConfig { scenarios: Vec::new(), ..config };
    Ok(Bench {
        runner: Arc::new(script),
        registry,
        base,
        scenarios,
        spacing: spacing(sent),
        senders: senders.unwrap_or(SCRIPT_SENDERS.max(vus)),
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: None,
        noun: "iterations",
        subject: file.to_owned(),
        scripted: Some(sum),
    })
}

/// What a scenario says of its own load.
struct Arriving {
    /// Iterations per second at its highest.
    rate: f64,
    max_vus: u64,
}

/// `None` for scenarios whose iterations wait for one another.
fn arrivals(executor: &Executor) -> Option<Arriving> {
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
    Some(Arriving { rate: if rate.is_finite() { rate } else { 0.0 }, max_vus: *max_vus })
}

fn closed(scenarios: &[Scenario]) -> Failure {
    let is_closed = |scenario: &&Scenario| arrivals(&scenario.executor).is_none();
    let message = match scenarios.iter().find(is_closed) {
        Some(scenario) => format!(
            "the scenario {:?} has the executor {}: its rate follows from how fast the service is, and \
             cannot be set",
            scenario.name,
            scenario.executor.name(),
        ),
        None => "no scenario of the script has a rate above 0".to_owned(),
    };
    Failure::new(Exit::BadConfiguration, message).with_hint(
        "use constant-arrival-rate or ramping-arrival-rate in all scenarios; --dimension vus is not \
         supported yet",
    )
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
        assert_eq!((found.rate, found.max_vus), (10.0, 7));
        assert!(arrivals(&Executor::ConstantVus { vus: 1, duration: Duration::ZERO }).is_none());
    }
}
