//! For how long an answer is kept: what the rule says, else what the origin says (RFC 9111 and
//! RFC 5861), else what the settings say.

use http::{HeaderMap, header};

use super::rule::{Rule, Settings, TIME_MILLIS_MAX};
use crate::{commands::Fresh, store::Millis};

/// What the origin forbids to keep is kept for that long: those who wait read it then.
const UNCACHEABLE_MILLIS: u64 = 1_000;
/// For how long any answer is kept at least, for the same reason.
const TTL_MILLIS_MIN: u64 = 100;

/// What an origin says. Times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Directives {
    max_age: Option<u64>,
    shared_max_age: Option<u64>,
    /// How old the answer was when it came.
    age: u64,
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
                "no-store" | "no-cache" | "private" => directives.may_not_be_kept = true,
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

/// When an answer that comes now is no longer fresh, and its deadline. `chance` is from 0 to 1.
pub(super) fn of_value(
    rule: &Rule,
    settings: &Settings,
    headers: &HeaderMap,
    now: Millis,
    chance: f64,
) -> (Fresh, Millis) {
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
    let until = Millis(now.0.saturating_add(jittered(ttl, rule, settings, chance)));
    let served_until = Millis(until.0.saturating_add(while_fetched));
    let deadline = Millis(until.0.saturating_add(while_fetched.max(if_error)));
    (Fresh { until, served_until }, deadline)
}

/// Until when it is remembered that the origin has no such key.
pub(super) fn of_absence(rule: &Rule, settings: &Settings, now: Millis, chance: f64) -> Millis {
    let ttl = rule.options.negative_ttl.unwrap_or(settings.negative_ttl);
    Millis(now.0.saturating_add(jittered(ttl, rule, settings, chance)))
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

    /// `until`, `served_until` and the deadline, in seconds from now, without jitter.
    fn check(options: &str, headers: &[(&'static str, &'static str)], expected: [u64; 3]) {
        let rules = read_all(&format!("*=http://h/{{1}};jitter=0{options}"), Vec::new()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let settings = Settings { ttl: 60_000, ..SETTINGS };
        let (fresh, deadline) = of_value(&rules[0], &settings, &map, Millis(1_000_000), 0.5);
        let found = [fresh.until, fresh.served_until, deadline];
        let seconds = found.map(|at| (at.0 - 1_000_000) / 1_000);
        assert_eq!(seconds, expected, "{options} {headers:?}");
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

    #[test]
    fn jitter_only_shortens() {
        let rules = read_all("*=http://h/;ttl=100s;jitter=20;negative-ttl=0", Vec::new()).unwrap();
        for (chance, expected) in [(0.0, 100_000), (0.5, 90_000), (1.0, 80_000)] {
            let (fresh, _) = of_value(&rules[0], &SETTINGS, &HeaderMap::new(), Millis(0), chance);
            assert_eq!(fresh.until, Millis(expected));
        }
        assert_eq!(of_absence(&rules[0], &SETTINGS, Millis(5), 0.5), Millis(105));
    }
}
