//! From the flags of the load to the engine's scenario.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_attack::{hits::Span, results::binary::Start};
use plimsoll_engine::{
    config::{Executor, FOREVER, RunConfig, Scenario, VUS_LIMIT},
    executors::Work,
    pace::{Pace, Spacing},
    plan::Plan,
    run::Finished,
};
use plimsoll_metrics::TagSet;
use plimsoll_runtime::{clock::Instant, random::Random};
use plimsoll_script::options::parse_go_duration;

use super::pace::{self, Asked};
use crate::{
    args::{Arrivals, HttpFlags, PaceFlags},
    exit::{Exit, Failure},
};

/// For hits that are under way when the last is due, beyond their own timeout.
const GRACE: Duration = Duration::from_secs(1);

/// Senders of a closed model when no flag says how many.
const CLOSED_SENDERS: u64 = 10;

/// Senders of an open model at most, when no flag says how many. A service that stands still at a high
/// rate takes one more for each hit that comes due, and each keeps some kilobytes.
pub(super) const SENDERS_DEFAULT_MAX: u64 = 100_000;

/// Each has descriptors of its own; no machine has more cores.
const THREADS_LIMIT: usize = 1024;

/// When hits are due, and who sends them.
pub(super) struct Load {
    /// As people read it: `100/s`, `closed model, 30 connections`.
    pub(super) pace: String,
    pub(super) is_closed: bool,
    /// `None`: until Ctrl-C.
    pub(super) duration: Option<Duration>,
    /// `even` or `poisson, seed N`.
    pub(super) arrivals: String,
    /// How many senders there may be; `None` in a closed model, which has them all from the start.
    pub(super) senders_max: Option<u64>,
    scenario: Scenario,
    threads: usize,
    /// Hits that are sent together, as one iteration.
    pub(super) batch: u32,
}

impl Load {
    /// `batch`: hits that are sent together; a rate counts each of them.
    pub(super) fn new(flags: &PaceFlags, http: &HttpFlags, batch: u32) -> Result<Load, Failure> {
        let asked = pace::parse(&flags.rate).map_err(|error| {
            bad(format!("-rate {:?}: {error}", flags.rate))
                .with_hint("plimsoll attack --help shows all forms of a rate")
        })?;
        let given =
            flags.duration.as_deref().map(|text| duration("-duration", text)).transpose()?;
        let length = match &asked {
            Asked::Open(pace) => pace.length(),
            Asked::Closed => None,
        };
        let duration = given.or(length).filter(|duration| !duration.is_zero());
        let (spacing, arrivals) = spacing(flags);
        let is_closed = asked == Asked::Closed;
        let (executor, pace) = match asked {
            Asked::Closed => closed(flags, http, duration),
            Asked::Open(pace) => {
                let text = match &pace {
                    Pace::Constant(rate) => rate.to_string(),
                    _ => flags.rate.clone(),
                };
                (open(flags, pace.in_batches(batch), spacing, duration)?, text)
            }
        };
        let timeout = timeout(http)?;
        let graceful_stop = timeout.map_or(FOREVER, |timeout| timeout.saturating_add(GRACE));
        let scenario = Scenario {
            name: "attack".to_owned(),
            executor,
            start_time: Duration::ZERO,
            graceful_stop,
            exec: "default".to_owned(),
            env: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        if flags.threads > THREADS_LIMIT {
            return Err(bad(format!("--threads must be {THREADS_LIMIT} at most")));
        }
        let threads = match http.max_connections {
            Some(0) => return Err(bad("-max-connections must be at least 1")),
            // Each thread needs a connection of its own at least.
            Some(most) => threads(flags).min(most),
            None => threads(flags),
        };
        let senders_max = (!is_closed).then(|| senders_max(flags));
        Ok(Load { pace, is_closed, duration, arrivals, senders_max, scenario, threads, batch })
    }

    /// Hits of so many iterations.
    pub(super) fn hits(&self, iterations: u64) -> u64 {
        iterations.saturating_mul(self.batch.into())
    }

    pub(super) fn run_config(&self, tags: &[String]) -> Result<RunConfig, Failure> {
        let pairs = tags.iter().map(|tag| {
            tag.split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| bad(format!("--tag {tag}: expected NAME=VALUE")))
        });
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        Ok(RunConfig {
            scenarios: vec![self.scenario.clone()],
            run_tags: TagSet::from_pairs(pairs),
            workers: self.threads,
            ..RunConfig::default()
        })
    }

    /// What is known before the first hit.
    pub(super) fn start(&self, attack: &str) -> Start {
        let config = RunConfig { scenarios: vec![self.scenario.clone()], ..RunConfig::default() };
        let plan = Plan::new(&config);
        let work = plan.scenarios.first().map(|planned| &planned.sizing.work);
        let planned_hits = match work {
            Some(Work::Paced(paced)) => paced.schedule.planned().map(|planned| self.hits(planned)),
            _ => None,
        };
        Start {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            attack: attack.to_owned(),
            started_unix_ns: Instant::now().unix_nanos(),
            pace: self.pace.clone(),
            closed_model: self.is_closed,
            planned_hits,
            planned_duration_ns: self.duration.map(nanos),
        }
    }

    /// Nanoseconds from the first due time to the end of the schedule, to where it was cut short, or
    /// to the last start when that was late: what the achieved rate is counted over.
    pub(super) fn lasted(
        &self,
        span: Option<Span>,
        finished: &Finished,
        signaled: Option<Instant>,
    ) -> u64 {
        let Some(span) = span else { return 0 };
        let since_first = |at: u64| at.saturating_sub(span.first_due.0);
        let schedule = match (&finished.stopped, self.duration) {
            (None, Some(duration)) => nanos(duration),
            (_, duration) => {
                let cut = signaled.map_or(0, Instant::unix_nanos).max(span.last_due.0);
                since_first(cut).min(duration.map_or(u64::MAX, nanos))
            }
        };
        schedule.max(since_first(span.last_start.0))
    }
}

fn spacing(flags: &PaceFlags) -> (Spacing, String) {
    match flags.arrivals {
        Arrivals::Even => (Spacing::Even, "even".to_owned()),
        Arrivals::Poisson => {
            let seed = flags.seed.unwrap_or_else(|| Random::from_entropy().next_u64());
            (Spacing::Poisson { seed }, format!("poisson, seed {seed}"))
        }
    }
}

/// As fast as possible, by so many senders.
fn closed(flags: &PaceFlags, http: &HttpFlags, duration: Option<Duration>) -> (Executor, String) {
    let limit = http.max_connections.and_then(|most| u64::try_from(most).ok());
    let senders = flags.hold_connections.or(flags.max_workers).or(flags.workers).or(limit);
    let vus = senders.unwrap_or(CLOSED_SENDERS);
    let noun = if vus == 1 { "connection" } else { "connections" };
    let executor = Executor::ConstantVus { vus, duration: duration.unwrap_or(FOREVER) };
    (executor, format!("as fast as possible with {vus} {noun}"))
}

/// Of an open model.
fn senders_max(flags: &PaceFlags) -> u64 {
    let asked = flags.hold_connections.or(flags.max_workers);
    asked.unwrap_or_else(|| SENDERS_DEFAULT_MAX.max(flags.workers.unwrap_or_default()))
}

/// Due by a pace.
fn open(
    flags: &PaceFlags,
    pace: Pace,
    spacing: Spacing,
    duration: Option<Duration>,
) -> Result<Executor, Failure> {
    let max_vus = senders_max(flags);
    let (vus, rotate) = match flags.hold_connections {
        Some(held) => (held, true),
        None => (flags.workers.unwrap_or(CLOSED_SENDERS).min(max_vus), false),
    };
    if max_vus > VUS_LIMIT {
        return Err(bad(format!("{max_vus} senders are more than {VUS_LIMIT}, the limit")));
    }
    Ok(Executor::Paced { pace, spacing, duration, vus, max_vus, rotate })
}

fn threads(flags: &PaceFlags) -> usize {
    if flags.threads == 0 { plimsoll_runtime::workers::cores() } else { flags.threads }
}

/// `None`: no limit.
pub(super) fn timeout(http: &HttpFlags) -> Result<Option<Duration>, Failure> {
    Ok(Some(duration("-timeout", &http.timeout)?).filter(|timeout| !timeout.is_zero()))
}

/// A time of a flag.
pub(super) fn duration(flag: &str, text: &str) -> Result<Duration, Failure> {
    let wrong = |why: &str| bad(format!("{flag} {text:?}: {why}"));
    let hint = "write a time with its unit, such as 30s, 500ms or 1h30m";
    let parsed = parse_go_duration(text).map_err(|_| wrong("this is no time").with_hint(hint))?;
    if parsed.is_negative() {
        return Err(wrong("a time must not be negative"));
    }
    Ok(parsed.to_std())
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(Exit::BadConfiguration, message)
}
