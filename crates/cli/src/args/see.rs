//! Flags for those who want to look: at the load, and at what it does to machines.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use plimsoll_outputs::{report_page::Format, view::live::Address};
use plimsoll_script::options::parse_go_duration;

/// That of k6's dashboard.
const DASHBOARD_PORT: u16 = 5665;

/// Between two samples at least: a look at some dozens of processes takes its time.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// Between two samples where no flag says, as in `watch_every`.
const EVERY_DEFAULT: Duration = Duration::from_secs(1);

/// What is watched, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Looking")]
pub(crate) struct WatchFlags {
    /// Watch beside the load, e.g. port:8080 (whoever listens there), name:nginx, pid:123, host,
    /// cgroup:/PATH, docker:NAME, agent:HOST:PORT (of plimsoll watch), postgres://.., redis://..,
    /// nginx:http://.., prometheus:http://.. (repeatable)
    #[arg(long, value_name = "WHAT")]
    pub(crate) watch: Vec<String>,

    /// Between two samples of what is watched, 100ms at least
    #[arg(
        long,
        value_name = "TIME",
        env = "PLIMSOLL_WATCH_EVERY",
        default_value = "1s",
        value_parser = every
    )]
    pub(crate) watch_every: Duration,

    /// What agents on other hosts want to hear; better in the variable than on the command line
    #[arg(long, value_name = "TOKEN", env = "PLIMSOLL_WATCH_TOKEN", hide_env_values = true)]
    pub(crate) watch_token: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Looking")]
pub(crate) struct SeeFlags {
    #[command(flatten)]
    pub(crate) watched: WatchFlags,

    /// Serve a live dashboard: at 127.0.0.1:5665, or at the address or port given (--dashboard=8000)
    #[arg(
        long,
        value_name = "ADDR",
        env = "PLIMSOLL_DASHBOARD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = dashboard
    )]
    pub(crate) dashboard: Option<Address>,

    /// Write a report that opens offline (.html) or goes into a pull request (.md) (repeatable)
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_REPORT", value_parser = report)]
    pub(crate) report: Vec<PathBuf>,
}

impl SeeFlags {
    /// Looks at nothing.
    pub(crate) fn nothing() -> SeeFlags {
        let watched =
            WatchFlags { watch: Vec::new(), watch_every: EVERY_DEFAULT, watch_token: None };
        SeeFlags { watched, dashboard: None, report: Vec::new() }
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let every = parse_go_duration(text).map_err(|error| error.to_string())?;
    if every.is_negative() || every.to_std() < EVERY_MIN {
        return Err("it must be 100ms at least".to_owned());
    }
    Ok(every.to_std())
}

/// An address, or `true` for the usual one.
fn dashboard(text: &str) -> Result<Address, String> {
    if text == "true" { Ok(Address::Default) } else { address(text).map(Address::Given) }
}

/// What to write for `--dashboard ADDR`: without `=` the flag has no address, and the word behind it is taken
/// for the script or the target.
pub(crate) fn dashboard_tip(arguments: &[OsString]) -> Option<String> {
    let words = || arguments.iter().map(|word| word.to_str().unwrap_or_default());
    let (_, apart) = words()
        .zip(words().skip(1))
        .find(|(flag, next)| *flag == "--dashboard" && address(next).is_ok())?;
    Some(format!("an address goes behind an equals sign: --dashboard={apart}"))
}

/// Where a page is served.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    super::address::parse(text, DASHBOARD_PORT)
}

fn report(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match Format::of(&path) {
        Some(_) => Ok(path),
        None => Err("the name must end in .html or .md: that is how it is written".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, dashboard, dashboard_tip, every, report};

    #[test]
    fn addresses_of_the_dashboard() {
        assert_eq!(dashboard("true"), Ok(Address::Default));
        assert!(matches!(dashboard("81"), Ok(Address::Given(_))));
    }

    #[test]
    fn an_address_apart_from_its_flag_is_told() {
        let check = |line: &str, expected: Option<&str>| {
            let words: Vec<_> = line.split_whitespace().map(Into::into).collect();
            let tip = dashboard_tip(&words);
            let tip = tip.as_deref().and_then(|tip| tip.rsplit_once(": ")).map(|(_, flag)| flag);
            assert_eq!(tip, expected, "{line}");
        };
        check("run --dashboard 127.0.0.1:81 a.js", Some("--dashboard=127.0.0.1:81"));
        check("capacity http://a/ --dashboard 8000", Some("--dashboard=8000"));
        check("run --dashboard a.js", None);
        check("run --dashboard", None);
        check("run --dashboard=81 a.js 82", None);
    }

    #[test]
    fn times_between_samples_and_names_of_reports() {
        for (text, good) in [("1s", true), ("100ms", true), ("99ms", false), ("-1s", false)] {
            assert_eq!(every(text).is_ok(), good, "{text}");
        }
        for (text, good) in [("a.html", true), ("b/c.md", true), ("a.pdf", false), ("html", false)]
        {
            assert_eq!(report(text).is_ok(), good, "{text}");
        }
    }
}
