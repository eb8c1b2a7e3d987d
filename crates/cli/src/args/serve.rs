//! `plimsoll serve`: a service to practise on, and what it is to have too little of.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use plimsoll_samples::{
    budget, noop,
    web::{Bandwidth, Database, QUEUE_MAX},
};
use plimsoll_script::options::parse_go_duration;

use super::CacheArgs;

/// Clients that wait longer than that have given up.
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  plimsoll serve web                    # a free port of the loopback address
  plimsoll serve web --port 8080
  plimsoll serve web --port 8443 --tls
  plimsoll serve cache --port 6379      # its own flags: plimsoll serve cache --help

With a limit that is known, and a page that meets it:
  plimsoll serve web -p 8080 --cpu-budget 0.25    # /work?cpu_ms=1: just below 250/s
  plimsoll serve web -p 8080 --pool 2             # /work?sleep_ms=20: 100/s
  plimsoll serve web -p 8080 --lock               # /work?cpu_ms=10: 100/s
  plimsoll serve web -p 8080 --bandwidth 1MB/s    # /work?bytes=10000: 99/s
  plimsoll serve web -p 8080 --disk /var/tmp      # /work?write_kb=4: what the disk can do
  plimsoll serve web -p 8080 --disk /var/tmp --disk-rate 1MiB/s    # /work?write_kb=8: 128/s
  plimsoll serve web -p 8080 --threads 1 --accept-pause 5ms --backlog 16    # 200 new connections/s

How many wait, and how long, is at /metrics:
  plimsoll watch prometheus:http://127.0.0.1:8080/metrics")]
pub(crate) struct ServeArgs {
    /// Which system
    #[arg(required = true)]
    pub(crate) system: Option<System>,
    /// What has flags of its own
    #[command(subcommand)]
    pub(crate) own: Option<Own>,
    /// Port; a free one when none is given
    #[arg(short, long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: std::net::IpAddr,
    /// HTTPS with a certificate made at start; it is written to the file given, if any
    #[arg(long, num_args = 0..=1, value_name = "CERTIFICATE_OUT", default_missing_value = "")]
    pub(crate) tls: Option<String>,
    /// Threads [default: one per core, or per core of the CPU budget]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Bytes of each response of `noop`
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = body)]
    pub(crate) body_bytes: usize,
    /// Ends by itself after this many seconds
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// Ends when standard input is closed (for parents that start it)
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
    /// PostgreSQL that /query asks, without TLS: postgres://user:password@127.0.0.1:5432/name
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<Database>,
    #[command(flatten)]
    pub(crate) limits: LimitFlags,
}

/// What is made scarce.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// Cores' worth of CPU time, e.g. 0.25: a quota of a cgroup made for this process, which mostly needs
    /// root; its path is told on standard error
    #[arg(long, value_name = "CORES", value_parser = cores)]
    pub(crate) cpu_budget: Option<f64>,
    /// How often that quota begins anew, 1ms to 1s [default: 10ms, longer for less than a tenth of a core]
    #[arg(long, value_name = "TIME", value_parser = period, requires = "cpu_budget")]
    pub(crate) cpu_period: Option<Duration>,
    /// Requests of /work that are worked on at a time; the others wait
    #[arg(long, value_name = "N", value_parser = places)]
    pub(crate) pool: Option<usize>,
    /// Requests that may wait for the pool; those behind them get status 503
    #[arg(long, value_name = "N", default_value = "1000", value_parser = queue, requires = "pool")]
    pub(crate) pool_queue: usize,
    /// The CPU part of /work is done by one request at a time, whatever the threads
    #[arg(long)]
    pub(crate) lock: bool,
    /// What all connections together may send: 500kB/s, 1MB/s, 1.5MiB/s, 8Mbit/s
    #[arg(long, value_name = "RATE")]
    pub(crate) bandwidth: Option<Bandwidth>,
    /// Folder of the file that /work?write_kb=4 writes to and syncs: 16 MiB that nobody sees, gone at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) disk: Option<PathBuf>,
    /// What may be written to that disk, 400kB/s, 1MiB/s: a limit of a cgroup made for this process, which
    /// mostly needs root; its path is told on standard error
    #[arg(long, value_name = "RATE", requires = "disk")]
    pub(crate) disk_rate: Option<Bandwidth>,
    /// Connections that may wait to be accepted, for each thread [default: 4096]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) backlog: Option<u16>,
    /// What each thread waits after each connection before it accepts the next, up to 10s
    #[arg(long, value_name = "TIME", value_parser = pause)]
    pub(crate) accept_pause: Option<Duration>,
}

/// Systems with flags of their own.
#[derive(Debug, Subcommand)]
pub(crate) enum Own {
    Cache(CacheArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum System {
    /// A web service with httpbin's endpoints and a page whose cost can be set
    Web,
    /// A target that answers every request at once, over HTTP, HTTPS and Redis's protocol: what is reached
    /// against it is what the generator can do
    Noop,
}

fn body(text: &str) -> Result<usize, String> {
    let bytes = text.parse().ok().filter(|bytes| *bytes <= noop::BODY_BYTES_MAX);
    bytes.ok_or_else(|| format!("write a number up to {}", noop::BODY_BYTES_MAX))
}

fn cores(text: &str) -> Result<f64, String> {
    let cores = text.parse::<f64>().ok().filter(|cores| (budget::CORES_MIN..=1e4).contains(cores));
    cores.ok_or_else(|| format!("write a number of cores, at least {}", budget::CORES_MIN))
}

fn period(text: &str) -> Result<Duration, String> {
    let period = parse_go_duration(text).map_err(|error| error.to_string())?;
    let is_allowed = (budget::PERIOD_MIN..=budget::PERIOD_MAX).contains(&period.to_std());
    // A negative time has no counterpart in `Duration`.
    if is_allowed && !period.is_negative() {
        return Ok(period.to_std());
    }
    Err("write a time from 1ms to 1s".to_owned())
}

fn pause(text: &str) -> Result<Duration, String> {
    let pause = parse_go_duration(text).map_err(|error| error.to_string())?;
    let is_allowed = !pause.is_negative() && pause.to_std() <= ACCEPT_PAUSE_MAX;
    is_allowed.then(|| pause.to_std()).ok_or_else(|| "write a time up to 10s".to_owned())
}

fn places(text: &str) -> Result<usize, String> {
    let places = text.parse().ok().filter(|places| (1..=QUEUE_MAX).contains(places));
    places.ok_or_else(|| format!("write a number from 1 to {QUEUE_MAX}"))
}

fn queue(text: &str) -> Result<usize, String> {
    let places = text.parse().ok().filter(|places| *places <= QUEUE_MAX);
    places.ok_or_else(|| format!("write a number up to {QUEUE_MAX}"))
}
