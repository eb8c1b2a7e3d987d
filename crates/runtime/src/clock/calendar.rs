//! Wall-clock time as text: RFC 3339 in UTC, both ways.

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// `2026-11-21T10:00:00Z`; with `digits` (0..=9) decimals of the second, cut and not rounded.
pub fn format_rfc3339(unix_nanos: u64, digits: usize) -> String {
    let seconds = unix_nanos / NANOS_PER_SECOND;
    let (year, month, day) = civil_from_days(seconds / SECONDS_PER_DAY);
    let of_day = seconds % SECONDS_PER_DAY;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if digits > 0 {
        let fraction = format!("{:09}", unix_nanos % NANOS_PER_SECOND);
        text.push('.');
        text.extend(fraction.chars().take(digits));
    }
    text.push('Z');
    text
}

/// Nanoseconds since the Unix epoch; decimals past the ninth are cut. `None` for anything that is
/// not RFC 3339 or lies outside 1970 to 2262.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) =
        (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':');
    let (hour, minute, second) =
        (number(clock.next()?, 2)?, number(clock.next()?, 2)?, number(clock.next()?, 2)?);
    let valid = (1970..=2262).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !valid {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = u64::try_from(seconds - zone_seconds(zone)?).ok()?;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(fraction_nanos(fraction)?)
}

/// Exactly `width` decimal digits.
fn number(text: &str, width: usize) -> Option<i64> {
    let digits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn fraction_nanos(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine: String = text.chars().chain(std::iter::repeat('0')).take(9).collect();
    nine.parse().ok()
}

/// `Z`, `+01:00`, `-0330`
fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' | 'z' => return (zone.len() == 1).then_some(0),
        '+' => 1,
        _ => -1,
    };
    let digits: String = zone.get(1..)?.chars().filter(|&character| character != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Year, month and day of the day that many days after 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400
/// years, which all have the same length.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    const DAYS_TO_EPOCH: u64 = 719_468;
    let days = days + DAYS_TO_EPOCH;
    let (era, of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Days after 1970-01-01; the inverse of [`civil_from_days`], for years from 1970.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        for (nanos, digits, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (951_782_400_000_000_000, 0, "2000-02-29T00:00:00Z"),
            (1_000_000_000_123_456_789, 9, "2001-09-09T01:46:40.123456789Z"),
            (1_000_000_000_999_999_999, 3, "2001-09-09T01:46:40.999Z"),
            (4_107_542_399_000_000_000, 0, "2100-02-28T23:59:59Z"),
            (4_107_542_400_000_000_000, 0, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(format_rfc3339(nanos, digits), text);
        }
    }

    #[test]
    fn zones_are_taken_into_account() {
        let utc = parse_rfc3339("2026-11-21T10:00:00Z");
        assert!(utc.is_some());
        assert_eq!(parse_rfc3339("2026-11-21T11:00:00+01:00"), utc);
        assert_eq!(parse_rfc3339("2026-11-21T06:30:00-03:30"), utc);
    }

    #[test]
    fn bad_text_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11-21",
            "2026-02-30T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T10:00:00",
            "2026-11-21T10:00:00.Z",
            "2026-11-21T10:00:00+1",
            "+026-11-21T10:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "2026-11-21T10:0é:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_names_its_moment(nanos in 0..9_223_372_036_000_000_000_u64) {
            prop_assert_eq!(parse_rfc3339(&format_rfc3339(nanos, 9)), Some(nanos));
        }

        #[test]
        fn parsing_never_panics(text in "[0-9TZ:+. -]{0,30}|.{0,30}") {
            let parsed = parse_rfc3339(&text);
            prop_assert!(parsed.is_none() || text.len() >= 17);
        }
    }
}
