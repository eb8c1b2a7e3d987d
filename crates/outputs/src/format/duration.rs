//! Durations: humanized as in k6's summary, of fixed width as in its progress lines, and as Go prints them.

use std::time::Duration;

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

/// As Go's `time.Duration` prints itself: `1h1m33s`, `10m30.5s`, `1.5ms`, `0s`.
pub fn go_string(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => return format!("{}µs", decimal(nanos, 1_000)),
        1_000_000..1_000_000_000 => return format!("{}ms", decimal(nanos, 1_000_000)),
        _ => {}
    }
    const MINUTE: u128 = 60_000_000_000;
    let seconds = decimal(nanos % MINUTE, 1_000_000_000);
    let minutes = nanos / MINUTE;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / unit` without trailing zeros; `unit` is a power of ten.
fn decimal(value: u128, unit: u128) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit.ilog10() as usize;
    format!("{whole}.{}", format!("{rest:0digits$}").trim_end_matches('0'))
}

/// `duration` in tenths of seconds, as wide as `longest` would be: `00m01.0s` of `10m0s`.
pub fn fixed(duration: Duration, longest: Duration) -> String {
    const DAY: u64 = 86_400;
    let tenths =
        u64::try_from((duration.as_nanos() + 50_000_000) / 100_000_000).unwrap_or(u64::MAX);
    let (total, tenth) = (tenths / 10, tenths % 10);
    let (days, hours, minutes, seconds) =
        (total / DAY, total / 3600 % 24, total / 60 % 60, total % 60);
    let longest = longest.as_secs();
    let digits = |value: u64| value.checked_ilog10().map_or(1, |log| log as usize + 1);
    let two = |value: u64| format!("{value:02}");
    if longest >= DAY {
        let width = digits(longest / DAY);
        format!("{days:0width$}d{}h{}m{}.{tenth}s", two(hours), two(minutes), two(seconds))
    } else if longest >= 3600 {
        let width = digits(longest / 3600);
        format!("{:0width$}h{}m{}.{tenth}s", total / 3600, two(minutes), two(seconds))
    } else if longest >= 60 {
        let width = digits(longest / 60);
        format!("{:0width$}m{}.{tenth}s", total / 60, two(seconds))
    } else {
        let width = digits(longest);
        format!("{total:0width$}.{tenth}s")
    }
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

    #[test]
    fn as_go_prints_them() {
        for (nanos, text) in [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (1_500_000, "1.5ms"),
            (500_000_000, "500ms"),
            (2_000_000_000, "2s"),
            (600_000_000_000, "10m0s"),
            (630_500_000_000, "10m30.5s"),
            (360_210_000_000_000, "100h3m30s"),
        ] {
            assert_eq!(go_string(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn as_wide_as_the_longest() {
        let check = |millis, longest, text: &str| {
            assert_eq!(fixed(Duration::from_millis(millis), Duration::from_secs(longest)), text);
        };
        check(1_000, 2, "1.0s");
        check(1_040, 31, "01.0s");
        check(3_200, 630, "00m03.2s");
        check(61_000, 90, "1m01.0s");
        check(1_500, 3_600, "0h00m01.5s");
        check(1_000, 360_180, "0d00h00m01.0s");
    }
}
