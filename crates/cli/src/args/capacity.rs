//! The flags of `capacity`: what is sent as in `attack`, and how the search goes about it.

use std::time::Duration;

use clap::{Args, ValueEnum, builder::RangedU64ValueParser};
use plimsoll_script::options::parse_go_duration;

use super::{CareFlags, Sent};

/// A shorter search finds nothing.
const BUDGET_MIN: Duration = Duration::from_secs(10);

/// As many as an engine's run may have.
const SENDERS_LIMIT: u64 = 1_000_000;

#[derive(Debug, Args)]
#[command(after_help = "\
TARGET is a URL, a redis:// URL or a script. Of a script, all arrival-rate scenarios are scaled by one
factor, and the rate is their sum. A trial is a few seconds of load at one rate; one in which plimsoll itself
was the limit is INVALID and never counts.

Objectives: avg, med, max or p(N) of the response time, from when each request was due; errors as a
share. With `over 10s` every stretch so long must keep it.

Examples:
  plimsoll capacity http://127.0.0.1:8080/ --slo 'p(99)<200ms' --slo 'errors<0.1%'
  plimsoll capacity http://127.0.0.1:8080/ --slo 'avg<800ms' --goal 2000/s --budget 5m
  plimsoll capacity --targets targets.txt --slo 'p(99)<200ms over 10s' --watch port:8080
  plimsoll capacity redis://127.0.0.1:6379 --command 'GET key:{zipf:1000000}' --slo 'p(99)<2ms'
  plimsoll capacity script.js -e BASE=http://127.0.0.1:8080 --slo 'p(99)<1s' --json
  plimsoll capacity script.js --dimension vus --slo 'p(99)<1s' --goal '500 vus'
  plimsoll capacity http://127.0.0.1:8080/ --dimension connections --slo 'p(99)<200ms'
  plimsoll capacity http://127.0.0.1:8080/ --slo 'p(99)<200ms' --dashboard --report capacity.html
  plimsoll capacity http://127.0.0.1:8080/ --slo 'p(99)<200ms' --resume   # goes on where it was stopped

Exit codes: 0 found, or the goal reached; 112 goal missed; 111 INVALID, the generator was the limit;
  113 not found or not sure; 104 bad configuration; 105 interrupted; 255 the target is down")]
pub(crate) struct CapacityArgs {
    /// What must be kept, e.g. 'p(99)<200ms' or 'errors<0.1%' (repeatable)
    #[arg(long = "slo", value_name = "OBJECTIVE", help_heading = "Search")]
    pub(crate) objectives: Vec<String>,
    /// A rate to reach, e.g. 2000/s, or with another --dimension e.g. '500 vus': says by how much it is
    /// or is not
    #[arg(long, value_name = "LEVEL", help_heading = "Search")]
    pub(crate) goal: Option<String>,
    /// How long it may take
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = budget, help_heading = "Search")]
    pub(crate) budget: Duration,
    /// What is raised until it gives
    #[arg(long, value_enum, default_value_t = Dimension::Rate, help_heading = "Search")]
    pub(crate) dimension: Dimension,
    /// The first rate, or number [default: a quarter of what a short probe reaches or leads to expect]
    #[arg(long, value_name = "LEVEL", help_heading = "Search")]
    pub(crate) start: Option<String>,
    /// Nothing above it is tried [default: about what the generator can do; 10000 connections or VUs]
    #[arg(long = "max", visible_alias = "max-rate", value_name = "LEVEL", help_heading = "Search")]
    pub(crate) max_rate: Option<String>,
    /// With --dimension connections: hold them open, and send at this rate over all of them in turn,
    /// e.g. 100/s
    #[arg(long, value_name = "RATE", help_heading = "Search")]
    pub(crate) hold_connections: Option<String>,
    /// Where trials are stored as they end, or `off` [default: in the user's state directory]
    #[arg(long, value_name = "FILE|off", help_heading = "Search")]
    pub(crate) state: Option<String>,
    /// Go on with the trials that are stored
    #[arg(long, help_heading = "Search")]
    pub(crate) resume: bool,

    #[command(flatten)]
    pub(crate) care: CareFlags,

    /// The most that is in flight at a time [default: 10000; of a script 1000, or its maxVUs]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(1..=SENDERS_LIMIT), help_heading = "Load")]
    pub(crate) senders: Option<u64>,
    /// CPU that plimsoll itself may use; from 80 % of it on it is the limit [default: all cores]
    #[arg(long, value_name = "CORES", value_parser = cores, help_heading = "Load")]
    pub(crate) generator_cores: Option<f64>,

    /// The result as JSON on standard output (docs/capacity.md)
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// Stay after the search until Ctrl-C, so that the dashboard can be looked at
    #[arg(long, help_heading = "Looking")]
    pub(crate) linger: bool,

    #[command(flatten)]
    pub(crate) sent: Sent,
}

/// What a search raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dimension {
    /// Arrivals per second, whether or not earlier ones have ended
    Rate,
    /// Virtual users of a script; each goes on when it was answered
    Vus,
    /// Connections to a URL or redis; each sends when its last request was answered
    Connections,
}

fn budget(text: &str) -> Result<Duration, String> {
    let budget = parse_go_duration(text).map_err(|error| error.to_string())?;
    if budget.is_negative() || budget.to_std() < BUDGET_MIN {
        return Err(format!("it must be {}s at least", BUDGET_MIN.as_secs()));
    }
    Ok(budget.to_std())
}

pub(super) fn cores(text: &str) -> Result<f64, String> {
    let cores = text.parse::<f64>().ok().filter(|cores| cores.is_finite() && *cores > 0.0);
    cores.ok_or_else(|| "write a number of cores above 0, such as 2 or 0.5".to_owned())
}
