//! Durations humanized as in k6's summary.

use super::number::{compact_cut, js_string, to_fixed};

/// The unit in which all durations of a summary are printed (`summaryTimeUnit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
}

impl TimeUnit {
    /// `s`, `ms` or `us`; anything else is none.
    pub fn parse(text: &str) -> Option<TimeUnit> {
        match text {
            "s" => Some(TimeUnit::Seconds),
            "ms" => Some(TimeUnit::Milliseconds),
            "us" => Some(TimeUnit::Microseconds),
            _ => None,
        }
    }

    /// The text that [`TimeUnit::parse`] takes.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "s",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Microseconds => "us",
        }
    }
}

/// `millis` in `unit`, or in the units that suit its size: `251.72µs`, `1.5s`, `1h1m1s`.
pub fn humanize(millis: f64, unit: Option<TimeUnit>) -> String {
    match unit {
        Some(TimeUnit::Seconds) => format!("{}s", to_fixed(millis * 0.001, 2)),
        Some(TimeUnit::Milliseconds) => format!("{}ms", to_fixed(millis, 2)),
        Some(TimeUnit::Microseconds) => format!("{}µs", to_fixed(millis * 1000.0, 2)),
        None => humanize_by_size(millis),
    }
}

fn humanize_by_size(millis: f64) -> String {
    if millis == 0.0 {
        return "0s".to_owned();
    }
    if millis < 0.001 {
        return format!("{}ns", js_string((millis * 1_000_000.0).trunc()));
    }
    if millis < 1.0 {
        return format!("{}µs", compact_cut(millis * 1000.0, 2));
    }
    if millis < 1000.0 {
        return format!("{}ms", compact_cut(millis, 2));
    }
    let decimals = if millis > 60_000.0 { 0 } else { 2 };
    let seconds = format!("{}s", compact_cut((millis % 60_000.0) / 1000.0, decimals));
    let minutes = (millis / 60_000.0).trunc();
    if minutes < 1.0 {
        return seconds;
    }
    let text = format!("{}m{seconds}", js_string(minutes % 60.0));
    let hours = (minutes / 60.0).trunc();
    if hours < 1.0 { text } else { format!("{}h{text}", js_string(hours)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn humanized_by_size() {
        for (millis, text) in [
            (0.0, "0s"),
            (0.0000123, "12ns"),
            (0.000999, "999ns"),
            (0.0015, "1.5µs"),
            (0.99999, "999.99µs"),
            (1.0, "1ms"),
            (999.999, "999.99ms"),
            (1000.0, "1s"),
            (59_999.9, "59.99s"),
            (60_000.0, "1m0s"),
            (61_234.5, "1m1s"),
            (3_661_234.0, "1h1m1s"),
            (90_000_000.0, "25h0m0s"),
            (-5.55, "-5550000ns"),
            (1e21, "277777777777777h46m40s"),
        ] {
            assert_eq!(humanize(millis, None), text);
        }
    }

    #[test]
    fn in_a_given_unit() {
        assert_eq!(humanize(101_683.6, Some(TimeUnit::Microseconds)), "101683600.00µs");
        assert_eq!(humanize(0.0, Some(TimeUnit::Milliseconds)), "0.00ms");
        assert_eq!(humanize(1500.0, Some(TimeUnit::Seconds)), "1.50s");
        for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds] {
            assert_eq!(TimeUnit::parse(unit.name()), Some(unit));
        }
    }
}
