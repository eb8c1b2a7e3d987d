//! Durations as text: as Go and therefore k6 print them, and of fixed width as in progress lines.

use std::time::Duration;

/// As Go's `time.Duration` prints itself, and so k6: `1h1m33s`, `10m30.5s`, `1.5ms`, `0s`.
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
    fn as_go_prints_them() {
        for (nanos, text) in [
            (0, "0s"),
            (15, "15ns"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (1_500_000, "1.5ms"),
            (500_000_000, "500ms"),
            (2_000_000_000, "2s"),
            (2_200_000_000, "2.2s"),
            (60_000_000_000, "1m0s"),
            (600_000_000_000, "10m0s"),
            (630_500_000_000, "10m30.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (3_630_050_000_000, "1h0m30.05s"),
            (360_210_000_000_000, "100h3m30s"),
        ] {
            assert_eq!(go_string(Duration::from_nanos(nanos)), text);
        }
    }

    /// As observed in k6 1.1.0.
    #[test]
    fn as_wide_as_the_longest() {
        let check = |millis, longest, text: &str| {
            assert_eq!(fixed(Duration::from_millis(millis), Duration::from_secs(longest)), text);
        };
        check(1_000, 2, "1.0s");
        check(1_010, 3, "1.0s");
        check(1_000, 20, "01.0s");
        check(1_040, 31, "01.0s");
        check(3_200, 630, "00m03.2s");
        check(110, 600, "00m00.1s");
        check(61_000, 90, "1m01.0s");
        check(1_500, 3_600, "0h00m01.5s");
        check(3_700_000, 7_200, "1h01m40.0s");
        check(1_000, 360_180, "0d00h00m01.0s");
    }
}
