//! Flags of `run`, `inspect` and `archive` that are not options of the test itself.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use plimsoll_runtime::duration::go_string;
use plimsoll_script::options::parse_go_duration;

use super::{OptionFlags, SeeFlags};

/// Arrivals that start later than this on purpose would count as those of a generator that is the
/// limit.
const ARRIVAL_SLACK_MAX: Duration = Duration::from_millis(5);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll run script.js                           # as its options say\n  \
    plimsoll run -i 10 script.js                     # one VU, ten iterations\n  \
    plimsoll run -u 5 -d 10s script.js               # five VUs for ten seconds\n  \
    plimsoll run -s 10s:100 -s 60s:100 -s 10s:0 script.js   # up to 100 VUs, stay, down\n  \
    plimsoll run -e BASE=http://127.0.0.1:8080 --out json=samples.json script.js\n  \
    plimsoll run --watch port:8080 --dashboard --report out.html script.js   # look at the service too\n  \
    plimsoll run - < script.js\n\n\
    Exit codes: 0 fine, 99 thresholds failed or --abort-when held, 104 bad configuration, 105 interrupted,\n  \
    107 exception in the script, 108 test.abort(), 110 test.fail()")]
pub(crate) struct RunArgs {
    /// The script or archive; `-` reads the script from standard input
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) options: OptionFlags,
    #[command(flatten)]
    pub(crate) runtime: RuntimeFlags,
    #[command(flatten)]
    pub(crate) see: SeeFlags,

    /// Send results to: csv, experimental-prometheus-rw, influxdb, json, opentelemetry, parquet, prometheus,
    /// statsd, each as KIND=TARGET; docs/outputs.md (repeatable)
    #[arg(
        short,
        long,
        env = "K6_OUT",
        value_name = "KIND[=TARGET]",
        value_delimiter = ',',
        help_heading = "Results"
    )]
    pub(crate) out: Vec<String>,

    /// Where the run record goes, or `off` (default: the user's state directory)
    #[arg(long, value_name = "FILE|off", env = "PLIMSOLL_RECORD", help_heading = "Results")]
    pub(crate) record: Option<String>,

    /// End when a condition on the last seconds holds, e.g. 'p(99)>500ms over 10s' (of http_req_duration),
    /// 'errors>5% over 5s' or, with arrival rates, 'rate<90% over 10s' of what was asked for (repeatable)
    #[arg(long, value_name = "CONDITION", help_heading = "Results")]
    pub(crate) abort_when: Vec<String>,

    /// Worker threads (default: one per core)
    #[arg(long, default_value_t = 0, hide_default_value = true, help_heading = "Load")]
    pub(crate) workers: usize,

    /// How late an arrival may start so as to share a wake-up with the next; 0: each at its own time
    #[arg(
        long,
        env = "PLIMSOLL_ARRIVAL_SLACK",
        value_name = "DURATION",
        default_value = "800us",
        value_parser = arrival_slack,
        help_heading = "Load"
    )]
    pub(crate) arrival_slack: Duration,

    /// Wait for Ctrl-C after the end of the run, before the summary
    #[arg(short, long)]
    pub(crate) linger: bool,

    /// Usage reports: there are none
    #[arg(long, hide = true)]
    pub(crate) no_usage_report: bool,
}

fn arrival_slack(text: &str) -> Result<Duration, String> {
    let slack = parse_go_duration(text).map_err(|error| error.to_string())?;
    if slack.is_negative() || slack.to_std() > ARRIVAL_SLACK_MAX {
        return Err(format!("it must be between 0 and {}", go_string(ARRIVAL_SLACK_MAX)));
    }
    Ok(slack.to_std())
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  plimsoll inspect script.js\n  \
    plimsoll inspect --execution-requirements script.js | jq .maxVUs")]
pub(crate) struct InspectArgs {
    /// The script or archive
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) runtime: RuntimeFlags,
    /// Consolidate with defaults, environment and configuration file, and add what the plan needs
    #[arg(long)]
    pub(crate) execution_requirements: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  plimsoll archive -u 10 -d 10s -O test.tar script.js\n  plimsoll run test.tar"
)]
pub(crate) struct ArchiveArgs {
    /// The script
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) options: OptionFlags,
    #[command(flatten)]
    pub(crate) runtime: RuntimeFlags,
    /// The archive to write; `-` is standard output
    #[arg(short = 'O', long, default_value = "archive.tar", value_name = "FILE")]
    pub(crate) archive_out: PathBuf,
    /// Leave environment variables out of the archive
    #[arg(long)]
    pub(crate) exclude_env_vars: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryMode {
    Compact,
    Full,
    Legacy,
    Disabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompatibilityMode {
    /// `global` is an alias of `globalThis`
    Extended,
    Base,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestType {
    Js,
    Archive,
}

/// How a script is loaded and what is reported of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Script")]
pub(crate) struct RuntimeFlags {
    /// A variable for the script's `__ENV` (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,

    /// Pass the environment on to the script [default: true for run]
    #[arg(long, env = "K6_INCLUDE_SYSTEM_ENV_VARS", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) include_system_env_vars: Option<bool>,

    /// Globals of the script: extended or base
    #[arg(long, env = "K6_COMPATIBILITY_MODE", default_value = "extended")]
    pub(crate) compatibility_mode: CompatibilityMode,

    /// What the file is, when its content does not tell: js or archive
    #[arg(short = 't', long = "type", env = "K6_TYPE", value_name = "TYPE")]
    pub(crate) test_type: Option<TestType>,

    /// Read modules below URL from the folder DIR instead (repeatable)
    #[arg(long, value_name = "URL=DIR")]
    pub(crate) module_mirror: Vec<String>,

    /// Do not evaluate thresholds
    #[arg(long, env = "K6_NO_THRESHOLDS", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", help_heading = "Results")]
    pub(crate) no_thresholds: bool,

    /// No summary at the end
    #[arg(long, env = "K6_NO_SUMMARY", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, value_name = "BOOL", help_heading = "Results")]
    pub(crate) no_summary: bool,

    /// Kind of summary: compact, full, legacy or disabled
    #[arg(long, env = "K6_SUMMARY_MODE", default_value = "compact", help_heading = "Results")]
    pub(crate) summary_mode: SummaryMode,

    /// Write the summary as JSON too
    #[arg(long, env = "K6_SUMMARY_EXPORT", value_name = "FILE", help_heading = "Results")]
    pub(crate) summary_export: Option<PathBuf>,

    /// Traces of k6: not supported
    #[arg(long, env = "K6_TRACES_OUTPUT", default_value = "none", hide = true)]
    pub(crate) traces_output: String,
}
