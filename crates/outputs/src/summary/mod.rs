//! The end-of-test summary: as text, as the data that `handleSummary` gets, and as `--summary-export` writes it.

mod checks;
pub mod data;
mod legacy;
mod metrics;
mod modern;
mod parts;
mod style;
mod table;
mod trend_stat;
mod values;

#[cfg(test)]
mod tests;

use std::time::Duration;

use plimsoll_metrics::{
    Totals,
    totals::{Entry, ThresholdState},
};

pub use crate::format::duration::TimeUnit;
pub use parts::Parts;
pub use trend_stat::{TrendStat, TrendStatError};

/// How much the summary shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Compact,
    /// Also every phase of a request, every group and every scenario.
    Full,
    /// One list of metrics and the tree of groups, as k6 had it before 1.0.
    Legacy,
    /// Nothing at all.
    Disabled,
}

impl Mode {
    /// `compact`, `full`, `legacy` or `disabled`; anything else is none.
    pub fn parse(text: &str) -> Option<Mode> {
        match text {
            "compact" => Some(Mode::Compact),
            "full" => Some(Mode::Full),
            "legacy" => Some(Mode::Legacy),
            "disabled" => Some(Mode::Disabled),
            _ => None,
        }
    }
}

/// What a summary is made from.
#[derive(Clone, Copy)]
pub struct SummaryInput<'a> {
    pub totals: &'a Totals,
    /// Of the run; rates are per second of it.
    pub duration: Duration,
    pub mode: Mode,
    /// Whether the text goes to a terminal that wants colors.
    pub color: bool,
    /// Columns of trends, in order; see [`TrendStat::defaults`].
    pub trend_stats: &'a [TrendStat],
    pub time_unit: Option<TimeUnit>,
    /// What [`Mode::Full`] shows of groups and scenarios.
    pub parts: Option<&'a Parts>,
    /// Said before everything else, one per line: why the numbers may not be what they seem,
    /// e.g. that the generator was the limit.
    pub warnings: &'a [String],
    /// What watched things did, a line each, behind everything else ([`crate::watched::summary`]).
    pub watched: &'a [String],
}

/// Instead of the value of a threshold with windows, when there was none to judge.
const NO_WINDOW: &str = "no window was full";

/// The value of a metric that a threshold such as `p(95)<200` is about, with its name: `p(95)=12ms`.
pub fn measured(entry: &Entry, state: &ThresholdState, duration: Duration) -> String {
    if metrics::is_missing(entry) {
        return "nothing was recorded".to_owned();
    }
    let scale = values::Scale { duration, unit: None, trend_stats: &[] };
    match scale.judged(state, entry) {
        Some((name, value)) => format!("{name}={value}"),
        None => NO_WINDOW.to_owned(),
    }
}

/// The summary's text, empty when the mode is [`Mode::Disabled`].
pub fn render(input: &SummaryInput) -> String {
    let style = style::Style { color: input.color };
    let mut text = match input.mode {
        Mode::Compact | Mode::Full => modern::render(input),
        Mode::Legacy => legacy::render(input),
        Mode::Disabled => return String::new(),
    };
    if !input.watched.is_empty() {
        let lines: String = input.watched.iter().map(|line| format!("    {line}\n")).collect();
        text.push_str(&format!("  █ {} \n\n{lines}\n", style.bold("WATCHED")));
    }
    if input.warnings.is_empty() {
        return text;
    }
    let warnings: String = input
        .warnings
        .iter()
        .map(|line| format!("  {}\n", style.red(&format!("! {line}"))))
        .collect();
    format!("\n{warnings}{text}")
}
