//! Flags of `attack`: vegeta's by name, and what its users have asked for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SeeFlags;

#[derive(Debug, Args)]
// As Go's flags: the last counts, so that what a wrapper sets can be overridden.
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  plimsoll attack -rate=100 -duration=30s http://127.0.0.1:8080/
  plimsoll attack -rate=100 -duration=30s -targets=targets.txt -output=results.bin
  echo 'GET http://127.0.0.1:8080/' | plimsoll attack -duration=5s | tee results.bin | plimsoll report
  plimsoll attack -duration=10s -rate=0 -workers=30 http://127.0.0.1:8080/   # as fast as it goes
  plimsoll attack -rate=0 -workers=50 -duration=10s redis://127.0.0.1:6379 --command 'GET key:{zipf:1000000}'
  plimsoll attack -duration=30s -threshold 'p(99)<200ms' http://127.0.0.1:8080/
  plimsoll attack -duration=30s -watch=port:8080 -dashboard -report=out.html http://127.0.0.1:8080/

Rates:
  100  100/s  50/1m                              constant
  0                                              as fast as possible with -workers connections
  linear(10/s -> 500/s, 60s)                     a straight line
  sine(100/s, 50/s, 5m)                          mean, amplitude, period [, up|peak|down|trough]
  steps(100/s, +100/s, every 10s, 5)             100, 200, 300, 400 and 500 a second
  stages(100/s for 30s, -> 500/s over 1m, 500/s for 5m)

Targets (-targets, -format=http): METHOD URL, then lines of headers, then @FILE for the body; empty
lines between targets, # for comments. -format=json: {\"method\":..,\"url\":..,\"body\":BASE64,
\"header\":{NAME:[VALUE]}} on each line.

Long flags may have one dash or two. Without -output and with standard output not a terminal, the
results go to standard output, for tee and plimsoll report, and the report to standard error.

Exit codes: 0 fine, 99 thresholds failed or --abort-when held, 111 INVALID with --strict,
  104 bad configuration, 105 interrupted before its end"
)]
pub(crate) struct AttackArgs {
    /// One target, rather than those of -targets
    pub(crate) url: Option<String>,

    #[command(flatten)]
    pub(crate) pace: PaceFlags,
    #[command(flatten)]
    pub(crate) targets: TargetFlags,
    #[command(flatten)]
    pub(crate) http: HttpFlags,
    #[command(flatten)]
    pub(crate) redis: RedisFlags,
    #[command(flatten)]
    pub(crate) results: ResultFlags,
    #[command(flatten)]
    pub(crate) see: SeeFlags,
}

/// When hits are due, and who sends them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct PaceFlags {
    /// Hits per time, constant or changing (see below); 0 is as fast as possible
    #[arg(long, value_name = "RATE", default_value = "50/1s", allow_hyphen_values = true)]
    pub(crate) rate: String,
    /// How long, e.g. 30s or 5m; 0 is until Ctrl-C [default: 0, or what the rate says]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) duration: Option<String>,
    /// Spacing of hits: evenly, or at random as those of many independent users
    #[arg(long, value_enum, default_value_t = Arrivals::Even)]
    pub(crate) arrivals: Arrivals,
    /// Of the random arrivals; runs with one seed have the same [default: another each time]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Senders at the start; each sends one hit at a time [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) workers: Option<u64>,
    /// Senders at most: more are made when all are busy [default: 100000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_workers: Option<u64>,
    /// Keep N connections open and use them in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) hold_connections: Option<u64>,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) threads: usize,
}

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arrivals {
    Even,
    Poisson,
}

/// What is sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Targets")]
pub(crate) struct TargetFlags {
    /// Where targets are read from; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "url")]
    pub(crate) targets: String,
    /// How they are written
    #[arg(long, value_enum, default_value_t = TargetFormat::Http)]
    pub(crate) format: TargetFormat,
    /// Read targets while they are sent, each once; the attack ends with them
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", conflicts_with = "url", hide_possible_values = true)]
    pub(crate) lazy: bool,
    /// Method of URL
    #[arg(short = 'X', long, value_name = "METHOD", requires = "url", conflicts_with = "targets")]
    pub(crate) method: Option<String>,
    /// A header of every target, as NAME: VALUE (repeatable)
    #[arg(short = 'H', long = "header", value_name = "HEADER", allow_hyphen_values = true)]
    pub(crate) headers: Vec<String>,
    /// The file with the body of targets without one
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub(crate) body: Option<PathBuf>,
    /// Body of targets without one; URL is then sent with POST
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetFormat {
    Http,
    Json,
}

/// How it is sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct HttpFlags {
    /// Of one hit with its redirects; 0 is none
    #[arg(long, value_name = "TIME", default_value = "30s", allow_hyphen_values = true)]
    pub(crate) timeout: String,
    /// Redirects that are followed; with -1 a redirect is a success
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..=1000))]
    pub(crate) redirects: i64,
    /// Use connections again
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub(crate) keepalive: bool,
    /// Speak HTTP/2 with servers that do, over TLS
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub(crate) http2: bool,
    /// Speak HTTP/2 without TLS, without asking first
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", hide_possible_values = true)]
    pub(crate) h2c: bool,
    /// Send bodies in chunks
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", hide_possible_values = true)]
    pub(crate) chunked: bool,
    /// Keep so much of each response's body, and its headers, in the results, e.g. 4KB; -1 is all
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    pub(crate) max_body: Option<String>,
    /// Do not verify certificates
    #[arg(short = 'k', long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", hide_possible_values = true)]
    pub(crate) insecure: bool,
    /// Client certificate, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Key of the client certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Authorities that are trusted too, PEM, separated by commas
    #[arg(long, value_name = "FILES", value_delimiter = ',')]
    pub(crate) root_certs: Vec<PathBuf>,
    /// Resume TLS sessions
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", hide_possible_values = true)]
    pub(crate) session_tickets: bool,
    /// Connect elsewhere, as SOURCE:PORT:DESTINATION:PORT; several take turns (repeatable)
    #[arg(long, value_name = "RULE")]
    pub(crate) connect_to: Vec<String>,
    /// Connect to this Unix socket, whatever the URL
    #[arg(long, value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Address to send from
    #[arg(long, value_name = "IP")]
    pub(crate) laddr: Option<String>,
    /// DNS servers to ask instead of the system's, as IP[:PORT], separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) resolvers: Vec<String>,
    /// How long an answer of the DNS is used; 0 is to the end, -1 not at all
    #[arg(long, value_name = "TIME", default_value = "0s", allow_hyphen_values = true)]
    pub(crate) dns_ttl: String,
    /// A header of CONNECT to a proxy (repeatable)
    #[arg(long = "proxy-header", value_name = "HEADER")]
    pub(crate) proxy_headers: Vec<String>,
    /// Idle connections kept per host
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) connections: usize,
    /// Connections per host; a hit waits for a free one [default: as many as it takes]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<usize>,
}

/// What is sent to a Redis server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Redis")]
pub(crate) struct RedisFlags {
    /// A command, e.g. 'SET key:{uniform:1000} {bytes:64}'; also {zipf:N} and {seq:N} (repeatable)
    #[arg(long = "command", value_name = "COMMAND", requires = "url")]
    pub(crate) commands: Vec<String>,
    /// How often each command is sent, e.g. 9:1 [default: all alike]
    #[arg(long, value_name = "N:N", requires = "commands")]
    pub(crate) ratio: Option<String>,
    /// Commands sent together
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) pipeline: usize,
    /// The server is a node of a cluster: follow its slots
    #[arg(long)]
    pub(crate) cluster: bool,
}

/// What becomes of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct ResultFlags {
    /// A name for the attack, in its results
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) name: String,
    /// The file for the results; `-` or `stdout` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<String>,
    /// Fail unless it holds, e.g. 'p(99)<200ms', 'http_req_failed: rate<0.01' or, in every 10 seconds,
    /// 'p(99)<200ms over 10s' (repeatable)
    #[arg(long = "threshold", value_name = "EXPRESSION")]
    pub(crate) thresholds: Vec<String>,
    /// End when a condition on the last seconds holds, e.g. 'p(99)>500ms over 10s',
    /// 'errors>5% over 5s' or 'rate<90% over 10s' (repeatable)
    #[arg(long, value_name = "CONDITION")]
    pub(crate) abort_when: Vec<String>,
    /// Wait for Ctrl-C after the end of the attack, before its report
    #[arg(long)]
    pub(crate) linger: bool,
    /// Exit with 111 when the generator was the limit
    #[arg(long)]
    pub(crate) strict: bool,
    /// Serve the numbers to Prometheus while the attack lasts, e.g. 0.0.0.0:8880
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) prometheus_addr: Option<std::net::SocketAddr>,
    /// Send results to: csv, experimental-prometheus-rw, influxdb, json, opentelemetry, parquet, prometheus,
    /// statsd, each as KIND=TARGET; docs/outputs.md (repeatable)
    #[arg(long, value_name = "KIND[=TARGET]", value_delimiter = ',')]
    pub(crate) out: Vec<String>,
    /// A tag of every sample (repeatable)
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(crate) tags: Vec<String>,
    /// Where the run record goes, or `off` [default: the user's state directory]
    #[arg(long, value_name = "FILE|off", env = "PLIMSOLL_RECORD")]
    pub(crate) record: Option<String>,
}
