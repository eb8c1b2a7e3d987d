//! What a run prints: its header before, its summary after, and the files of `handleSummary`.

use std::{io::Write, sync::Arc, time::Duration};

use plimsoll_engine::{
    control::Control,
    executors::Work,
    plan::{Plan, PlannedScenario},
    run::Finished,
};
use plimsoll_outputs::{
    progress::{Banner, banner},
    summary::{
        self, Mode, Parts, SummaryInput, TimeUnit, TrendStat,
        data::{self, DataInput},
    },
};
use plimsoll_runtime::{duration::go_string, log::Log};
use plimsoll_script::{lifecycle::Script, options::Options};
use serde_json::Value;

use crate::{
    args::{RunArgs, RuntimeFlags, SummaryMode},
    exit::{Exit, Failure},
    terminal::{self, Terminal},
};

/// Everything that the end of a run is told from.
pub(crate) struct Report<'a> {
    pub(crate) script: &'a Script,
    pub(crate) finished: &'a Finished,
    pub(crate) control: &'a Arc<Control>,
    pub(crate) options: &'a Options,
    pub(crate) trend_stats: &'a [TrendStat],
    pub(crate) runtime: &'a RuntimeFlags,
    pub(crate) parts: Option<Parts>,
    /// Why the numbers are not valid.
    pub(crate) warnings: &'a [String],
    /// What watched things did, a line each.
    pub(crate) watched: Vec<String>,
    pub(crate) terminal: Terminal,
    pub(crate) log: &'a Log,
}

/// The columns of trends that `options` ask for.
///
/// # Errors
/// A name that is none, with k6's message and exit code.
pub(crate) fn trend_stats(options: &Options) -> Result<Vec<TrendStat>, Failure> {
    let Some(names) = &options.summary_trend_stats else {
        return Ok(TrendStat::defaults());
    };
    let parse = |name: &String| TrendStat::parse(name);
    names.iter().map(parse).collect::<Result<_, _>>().map_err(|error| {
        Failure::new(Exit::Other, error.to_string())
            .with_hint("the columns are avg, min, med, max, count and p(N)")
    })
}

impl Report<'_> {
    /// Prints the summary, or what `handleSummary` makes of it, and writes `--summary-export`.
    /// Each is tried even when another fails; the first failure is returned.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        let setup_data = self.setup_data();
        let summary = SummaryInput {
            totals: &self.finished.totals,
            duration: self.finished.duration,
            mode: self.mode(),
            color: self.terminal.color_on_stdout(),
            trend_stats: self.trend_stats,
            time_unit: self.options.summary_time_unit.as_deref().and_then(TimeUnit::parse),
            parts: self.parts.as_ref(),
            warnings: self.warnings,
            watched: &self.watched,
        };
        let data = DataInput {
            summary,
            no_color: !self.terminal.color_allowed,
            stdout_is_terminal: self.terminal.stdout_is_tty,
            stderr_is_terminal: self.terminal.stderr_is_tty,
            setup_data: setup_data.as_ref(),
        };
        let exported = self.export(&data);
        let shown = if summary.mode == Mode::Disabled { Ok(()) } else { self.show(&data) };
        exported.and(shown)
    }

    /// What `setup()` returned; it came from `JSON.stringify`, so it is JSON.
    fn setup_data(&self) -> Option<Value> {
        let text = self.script.test().setup_data();
        text.and_then(|text| serde_json::from_str(&text).ok())
    }

    fn mode(&self) -> Mode {
        if self.runtime.no_summary {
            return Mode::Disabled;
        }
        match self.runtime.summary_mode {
            SummaryMode::Compact => Mode::Compact,
            SummaryMode::Full => Mode::Full,
            SummaryMode::Legacy => Mode::Legacy,
            SummaryMode::Disabled => Mode::Disabled,
        }
    }

    fn export(&self, data: &DataInput) -> Result<(), Failure> {
        let Some(path) = &self.runtime.summary_export else { return Ok(()) };
        std::fs::write(path, data::export(data)).map_err(|error| {
            Failure::new(
                Exit::Other,
                format!("cannot write the summary to {}: {error}", path.display()),
            )
        })
    }

    fn show(&self, data: &DataInput) -> Result<(), Failure> {
        let data_text = data::handle_summary(data).to_string();
        let handled = self.script.handle_summary(data_text, self.control);
        match handled {
            Ok(Some(files)) => write_files(files),
            Ok(None) => terminal::print(&summary::render(&data.summary)),
            Err(error) => {
                self.log.error(&error.to_string());
                terminal::print(&summary::render(&data.summary))
            }
        }
    }
}

/// What `handleSummary` returned: every file is tried, the failures are told together.
fn write_files(files: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for (name, content) in files {
        let written = match name.as_str() {
            "stdout" => {
                terminal::print(&String::from_utf8_lossy(&content))?;
                Ok(())
            }
            "stderr" => std::io::stderr().write_all(&content),
            path => std::fs::write(path, &content),
        };
        if let Err(error) = written {
            failures.push(format!("could not open '{name}': {error}"));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(Exit::Other, failures.join("; "))) }
}

/// What stands above a run: what runs, where the samples go, and the plan.
pub(crate) fn header(
    args: &RunArgs,
    outputs: Vec<String>,
    dashboard: Option<String>,
    plan: &Plan,
    color: bool,
) -> String {
    let scenario = |planned: &PlannedScenario| {
        (planned.scenario.name.clone(), description(planned, args.arrival_slack))
    };
    let parts = Banner {
        program: concat!("plimsoll ", env!("CARGO_PKG_VERSION")).to_owned(),
        script: args.file.display().to_string(),
        dashboard,
        outputs,
        headline: plan.headline(),
        scenarios: plan.scenarios.iter().map(scenario).collect(),
    };
    banner(&parts, color)
}

/// As in k6, and that arrivals share wake-ups where they come close enough for that.
fn description(planned: &PlannedScenario, slack: Duration) -> String {
    let text = planned.description.clone();
    let Work::Open(arrivals) = &planned.sizing.work else { return text };
    if arrivals.rate_max() * arrivals.share() * slack.as_secs_f64() < 1.0 {
        return text;
    }
    format!("{text}, arrivals up to {} late on purpose", go_string(slack))
}

#[cfg(test)]
mod tests {
    use plimsoll_engine::config::{Executor, RunConfig, Scenario};

    use super::*;

    #[test]
    fn the_header_tells_of_arrivals_that_share_wake_ups() {
        let check = |rate: u64, slack_us: u64, expected: bool| {
            let executor = Executor::ConstantArrivalRate {
                rate,
                time_unit: Duration::from_secs(1),
                duration: Duration::from_secs(1),
                pre_allocated_vus: 1,
                max_vus: 1,
            };
            let scenario = Scenario {
                name: "steady".to_owned(),
                executor,
                start_time: Duration::ZERO,
                graceful_stop: Duration::ZERO,
                exec: "default".to_owned(),
                env: std::collections::BTreeMap::new(),
                tags: std::collections::BTreeMap::new(),
            };
            let plan = Plan::new(&RunConfig { scenarios: vec![scenario], ..RunConfig::default() });
            let text = description(&plan.scenarios[0], Duration::from_micros(slack_us));
            assert_eq!(
                text.ends_with(", arrivals up to 800µs late on purpose"),
                expected,
                "{text}"
            );
        };
        check(5000, 800, true);
        check(5000, 0, false);
        check(1000, 800, false);
    }

    #[test]
    fn bad_trend_stats_are_refused_as_in_k6() {
        let check = |names: &[&str], expected: Result<usize, &str>| {
            let names = Some(names.iter().map(|name| (*name).to_owned()).collect());
            let read = trend_stats(&Options { summary_trend_stats: names, ..Options::default() });
            let read = read.map(|stats| stats.len());
            let exit = read.as_ref().err().map(|failure| failure.exit.code());
            assert_eq!(exit, expected.err().map(|_| 255));
            assert_eq!(read.map_err(|failure| failure.message), expected.map_err(str::to_owned));
        };
        check(&["avg", "p(99.9)"], Ok(2));
        check(&[], Ok(0));
        check(&["avg", "foo"], Err("invalid trend stat 'foo', unknown format"));
        check(
            &["p(101)"],
            Err("invalid percentile trend stat value 'p(101)', provide a number between 0 and 100"),
        );
    }
}
