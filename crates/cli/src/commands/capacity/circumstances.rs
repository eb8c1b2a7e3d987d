//! What a search was done with: stored beside its trials, so that a report can be made of it later.

use std::time::Duration;

use plimsoll_runtime::{clock::Instant, workers};
use serde_json::{Value, json};

use crate::{
    args::CapacityArgs,
    commands::trials::figures::{length, number},
};

/// Flags whose values are nobody else's business.
const SECRET_FLAGS: [&str; 5] = ["--watch-token", "--header", "-H", "-header", "-watch-token"];

/// What the name of a secret variable has in it.
const SECRET_NAMES: [&str; 5] = ["TOKEN", "SECRET", "PASS", "KEY", "AUTH"];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Circumstances {
    /// What is sent: `requests`.
    pub(super) noun: String,
    /// Of what is raised.
    pub(super) goal: Option<f64>,
    pub(super) budget: Duration,
    /// What of the budget is for trials.
    pub(super) trials: Duration,
    /// Each sends the next when the last was answered.
    pub(super) is_closed: bool,
    /// As the flags name it.
    pub(super) watched: Vec<String>,
    /// For people: names and values.
    pub(super) conditions: Vec<(String, String)>,
}

impl Circumstances {
    /// Those of a search that begins. `cores`: that the generator may use.
    pub(super) fn now(
        args: &CapacityArgs,
        noun: &str,
        goal: Option<f64>,
        is_closed: bool,
        cores: f64,
    ) -> Circumstances {
        let watched = args.sent.attack.see.watched.watch.clone();
        let list = |texts: &[String]| match texts {
            [] => "nothing".to_owned(),
            texts => texts.iter().map(|text| without_password(text)).collect::<Vec<_>>().join(", "),
        };
        let started = Instant::now().unix_nanos() / 1_000_000_000;
        let load = match is_closed {
            true => "closed: each sends the next when the last was answered",
            false => "open: sent when due, whether or not earlier ones have been answered",
        };
        let pairs = [
            ("command", command(std::env::args())),
            ("plimsoll", env!("CARGO_PKG_VERSION").to_owned()),
            ("begun", utc(started)),
            ("load generator", generator(cores)),
            ("load", load.to_owned()),
            ("watched beside the load", list(&watched)),
            ("budget", length(args.budget)),
        ];
        Circumstances {
            noun: noun.to_owned(),
            goal,
            budget: args.budget,
            trials: args.budget,
            is_closed,
            watched,
            conditions: pairs.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    pub(super) fn with_trials(&self, trials: Duration) -> Circumstances {
        Circumstances { trials, ..self.clone() }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "noun": self.noun,
            "goal": self.goal,
            "budget_s": self.budget.as_secs_f64(),
            "trials_s": self.trials.as_secs_f64(),
            "closed": self.is_closed,
            "watched": self.watched.iter().map(|text| without_password(text)).collect::<Vec<_>>(),
            "conditions": self.conditions,
        })
    }

    /// Reads what [`Circumstances::json`] made; what is missing is as usual.
    pub(super) fn read(json: &Value) -> Circumstances {
        let text = |json: &Value| json.as_str().map(str::to_owned);
        let list = |name: &str| json.get(name).and_then(Value::as_array).into_iter().flatten();
        let pair = |pair: &Value| Some((text(pair.get(0)?)?, text(pair.get(1)?)?));
        let seconds = |name: &str| {
            let seconds = json.get(name).and_then(Value::as_f64)?;
            Duration::try_from_secs_f64(seconds).ok()
        };
        let budget = seconds("budget_s").unwrap_or(Duration::from_secs(180));
        Circumstances {
            noun: json.get("noun").and_then(text).unwrap_or_else(|| "requests".to_owned()),
            goal: json.get("goal").and_then(Value::as_f64).filter(|goal| *goal > 0.0),
            budget,
            trials: seconds("trials_s").unwrap_or(budget),
            is_closed: json.get("closed").and_then(Value::as_bool).unwrap_or(false),
            watched: list("watched").filter_map(text).collect(),
            conditions: list("conditions").filter_map(pair).collect(),
        }
    }
}

fn generator(cores: f64) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this host" } else { host.trim() };
    let all = workers::cores();
    let noun = if all == 1 { "core" } else { "cores" };
    let may = if (cores - all as f64).abs() < 1e-9 {
        String::new()
    } else {
        format!(", of which it may use {}", number(cores))
    };
    format!("{host}, {all} {noun}{may}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// As it can be typed again, without what is secret.
fn command(words: impl Iterator<Item = String>) -> String {
    let mut text = Vec::new();
    let mut is_secret = false;
    let mut is_variable = false;
    for (at, word) in words.enumerate() {
        let word = if at == 0 { "plimsoll".to_owned() } else { word };
        let shown = if std::mem::take(&mut is_secret) {
            hidden(&word)
        } else if std::mem::take(&mut is_variable) {
            variable(&word)
        } else if let Some((flag, value)) =
            word.split_once('=').filter(|(flag, _)| SECRET_FLAGS.contains(flag))
        {
            format!("{flag}={}", hidden(value))
        } else if let Some(rest) = word.strip_prefix("--env=") {
            format!("--env={}", variable(rest))
        } else {
            without_password(&word)
        };
        is_secret = SECRET_FLAGS.contains(&word.as_str());
        is_variable = ["-e", "--env"].contains(&word.as_str());
        text.push(quoted(&shown));
    }
    text.join(" ")
}

/// `Authorization: …`
fn hidden(value: &str) -> String {
    value.split_once(':').map_or_else(|| "…".to_owned(), |(name, _)| format!("{name}: …"))
}

fn variable(text: &str) -> String {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let upper = name.to_ascii_uppercase();
    match SECRET_NAMES.iter().any(|part| upper.contains(part)) {
        true => format!("{name}=…"),
        false => format!("{name}={}", without_password(value)),
    }
}

/// `postgres://app:…@db/`
fn without_password(text: &str) -> String {
    let masked = || {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, _) = rest.get(..end)?.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…{}", rest.get(user.len()..)?))
    };
    masked().unwrap_or_else(|| text.to_owned())
}

fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "-_./:=,@%+…".contains(char);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// `2026-11-21 20:45:46 UTC`, of seconds since 1970.
fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Of days since 1970; years begin in March, so that the leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year_of_era + era * 400 + turn, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_again_but_secrets_are_not_told() {
        let check = |words: &[&str], expected: &str| {
            let words = words.iter().map(|word| (*word).to_owned());
            assert_eq!(command(words), expected);
        };
        check(
            &["/opt/plimsoll", "capacity", "http://a/?b=1&c", "--slo", "p(99)<200ms"],
            "plimsoll capacity 'http://a/?b=1&c' --slo 'p(99)<200ms'",
        );
        check(
            &["p", "-H", "Authorization: Bearer x", "--watch-token=abc", "--watch-token", "abc"],
            "plimsoll -H 'Authorization: …' --watch-token=… --watch-token …",
        );
        check(
            &["p", "-e", "API_TOKEN=1", "-e", "BASE=http://a", "--env=db_pass=1"],
            "plimsoll -e API_TOKEN=… -e BASE=http://a --env=db_pass=…",
        );
        check(
            &["p", "--watch", "postgres://app:p@ss@db/x", "it's"],
            "plimsoll --watch postgres://app:…@db/x 'it'\\''s'",
        );
    }

    #[test]
    fn days_have_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_293_946), "2026-11-21 20:45:46 UTC");
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let made = Circumstances {
            noun: "iterations".to_owned(),
            goal: Some(100.0),
            budget: Duration::from_secs(60),
            trials: Duration::from_secs(50),
            is_closed: true,
            watched: vec!["host".to_owned()],
            conditions: vec![("command".to_owned(), "plimsoll".to_owned())],
        };
        assert_eq!(Circumstances::read(&made.json()), made);
        assert_eq!(Circumstances::read(&json!({})).noun, "requests");
    }
}
