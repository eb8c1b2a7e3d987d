//! Dates in cookies.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MS_PER_DAY: i64 = 86_400_000;

/// Milliseconds since the Unix epoch of a date such as `Wed, 21 Oct 2015 07:28:00 GMT`, or with
/// dashes; the weekday and the zone are not read (RFC 6265, section 5.1.1).
pub fn parse_http_date(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut time) = (None, None, None, None);
    let separators = |c: char| !(c.is_ascii_alphanumeric() || c == ':');
    for token in text.split(separators).filter(|token| !token.is_empty()) {
        if time.is_none() && token.contains(':') {
            time = parse_time(token);
        } else if let Ok(number) = token.parse::<i64>() {
            match () {
                () if day.is_none() && token.len() <= 2 => day = Some(number),
                () if year.is_none() => year = Some(full_year(number, token.len())?),
                () => {}
            }
        } else if month.is_none() && token.len() >= 3 {
            let start = token.get(..3)?.to_ascii_lowercase();
            month = MONTHS.iter().position(|name| *name == start);
        }
    }
    let (day, year) = (day?, year?);
    let month = i64::try_from(month? + 1).ok()?;
    if !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    Some(days_from_civil(year, month, day) * MS_PER_DAY + time? * 1000)
}

/// `Wed, 21 Oct 2015 07:28:00 GMT` from milliseconds since the Unix epoch.
pub fn format_http_date(unix_ms: i64) -> String {
    let days = unix_ms.div_euclid(MS_PER_DAY);
    let seconds = unix_ms.rem_euclid(MS_PER_DAY) / 1000;
    let (year, month, day) = civil_from_days(days);
    let pick = |names: &[&'static str], at: i64| -> &'static str {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let month = pick(&MONTHS, month - 1);
    let (first, rest) = month.split_at(1);
    format!(
        "{}, {day:02} {}{rest} {year:04} {:02}:{:02}:{:02} GMT",
        pick(&DAYS, days.rem_euclid(7)),
        first.to_ascii_uppercase(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
    )
}

fn parse_time(token: &str) -> Option<i64> {
    let mut parts = token.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    // Lazily: what is not valid may not even fit.
    valid.then(|| hour * 3600 + minute * 60 + second)
}

fn full_year(number: i64, digits: usize) -> Option<i64> {
    match (digits, number) {
        (2, 70..=99) => Some(1900 + number),
        (2, 0..=69) => Some(2000 + number),
        (4, _) => Some(number),
        _ => None,
    }
}

/// Days since the Unix epoch of a date of the Gregorian calendar (Howard Hinnant's algorithm).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
