//! Points in time as RFC 3339 in the machine's zone, as Go prints them.

/// Formats timestamps; those of one second share most of the work.
#[derive(Debug, Default)]
pub struct LocalTime {
    second: Option<u64>,
    /// `2026-11-21T12:20:04`
    date: String,
    /// `Z` or `+01:00`
    zone: String,
}

/// Whether and how fractions of a second are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fraction {
    None,
    /// As many digits as it takes, none for a full second.
    Nanos,
}

impl LocalTime {
    /// Appends `unix_nanos`, nanoseconds since the Unix epoch.
    pub fn push(&mut self, text: &mut String, unix_nanos: u64, fraction: Fraction) {
        let (second, nanos) = (unix_nanos / 1_000_000_000, unix_nanos % 1_000_000_000);
        if self.second != Some(second) {
            let offset = zone_offset(second);
            self.date = date(second, offset);
            self.zone = zone(offset);
            self.second = Some(second);
        }
        text.push_str(&self.date);
        if fraction == Fraction::Nanos && nanos > 0 {
            // The leading 1 keeps the zeros behind it.
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(nanos + 1_000_000_000).trim_end_matches('0');
            text.push('.');
            text.push_str(digits.get(1..).unwrap_or_default());
        }
        text.push_str(&self.zone);
    }
}

fn date(second: u64, offset: i64) -> String {
    let local = i64::try_from(second).unwrap_or(i64::MAX).saturating_add(offset);
    let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

fn zone(offset: i64) -> String {
    if offset == 0 {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts in eras of 400 years that start on the first of March, so that leap days come last.
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Seconds that the machine's zone is ahead of UTC at `second`; 0 when it cannot be told.
fn zone_offset(second: u64) -> i64 {
    let Ok(time) = libc::time_t::try_from(second) else { return 0 };
    let mut local = std::mem::MaybeUninit::<libc::tm>::zeroed();
    #[expect(unsafe_code, reason = "the standard library knows no time zones")]
    // SAFETY: both pointers are valid for the call; an all-zero `tm` is a valid value, so `local` is
    // initialized whether or not the call wrote to it.
    let local = unsafe {
        libc::localtime_r(&time, local.as_mut_ptr());
        local.assume_init()
    };
    local.tm_gmtoff
}

/// `unix_nanos` in UTC to the second, for names of files: `20261121T112004Z`.
pub fn utc_compact(unix_nanos: u64) -> String {
    date(unix_nanos / 1_000_000_000, 0).replace(['-', ':'], "") + "Z"
}

/// `unix_nanos` in the machine's zone to the second, for people: `2026-11-21 12:20:04`.
pub fn local_text(unix_nanos: u64) -> String {
    let second = unix_nanos / 1_000_000_000;
    date(second, zone_offset(second)).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (second, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_795_260_004, "2026-11-21T11:20:04"),
            (4_107_542_399, "2100-02-28T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
        ] {
            assert_eq!(date(second, 0), text);
        }
        assert_eq!(date(1_795_260_004, 3600), "2026-11-21T12:20:04");
        assert_eq!(utc_compact(1_795_260_004_999_999_999), "20261121T112004Z");
    }

    #[test]
    fn zones() {
        assert_eq!(zone(0), "Z");
        assert_eq!(zone(3600), "+01:00");
        assert_eq!(zone(-12_600), "-03:30");
    }

    #[test]
    fn fractions_have_no_trailing_zeros() {
        let fraction = |nanos: u64| {
            let mut text = String::new();
            LocalTime::default().push(
                &mut text,
                1_795_260_004_000_000_000 + nanos,
                Fraction::Nanos,
            );
            let after = text.split_once(":04").unwrap().1.to_owned();
            after.split(['Z', '+', '-']).next().unwrap().to_owned()
        };
        assert_eq!(fraction(0), "");
        assert_eq!(fraction(713_201_307), ".713201307");
        assert_eq!(fraction(111_000_000), ".111");
        assert_eq!(fraction(71_493_000), ".071493");
        assert_eq!(fraction(1), ".000000001");
    }
}
