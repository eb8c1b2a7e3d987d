//! The figures of a metric, as numbers for machines and as text for people.

use std::time::Duration;

use plimsoll_metrics::{
    Aggregation, Contains, Sink,
    totals::{Entry, InWindows, ThresholdState},
};

use super::trend_stat::TrendStat;
use crate::format::{
    bytes,
    duration::{TimeUnit, humanize},
    number::compact,
};

/// What decides how a metric's figures are made and printed.
#[derive(Clone, Copy)]
pub(super) struct Scale<'a> {
    pub(super) duration: Duration,
    pub(super) unit: Option<TimeUnit>,
    pub(super) trend_stats: &'a [TrendStat],
}

/// The columns of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cells {
    /// One value for each figure of the trend.
    Trend(Vec<String>),
    /// The value and what is said about it.
    Plain(String, Vec<String>),
}

impl Scale<'_> {
    /// Per second of the run; 0 when it had no length.
    pub(super) fn per_second(&self, sum: f64) -> f64 {
        let seconds = self.duration.as_secs_f64();
        if seconds > 0.0 { sum / seconds } else { 0.0 }
    }

    /// `value` of a metric that holds `contains`.
    pub(super) fn text(&self, value: f64, contains: Contains) -> String {
        match contains {
            Contains::Default => compact(value, 6),
            Contains::Time => humanize(value, self.unit),
            Contains::Data => bytes::humanize(value),
        }
    }

    pub(super) fn cells(&self, sink: &Sink, contains: Contains) -> Cells {
        match sink {
            Sink::Counter { sum } => {
                let rate = self.text(self.per_second(*sum), contains);
                Cells::Plain(self.text(*sum, contains), vec![format!("{rate}/s")])
            }
            Sink::Gauge { value, min, max, .. } => {
                let text = |value: &f64| self.text(*value, contains);
                let extremes = vec![format!("min={}", text(min)), format!("max={}", text(max))];
                Cells::Plain(text(value), extremes)
            }
            Sink::Rate { trues, total } => {
                Cells::Plain(percent(*trues, *total), vec![format!("{trues} out of {total}")])
            }
            Sink::Trend(histogram) => Cells::Trend(
                self.trend_stats
                    .iter()
                    .map(|stat| match stat {
                        TrendStat::Count => histogram.count().to_string(),
                        stat => self.text(stat.of(histogram), contains),
                    })
                    .collect(),
            ),
        }
    }

    /// The value that a threshold such as `p(95)<200` is about, behind its name: `("p(95)", "12ms")`. Of one
    /// with windows that of the first which did not keep it, else of the worst; `None` when none was full.
    pub(super) fn judged(&self, state: &ThresholdState, entry: &Entry) -> Option<(String, String)> {
        let source = &state.threshold.source;
        if state.threshold.over.is_none() {
            return Some(self.threshold(source, &entry.sink, entry.metric.contains));
        }
        let text = |value: f64| match (&entry.sink, state.threshold.aggregation) {
            (Sink::Rate { .. }, _) => format!("{:.2}%", value * 100.0),
            (Sink::Counter { .. }, Aggregation::Rate) => {
                format!("{}/s", self.text(value, entry.metric.contains))
            }
            _ => self.text(value, entry.metric.contains),
        };
        let told = match state.in_windows {
            InWindows { broken: Some((value, second)), .. } => {
                format!("{} in second {second}", text(value))
            }
            InWindows { worst, .. } => format!("{} at worst", text(worst?)),
        };
        Some((method(source).to_owned(), told))
    }

    fn threshold(&self, source: &str, sink: &Sink, contains: Contains) -> (String, String) {
        let name = method(source);
        let text = match (sink, name) {
            (Sink::Counter { sum }, "rate") => {
                format!("{}/s", self.text(self.per_second(*sum), contains))
            }
            (Sink::Counter { sum }, _) => self.text(*sum, contains),
            (Sink::Gauge { value, .. }, _) => self.text(*value, contains),
            (Sink::Rate { trues, total }, _) => percent(*trues, *total),
            (Sink::Trend(histogram), name) => TrendStat::parse(name)
                .map_or_else(|_| String::new(), |stat| self.text(stat.of(histogram), contains)),
        };
        (name.to_owned(), text)
    }
}

/// What stands before the comparison.
fn method(source: &str) -> &str {
    source.split(['<', '>', '=', '!']).next().unwrap_or(source).trim()
}

/// A share in percent with two decimals, cut, never rounded up to a full hundred; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    format!("{:.2}%", (share * 100.0 * 100.0).trunc() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_are_cut() {
        assert_eq!(percent(26, 75), "34.66%");
        assert_eq!(percent(99_999, 100_000), "99.99%");
        assert_eq!(percent(0, 0), "0.00%");
        assert_eq!(percent(3, 3), "100.00%");
    }
}
