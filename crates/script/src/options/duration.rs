//! Durations as k6 reads and prints them: Go's syntax, plus days and bare milliseconds.

use std::{fmt, time::Duration};

use plimsoll_runtime::duration::go_string;

const NANOS_PER_MS: f64 = 1e6;
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// A duration that may be negative, since an option can be written so and must be refused with its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedDuration(i64);

impl SignedDuration {
    pub const ZERO: SignedDuration = SignedDuration(0);

    pub const fn from_nanos(nanos: i64) -> SignedDuration {
        SignedDuration(nanos)
    }

    pub const fn from_secs(secs: i64) -> SignedDuration {
        SignedDuration(secs.saturating_mul(1_000_000_000))
    }

    /// A JSON number is milliseconds; what does not fit is clamped.
    pub fn from_millis_f64(millis: f64) -> SignedDuration {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        SignedDuration((millis * NANOS_PER_MS) as i64)
    }

    pub const fn nanos(self) -> i64 {
        self.0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Zero when negative.
    pub fn to_std(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

impl From<Duration> for SignedDuration {
    fn from(duration: Duration) -> SignedDuration {
        SignedDuration(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Why a text is no duration, in the words of Go that k6's users know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit { unit: String, text: String },
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
}

/// What scripts, config files and the environment take: `1m30s`, `1d12h`, or milliseconds (`1500`).
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let numeric =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E'));
    if numeric && let Ok(millis) = text.parse::<f64>() {
        return Ok(SignedDuration::from_millis_f64(millis));
    }
    let Some((days, rest)) = text.split_once('d') else { return parse_go_duration(text) };
    let invalid = || DurationError::Invalid(text.to_owned());
    let days: i64 = days.parse().map_err(|_| invalid())?;
    let rest = if rest.is_empty() { SignedDuration::ZERO } else { parse_go_duration(rest)? };
    let total = days.checked_mul(DAY).and_then(|d| d.checked_add(rest.0));
    total.map(SignedDuration).ok_or_else(invalid)
}

/// What flags take: Go's own syntax, where a unit is required.
pub fn parse_go_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    // Wider than the result, whose negative side reaches one further than its positive one.
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        if !number.bytes().any(|b| b.is_ascii_digit()) || number.matches('.').count() > 1 {
            return Err(invalid());
        }
        if unit.is_empty() {
            return Err(DurationError::MissingUnit(text.to_owned()));
        }
        let scale = unit_nanos(unit).ok_or_else(|| DurationError::UnknownUnit {
            unit: unit.to_owned(),
            text: text.to_owned(),
        })?;
        total =
            scaled(number, scale).and_then(|part| total.checked_add(part)).ok_or_else(invalid)?;
        rest = next;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).map(SignedDuration).map_err(|_| invalid())
}

fn unit_nanos(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `number` (digits with at most one point) times `scale`, without rounding where it fits.
fn scaled(number: &str, scale: i64) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let (mut parts, mut divisor) = (0_i128, 1_i128);
    // Eighteen digits are far below a nanosecond even for hours.
    for digit in fraction.bytes().take(18) {
        parts = parts * 10 + i128::from(digit - b'0');
        divisor *= 10;
    }
    let scale = i128::from(scale);
    whole.checked_mul(scale)?.checked_add(parts * scale / divisor)
}

/// As Go prints it: `1m30s`, `1.5s`, `100ms`, `0s`.
impl fmt::Display for SignedDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        f.write_str(&go_string(Duration::from_nanos(self.0.unsigned_abs())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SignedDuration, parse_duration, parse_go_duration};

    fn check(text: &str, printed: &str) {
        let shown = match parse_duration(text) {
            Ok(duration) => duration.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, printed, "{text}");
    }

    #[test]
    fn reads_what_k6_reads() {
        check("10s", "10s");
        check("1h2m3.5s", "1h2m3.5s");
        check("90s", "1m30s");
        check("1.5h", "1h30m0s");
        check("10", "10ms");
        check("1.5", "1.5ms");
        check("1e3", "1s");
        check("1d2h", "26h0m0s");
        check("1d1.5h", "25h30m0s");
        check("-5s", "-5s");
        check("+5s", "5s");
        check(".5s", "500ms");
        check("5.s", "5s");
        check("1us2ns", "1.002µs");
        check("5µs", "5µs");
        check("0", "0s");
    }

    #[test]
    fn refuses_what_k6_refuses() {
        check("", "time: invalid duration \"\"");
        check("abc", "time: invalid duration \"abc\"");
        check(".s", "time: invalid duration \".s\"");
        check(" 5s", "time: invalid duration \" 5s\"");
        check("5S", "time: unknown unit \"S\" in duration \"5S\"");
        check("0x10", "time: unknown unit \"x\" in duration \"0x10\"");
        check("9999999h", "time: invalid duration \"9999999h\"");
        check("1h1d", "time: invalid duration \"1h1d\"");
        check("d", "time: invalid duration \"d\"");
    }

    #[test]
    fn a_flag_needs_a_unit() {
        let error = parse_go_duration("5").map_err(|e| e.to_string());
        assert_eq!(error, Err("time: missing unit in duration \"5\"".to_owned()));
    }

    proptest! {
        #[test]
        fn printing_and_reading_is_the_identity(nanos in -(i64::MAX / 2)..i64::MAX / 2) {
            let duration = SignedDuration::from_nanos(nanos);
            prop_assert_eq!(parse_go_duration(&duration.to_string()), Ok(duration));
            prop_assert_eq!(parse_duration(&duration.to_string()), Ok(duration));
        }

        #[test]
        fn any_text_ends_in_a_value_or_an_error(text in "[-+0-9.a-zµ]{0,12}") {
            let _ignored = parse_duration(&text).is_ok();
        }
    }
}
