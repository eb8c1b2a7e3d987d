//! k6 options: the shape in scripts, config files, the environment and flags; consolidation; checks.
//!
//! Each of the four places gives one layer, an [`Options`] with only what is written there;
//! [`consolidate`] makes one value of them, and from it come the engine's plan
//! ([`Options::run_config`]), the thresholds ([`Options::check_thresholds`]) and what scripts and
//! `inspect` see ([`Options::to_json`]).
//!
//! | option | flag | environment | default |
//! |---|---|---|---|
//! | `vus` | `-u --vus` | `K6_VUS` | 1 |
//! | `duration` | `-d --duration` | `K6_DURATION` | |
//! | `iterations` | `-i --iterations` | `K6_ITERATIONS` | 1 per VU without any schedule |
//! | `stages` | `-s --stage` | `K6_STAGES` | |
//! | `scenarios` | | | made from the four above |
//! | `paused` | `-p --paused` | `K6_PAUSED` | false |
//! | `executionSegment` | `--execution-segment` | | the whole test |
//! | `executionSegmentSequence` | `--execution-segment-sequence` | | |
//! | `noSetup`, `noTeardown` | `--no-setup`, `--no-teardown` | `K6_NO_SETUP`, `K6_NO_TEARDOWN` | false |
//! | `setupTimeout`, `teardownTimeout` | | `K6_SETUP_TIMEOUT`, `K6_TEARDOWN_TIMEOUT` | 60s |
//! | `handleSummaryTimeout` | | `K6_HANDLE_SUMMARY_TIMEOUT` | 120s |
//! | `minIterationDuration` | `--min-iteration-duration` | `K6_MIN_ITERATION_DURATION` | 0 |
//! | `rps` | `--rps` | `K6_RPS` | no limit |
//! | `dns` | `--dns` | `K6_DNS` | ttl 5m, random, preferIPv4 |
//! | `maxRedirects` | `--max-redirects` | `K6_MAX_REDIRECTS` | 10 |
//! | `userAgent` | `--user-agent` | `K6_USER_AGENT` | this program's |
//! | `batch`, `batchPerHost` | `--batch`, `--batch-per-host` | `K6_BATCH`, `K6_BATCH_PER_HOST` | 20, 6 |
//! | `httpDebug` | `--http-debug` | `K6_HTTP_DEBUG` | off |
//! | `insecureSkipTLSVerify` | `--insecure-skip-tls-verify` | `K6_INSECURE_SKIP_TLS_VERIFY` | false |
//! | `tlsCipherSuites`, `tlsVersion`, `tlsAuth` | | | |
//! | `throw` | `-w --throw` | `K6_THROW` | false |
//! | `thresholds` | | | |
//! | `blacklistIPs` | `--blacklist-ip` | `K6_BLACKLIST_IPS` | |
//! | `blockHostnames` | `--block-hostnames` | `K6_BLOCK_HOSTNAMES` | |
//! | `hosts` | | | |
//! | `noConnectionReuse` | `--no-connection-reuse` | `K6_NO_CONNECTION_REUSE` | false |
//! | `noVUConnectionReuse` | `--no-vu-connection-reuse` | `K6_NO_VU_CONNECTION_REUSE` | false |
//! | `cloud`, `ext` | | | kept, without effect |
//! | `summaryTrendStats` | `--summary-trend-stats` | `K6_SUMMARY_TREND_STATS` | avg,min,med,max,p(90),p(95) |
//! | `summaryTimeUnit` | `--summary-time-unit` | `K6_SUMMARY_TIME_UNIT` | by size |
//! | `systemTags` | `--system-tags` | `K6_SYSTEM_TAGS` | see [`SystemTags`] |
//! | `tags` | `--tag` | `K6_TAGS` | |
//! | `metricSamplesBufferSize` | | `K6_METRIC_SAMPLES_BUFFER_SIZE` | kept, without effect |
//! | `noCookiesReset` | `--no-cookies-reset` | `K6_NO_COOKIES_RESET` | false |
//! | `discardResponseBodies` | `--discard-response-bodies` | `K6_DISCARD_RESPONSE_BODIES` | false |
//! | `consoleOutput` (not in scripts) | `--console-output` | `K6_CONSOLE_OUTPUT` | |
//! | `localIPs` (not in scripts) | `--local-ips` | `K6_LOCAL_IPS` | |

mod consolidate;
mod duration;
mod error;
mod json;
mod network;
mod plan;
mod scenario;
mod stages;
mod system_tags;
mod text;
mod thresholds;
mod tls;
mod value;

use std::collections::BTreeMap;

use serde_json::Value;

pub use consolidate::{Consolidated, Layer, consolidate, merge};
pub use duration::{DurationError, SignedDuration, parse_duration, parse_go_duration};
pub use error::{OptionsError, Source, Warning};
pub use json::{View, go_pretty};
pub use network::{DnsOptions, HostTarget, IpBlock, LocalIps};
pub use scenario::{ExecutorKind, ScenarioOptions};
pub use stages::{STAGE_LIMIT, StageOptions, parse_stages};
pub use system_tags::{SystemTag, SystemTags};
pub use thresholds::ThresholdOptions;
pub use tls::{TlsAuth, TlsVersions};

/// All options of a run, as one layer (unset = `None`) or consolidated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub paused: Option<bool>,
    pub vus: Option<i64>,
    pub duration: Option<SignedDuration>,
    pub iterations: Option<i64>,
    pub stages: Option<Vec<StageOptions>>,
    pub scenarios: Option<BTreeMap<String, ScenarioOptions>>,
    pub execution_segment: Option<String>,
    pub execution_segment_sequence: Option<String>,
    pub no_setup: Option<bool>,
    pub setup_timeout: Option<SignedDuration>,
    pub no_teardown: Option<bool>,
    pub teardown_timeout: Option<SignedDuration>,
    pub handle_summary_timeout: Option<SignedDuration>,
    /// Requests per second, over all VUs; 0 or less: no limit.
    pub rps: Option<i64>,
    pub dns: DnsOptions,
    pub max_redirects: Option<i64>,
    pub user_agent: Option<String>,
    pub batch: Option<i64>,
    pub batch_per_host: Option<i64>,
    /// `full`, or anything else for headers only
    pub http_debug: Option<String>,
    pub insecure_skip_tls_verify: Option<bool>,
    pub tls_cipher_suites: Option<Vec<String>>,
    pub tls_version: Option<TlsVersions>,
    pub tls_auth: Option<Vec<TlsAuth>>,
    pub throw: Option<bool>,
    pub thresholds: Option<BTreeMap<String, Vec<ThresholdOptions>>>,
    pub blacklist_ips: Option<Vec<IpBlock>>,
    pub block_hostnames: Option<Vec<String>>,
    pub hosts: Option<BTreeMap<String, HostTarget>>,
    pub no_connection_reuse: Option<bool>,
    pub no_vu_connection_reuse: Option<bool>,
    pub min_iteration_duration: Option<SignedDuration>,
    /// Of k6's cloud: kept for the script to read.
    pub cloud: Option<Value>,
    /// Of k6's extensions: kept for the script to read.
    pub ext: Option<Value>,
    pub summary_trend_stats: Option<Vec<String>>,
    /// `s`, `ms` or `us`
    pub summary_time_unit: Option<String>,
    pub system_tags: Option<SystemTags>,
    /// Of every sample.
    pub tags: Option<BTreeMap<String, String>>,
    pub metric_samples_buffer_size: Option<i64>,
    pub no_cookies_reset: Option<bool>,
    pub discard_response_bodies: Option<bool>,
    pub console_output: Option<String>,
    pub local_ips: Option<LocalIps>,
}
