//! Flags that are options of the test: each is one option of k6, by k6's name.
//!
//! Values stay text here; [`plimsoll_script::options`] parses them, as it does the same options in
//! scripts, files and the environment, and its errors name the flag.

use clap::Args;
use plimsoll_script::options::Options;

use crate::exit::{Exit, Failure};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct OptionFlags {
    /// Virtual users
    #[arg(short = 'u', long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) vus: Option<String>,
    /// How long, e.g. 30s or 1h10m
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) duration: Option<String>,
    /// Iterations in all, shared by the VUs
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) iterations: Option<String>,
    /// A stage: the number of VUs to ramp to, and how long that takes (repeatable)
    #[arg(short, long = "stage", value_name = "TIME:VUS")]
    pub(crate) stages: Vec<String>,
    /// Run only this part of the test, e.g. 10%, 1/3, 0.2:2/3
    #[arg(long, value_name = "FROM:TO")]
    pub(crate) execution_segment: Option<String>,
    /// How all parts are cut, e.g. 0,1/3,2/3,1
    #[arg(long, value_name = "CUTS")]
    pub(crate) execution_segment_sequence: Option<String>,
    /// Start paused: not supported
    #[arg(short, long, hide = true)]
    pub(crate) paused: bool,
    /// Do not run setup()
    #[arg(long)]
    pub(crate) no_setup: bool,
    /// Do not run teardown()
    #[arg(long)]
    pub(crate) no_teardown: bool,
    /// An iteration takes at least this long
    #[arg(long, value_name = "TIME")]
    pub(crate) min_iteration_duration: Option<String>,

    /// Follow at most N redirects [default: 10]
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub(crate) max_redirects: Option<String>,
    /// Requests of one http.batch() at a time [default: 20]
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub(crate) batch: Option<String>,
    /// The same, per host [default: 6]
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub(crate) batch_per_host: Option<String>,
    /// At most N requests per second, over all VUs
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub(crate) rps: Option<String>,
    /// The User-Agent header
    #[arg(long, value_name = "TEXT", help_heading = "HTTP")]
    pub(crate) user_agent: Option<String>,
    /// Log requests and responses, with --http-debug=full their bodies too
    #[arg(long, value_name = "headers|full", num_args = 0..=1, require_equals = true, default_missing_value = "headers", help_heading = "HTTP")]
    pub(crate) http_debug: Option<String>,
    /// Do not verify TLS certificates
    #[arg(long, help_heading = "HTTP")]
    pub(crate) insecure_skip_tls_verify: bool,
    /// A new connection for every request
    #[arg(long, help_heading = "HTTP")]
    pub(crate) no_connection_reuse: bool,
    /// New connections in every iteration
    #[arg(long = "no-vu-connection-reuse", help_heading = "HTTP")]
    pub(crate) no_vu_connection_reuse: bool,
    /// Failed requests raise exceptions
    #[arg(short = 'w', long, help_heading = "HTTP")]
    pub(crate) throw: bool,
    /// Do not connect to addresses of this range (repeatable)
    #[arg(long = "blacklist-ip", value_name = "CIDR", help_heading = "HTTP")]
    pub(crate) blacklist_ips: Vec<String>,
    /// Do not connect to these host names, e.g. *.example.com (repeatable)
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', help_heading = "HTTP")]
    pub(crate) block_hostnames: Vec<String>,
    /// Read response bodies but do not keep them
    #[arg(long, help_heading = "HTTP")]
    pub(crate) discard_response_bodies: bool,
    /// Addresses to send from: IPs, ranges, CIDRs
    #[arg(long, value_name = "LIST", help_heading = "HTTP")]
    pub(crate) local_ips: Option<String>,
    /// Resolver: ttl=5m,select=random,policy=preferIPv4
    #[arg(long, value_name = "SETTINGS", help_heading = "HTTP")]
    pub(crate) dns: Option<String>,

    /// Columns of trend metrics, e.g. avg,p(95),p(99.9)
    #[arg(long, value_name = "STATS", help_heading = "Results")]
    pub(crate) summary_trend_stats: Option<String>,
    /// Unit of times in the summary: s, ms or us
    #[arg(long, value_name = "UNIT", help_heading = "Results")]
    pub(crate) summary_time_unit: Option<String>,
    /// System tags that samples carry
    #[arg(long, value_name = "LIST", help_heading = "Results")]
    pub(crate) system_tags: Option<String>,
    /// A tag of every sample (repeatable)
    #[arg(long = "tag", value_name = "NAME=VALUE", help_heading = "Results")]
    pub(crate) tags: Vec<String>,
    /// Write console output to this file
    #[arg(long, env = "K6_CONSOLE_OUTPUT", value_name = "FILE", help_heading = "Results")]
    pub(crate) console_output: Option<String>,
}

impl OptionFlags {
    /// What was given, as a layer of options. A value that is none is a wrong flag, not a bad
    /// configuration: k6 ends with 255, too.
    pub(crate) fn layer(&self) -> Result<Options, Failure> {
        let wrong = |error| Failure { exit: Exit::Other, ..Failure::from(error) };
        let mut options = Options::default();
        for (flag, text) in self.given() {
            if !options.set_flag(flag, text).map_err(wrong)? {
                return Err(Failure::new(Exit::Other, format!("--{flag} is not supported")));
            }
        }
        Ok(options)
    }

    /// Every flag that was given, with its text, in order.
    fn given(&self) -> Vec<(&'static str, &str)> {
        let single = [
            ("vus", &self.vus),
            ("duration", &self.duration),
            ("iterations", &self.iterations),
            ("execution-segment", &self.execution_segment),
            ("execution-segment-sequence", &self.execution_segment_sequence),
            ("min-iteration-duration", &self.min_iteration_duration),
            ("max-redirects", &self.max_redirects),
            ("batch", &self.batch),
            ("batch-per-host", &self.batch_per_host),
            ("rps", &self.rps),
            ("user-agent", &self.user_agent),
            ("http-debug", &self.http_debug),
            ("local-ips", &self.local_ips),
            ("dns", &self.dns),
            ("summary-trend-stats", &self.summary_trend_stats),
            ("summary-time-unit", &self.summary_time_unit),
            ("system-tags", &self.system_tags),
            ("console-output", &self.console_output),
        ];
        let several = [
            ("stage", &self.stages),
            ("blacklist-ip", &self.blacklist_ips),
            ("block-hostnames", &self.block_hostnames),
            ("tag", &self.tags),
        ];
        let switches = [
            ("no-setup", self.no_setup),
            ("no-teardown", self.no_teardown),
            ("insecure-skip-tls-verify", self.insecure_skip_tls_verify),
            ("no-connection-reuse", self.no_connection_reuse),
            ("no-vu-connection-reuse", self.no_vu_connection_reuse),
            ("throw", self.throw),
            ("discard-response-bodies", self.discard_response_bodies),
        ];
        let single = single.into_iter().filter_map(|(flag, text)| Some((flag, text.as_deref()?)));
        let several = several
            .into_iter()
            .flat_map(|(flag, texts)| texts.iter().map(move |text| (flag, text.as_str())));
        let switches = switches.into_iter().filter(|(_, on)| *on).map(|(flag, _)| (flag, "true"));
        single.chain(several).chain(switches).collect()
    }
}
