//! For how long an answer is kept: what the rule says, else what the origin says (RFC 9111 and
//! RFC 5861), else what the settings say.

use std::time::Duration;

use http::{HeaderMap, header};

use super::{
    condition,
    rule::{Rule, TIME_MILLIS_MAX},
    settings::Settings,
};
use crate::{
    commands::{Fresh, Terms, Validator},
    store::Millis,
};

/// What the origin forbids to keep is kept for that long: those who wait read it then.
const UNCACHEABLE_MILLIS: u64 = 1_000;
/// For how long any answer is kept at least, for the same reason.
const TTL_MILLIS_MIN: u64 = 100;

/// How an answer came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) now: Millis,
    /// Since it was asked for.
    pub(super) took: Duration,
    /// From 0 to 1.
    pub(super) chance: f64,
    /// Of the value that it speaks of, unless it says so itself.
    pub(super) validator: Option<&'a Validator>,
}

/// What an origin says. Times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Directives {
    max_age: Option<u64>,
    shared_max_age: Option<u64>,
    /// How old the answer was when it came.
    age: u64,
    /// Not even to be asked about later.
    may_not_be_stored: bool,
    may_not_be_kept: bool,
    may_not_be_stale: bool,
    stale_while_revalidate: Option<u64>,
    stale_if_error: Option<u64>,
}

impl Directives {
    fn of(headers: &HeaderMap) -> Directives {
        let mut directives = Directives::default();
        let values = headers.get_all(header::CACHE_CONTROL).iter();
        let words = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let seconds = || seconds(value);
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" => directives.may_not_be_kept = true,
                "no-store" | "private" => {
                    directives.may_not_be_kept = true;
                    directives.may_not_be_stored = true;
                }
                "must-revalidate" | "proxy-revalidate" => directives.may_not_be_stale = true,
                "max-age" => directives.max_age = seconds(),
                "s-maxage" => directives.shared_max_age = seconds(),
                "stale-while-revalidate" => directives.stale_while_revalidate = seconds(),
                "stale-if-error" => directives.stale_if_error = seconds(),
                _ => {}
            }
        }
        let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
        directives.age = age.and_then(seconds).unwrap_or(0);
        directives
    }

    /// What is left of the time that it says; none when it says nothing.
    fn ttl(&self) -> Option<u64> {
        let max_age = self.shared_max_age.or(self.max_age)?;
        Some(max_age.saturating_sub(self.age))
    }
}

/// In milliseconds, at most [`TIME_MILLIS_MAX`], as an origin may say anything; none when it is no number.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim().trim_matches('"');
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than there is room for are a long time.
    Some(text.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1_000).min(TIME_MILLIS_MAX))
}

/// How a value may be used whose answer has these headers.
pub(super) fn of_value(
    rule: &Rule,
    settings: &Settings,
    headers: &HeaderMap,
    arrival: &Arrival<'_>,
) -> Terms {
    let options = &rule.options;
    let said = Directives::of(headers);
    let is_forbidden = said.may_not_be_kept || said.ttl() == Some(0);
    let ttl = match options.ttl {
        Some(ttl) => ttl,
        None if is_forbidden => UNCACHEABLE_MILLIS,
        None => said.ttl().unwrap_or(settings.ttl).max(UNCACHEABLE_MILLIS),
    };
    let may_be_stale = !said.may_not_be_stale && !is_forbidden;
    let stale = |option: Option<u64>, said: Option<u64>, setting: u64| {
        option.unwrap_or_else(|| if may_be_stale { said.unwrap_or(setting) } else { 0 })
    };
    let while_fetched = stale(
        options.stale_while_revalidate,
        said.stale_while_revalidate,
        settings.stale_while_revalidate,
    );
    let if_error = stale(options.stale_if_error, said.stale_if_error, settings.stale_if_error);
    let may_be_stored = options.ttl.is_some() || !said.may_not_be_stored;
    let validator = condition::validator(headers).or_else(|| arrival.validator.cloned());
    let validator = validator.filter(|_| may_be_stored);
    let revalidate = options.revalidate.unwrap_or(settings.revalidate);
    let revalidate = if validator.is_some() { revalidate } else { 0 };

    let until = arrival.now.0.saturating_add(jittered(ttl, rule, settings, arrival.chance));
    let behind = |millis: u64| Millis(until.saturating_add(millis));
    let fresh = Fresh {
        until: Millis(until),
        served_until: behind(while_fetched),
        kept_for_errors_until: behind(while_fetched.max(if_error)),
        early_millis: early(rule, settings, arrival.took),
    };
    let deadline = behind(while_fetched.max(if_error).max(revalidate));
    Terms { fresh, deadline, validator }
}

/// XFetch's beta times what it took, rounded up: no answer comes in no time.
fn early(rule: &Rule, settings: &Settings, took: Duration) -> u32 {
    let percent = rule.options.early_refresh.unwrap_or(settings.early_refresh);
    let millis = took.as_secs_f64() * 1_000.0 * percent as f64 / 100.0;
    // Saturates.
    millis.ceil() as u32
}

/// Until when it is remembered that the origin has no such key.
pub(super) fn of_absence(rule: &Rule, settings: &Settings, arrival: &Arrival<'_>) -> Millis {
    let ttl = rule.options.negative_ttl.unwrap_or(settings.negative_ttl);
    Millis(arrival.now.0.saturating_add(jittered(ttl, rule, settings, arrival.chance)))
}

/// Until when it is remembered that it failed.
pub(super) fn of_failure(settings: &Settings, now: Millis) -> Millis {
    Millis(now.0.saturating_add(settings.error_ttl.max(TTL_MILLIS_MIN)))
}

/// Shortened by chance, so that what came together does not go together.
fn jittered(ttl: u64, rule: &Rule, settings: &Settings, chance: f64) -> u64 {
    let percent = rule.options.jitter.unwrap_or(settings.jitter).min(100) as f64;
    let shorter = ttl as f64 * percent / 100.0 * chance.clamp(0.0, 1.0);
    ttl.saturating_sub(shorter as u64).max(TTL_MILLIS_MIN)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::serve::origin::{rule::read_all, tests::SETTINGS};

    const ARRIVAL: Arrival<'_> = Arrival {
        now: Millis(1_000_000),
        took: Duration::from_micros(62_500),
        chance: 0.5,
        validator: None,
    };

    fn terms(
        options: &str,
        headers: &[(&'static str, &'static str)],
        arrival: &Arrival<'_>,
    ) -> Terms {
        let rules = read_all(&format!("*=http://h/{{1}};jitter=0{options}"), Vec::new()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        of_value(&rules[0], &SETTINGS, &map, arrival)
    }

    /// `until`, `served_until` and the deadline, in seconds from now, without jitter.
    fn check(options: &str, headers: &[(&'static str, &'static str)], expected: [u64; 3]) {
        let Terms { fresh, deadline, .. } = terms(options, headers, &ARRIVAL);
        let found = [fresh.until, fresh.served_until, deadline];
        let seconds = found.map(|at| (at.0 - ARRIVAL.now.0) / 1_000);
        assert_eq!(seconds, expected, "{options} {headers:?}");
        assert_eq!(fresh.kept_for_errors_until, deadline, "there is no validator");
    }

    #[test]
    fn the_rule_comes_first_then_the_origin() {
        const CONTROL: &str = "cache-control";
        check("", &[], [60, 60, 60]);
        check(";ttl=5", &[(CONTROL, "max-age=100")], [5, 5, 5]);
        check("", &[(CONTROL, "public, max-age=100")], [100, 100, 100]);
        check("", &[(CONTROL, "max-age=100, s-maxage=\"10\"")], [10, 10, 10]);
        check("", &[(CONTROL, "max-age=100"), ("age", "30")], [70, 70, 70]);
        check("", &[(CONTROL, "max-age=x")], [60, 60, 60]);
        check("", &[(CONTROL, "No-Store")], [1, 1, 1]);
        check("", &[(CONTROL, "max-age=10"), ("age", "30")], [1, 1, 1]);
        check("", &[(CONTROL, "max-age=99999999999999999999999")], [TIME_MILLIS_MAX / 1_000; 3]);
        let stale = "max-age=10, stale-while-revalidate=20, stale-if-error=300";
        check("", &[(CONTROL, stale)], [10, 30, 310]);
        check("", &[(CONTROL, stale), (CONTROL, "must-revalidate")], [10, 10, 10]);
        check(";stale-while-revalidate=7", &[(CONTROL, stale)], [10, 17, 310]);
        check(";stale-if-error=0", &[(CONTROL, stale)], [10, 30, 30]);
    }

    /// `until`, `kept_for_errors_until` and the deadline.
    fn check_validated(
        options: &str,
        headers: &[(&'static str, &'static str)],
        expected: [u64; 3],
    ) {
        let sent = Validator::new(b"\"sent\"");
        let arrival = Arrival { validator: sent.as_ref(), ..ARRIVAL };
        let Terms { fresh, deadline, validator } = terms(options, headers, &arrival);
        let found = [fresh.until, fresh.kept_for_errors_until, deadline];
        let seconds = found.map(|at| (at.0 - ARRIVAL.now.0) / 1_000);
        assert_eq!(seconds, expected, "{options} {headers:?}");
        assert_eq!(validator.is_some(), seconds[1] < seconds[2], "{options} {headers:?}");
    }

    #[test]
    fn what_has_a_validator_is_kept_for_it() {
        const CONTROL: &str = "cache-control";
        check(";revalidate=1h", &[], [60, 60, 60]);
        check_validated(";revalidate=1h", &[], [60, 60, 3_660]);
        check_validated(";revalidate=1h;stale-if-error=60", &[], [60, 120, 3_660]);
        check_validated(";revalidate=1h", &[(CONTROL, "no-cache")], [1, 1, 3_601]);
        check_validated(";revalidate=1h", &[(CONTROL, "no-store")], [1, 1, 1]);
        check_validated(";revalidate=1h", &[(CONTROL, "private")], [1, 1, 1]);
        check_validated(";revalidate=1h;ttl=5", &[(CONTROL, "private")], [5, 5, 3_605]);
        let etag = [("etag", "\"new\"")];
        let sent = Validator::new(b"\"sent\"");
        let arrival = Arrival { validator: sent.as_ref(), ..ARRIVAL };
        assert_eq!(terms("", &etag, &arrival).validator.unwrap().bytes(), b"\"new\"");
        assert_eq!(terms("", &[], &arrival).validator, sent);
    }

    #[test]
    fn what_takes_long_is_fetched_earlier() {
        for (options, expected) in
            [("", 0), (";early-refresh=100", 63), (";early-refresh=10000", 6_250)]
        {
            assert_eq!(terms(options, &[], &ARRIVAL).fresh.early_millis, expected, "{options}");
        }
        let at_once = Arrival { took: Duration::from_nanos(1), ..ARRIVAL };
        assert_eq!(terms(";early-refresh=1", &[], &at_once).fresh.early_millis, 1);
    }

    #[test]
    fn jitter_only_shortens() {
        let rules = read_all("*=http://h/;ttl=100s;jitter=20;negative-ttl=0", Vec::new()).unwrap();
        let arrival = |chance| Arrival { chance, ..ARRIVAL };
        let at = |millis| Millis(ARRIVAL.now.0 + millis);
        for (chance, expected) in [(0.0, 100_000), (0.5, 90_000), (1.0, 80_000)] {
            let terms = of_value(&rules[0], &SETTINGS, &HeaderMap::new(), &arrival(chance));
            assert_eq!(terms.fresh.until, at(expected));
        }
        assert_eq!(of_absence(&rules[0], &SETTINGS, &arrival(0.5)), at(100));
    }
}
