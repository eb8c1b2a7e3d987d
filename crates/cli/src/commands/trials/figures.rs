//! Figures as people read them.

use std::time::Duration;

/// A rate as people read it: `1,840/s`, `12.5/s`.
pub(in crate::commands) fn rate(rate: f64) -> String {
    format!("{}/s", number(rate))
}

/// With separators, and digits behind the point for small ones only.
pub(in crate::commands) fn number(number: f64) -> String {
    let decimals = match number {
        number if number < 10.0 => 2,
        number if number < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = if rest.trim_end_matches('0') == "." { "" } else { rest };
    grouped + rest
}

/// A time: `0.82 ms`, `43.2 ms`, `1.25 s`.
pub(in crate::commands) fn milliseconds(time: f64) -> String {
    match time {
        time if time >= 1000.0 => format!("{:.2} s", time / 1e3),
        time if time >= 100.0 => format!("{time:.0} ms"),
        time if time >= 10.0 => format!("{time:.1} ms"),
        time => format!("{time:.2} ms"),
    }
}

/// A share: `0 %`, `0.013 %`, `12 %`.
pub(in crate::commands) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => format!("{percent:.3} %"),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

/// A length: `8s`, `2m05s`.
pub(in crate::commands) fn length(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        seconds => format!("{}m{:02}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let check = |value, expected: &str| assert_eq!(number(value), expected);
        check(0.0, "0");
        check(0.125, "0.12");
        check(5.0, "5");
        check(12.34, "12.3");
        check(100.0, "100");
        check(999.6, "1,000");
        check(1840.2, "1,840");
        check(1_234_567.0, "1,234,567");
    }

    #[test]
    fn times_and_shares() {
        assert_eq!(milliseconds(0.8249), "0.82 ms");
        assert_eq!(milliseconds(43.21), "43.2 ms");
        assert_eq!(milliseconds(812.4), "812 ms");
        assert_eq!(milliseconds(1250.0), "1.25 s");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.000_13), "0.013 %");
        assert_eq!(percent(0.125), "12 %");
        assert_eq!(length(Duration::from_millis(7_600)), "8s");
        assert_eq!(length(Duration::from_secs(125)), "2m05s");
    }
}
