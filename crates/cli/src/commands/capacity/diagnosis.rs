//! What gives first, from what was watched during the trials.

use plimsoll_analysis::{
    bottleneck::{self, Ceiling, Known, Measured, Observed, Subject, Used, Verdict},
    capacity::{Finding, Outcome},
    stats::Interval,
};
use plimsoll_runtime::workers;
use serde_json::{Value, json};

use super::record::Entry;

/// How things on other hosts are named.
const AGENT: &str = "agent:";

/// Of the trials that count; `watched`: as the flags name it.
pub(super) fn diagnose(entries: &[Entry], finding: &Finding, watched: &[String]) -> Verdict {
    bottleneck::diagnose(&valid(entries).1, &known(entries, finding, watched))
}

/// The trials that count: their places, and what was observed in them.
fn valid(entries: &[Entry]) -> (Vec<usize>, Vec<Observed>) {
    let valid = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !matches!(entry.outcome, Outcome::Invalid(_)));
    valid.map(|(at, entry)| (at, entry.observed.clone())).unzip()
}

fn known(entries: &[Entry], finding: &Finding, watched: &[String]) -> Known {
    let capacity = finding.capacity.map(|level| measured(entries, finding, level));
    // Of another host it is not known, and one number is for all.
    let is_local = !watched.iter().any(|name| name.starts_with(AGENT));
    let cores = is_local.then(|| workers::cores() as f64);
    // Each has one in flight.
    let is_closed = entries.iter().all(|entry| entry.observed.in_flight == entry.order.rate);
    Known { capacity, cores, is_closed, ..Known::default() }
}

/// The capacity as requests per second. Virtual users and connections are none: of those, what they sent at
/// that number counts.
fn measured(entries: &[Entry], finding: &Finding, level: f64) -> Measured {
    let at_level = entries.iter().filter(|entry| {
        (entry.order.rate / level - 1.0).abs() < 1e-6
            && !matches!(entry.outcome, Outcome::Invalid(_))
    });
    let sent: Vec<f64> = at_level.map(|entry| entry.observed.offered).collect();
    let is_rate = sent.iter().all(|rate| (rate / level - 1.0).abs() < 1e-6);
    if is_rate {
        return Measured { value: level, interval: finding.interval };
    }
    let value = sent.iter().sum::<f64>() / sent.len() as f64;
    let ends = sent.iter().copied().reduce(f64::min).zip(sent.iter().copied().reduce(f64::max));
    let interval = ends.filter(|(low, high)| low < high).map(|(low, high)| Interval { low, high });
    Measured { value, interval }
}

/// How much of what was watched was in use in each trial.
pub(super) fn used(entries: &[Entry], finding: &Finding, watched: &[String]) -> Vec<Used> {
    let (places, rows) = valid(entries);
    let mut found = bottleneck::used(&rows, &known(entries, finding, watched));
    for used in &mut found {
        let mut shares = vec![None; entries.len()];
        for (place, share) in places.iter().zip(&used.shares) {
            if let Some(of) = shares.get_mut(*place) {
                *of = *share;
            }
        }
        used.shares = shares;
    }
    found
}

/// Fields of the result.
pub(super) fn json(verdict: &Verdict) -> [(&'static str, Value); 6] {
    let named = verdict.bottleneck.as_ref().ok().map(|named| {
        let evidence = named.evidence.iter().map(bottleneck::evidence);
        json!({
            "resource": named.subject.resource.name(),
            "place": place(&named.subject),
            "words": bottleneck::subject(&named.subject),
            "size": named.subject.size,
            "evidence": evidence.collect::<Vec<_>>(),
            "demand": named.demand.map(bottleneck::demand),
            "limit": named.limit.map(limit),
            "confidence": named.confidence.name(),
        })
    });
    let unknown = verdict
        .bottleneck
        .as_ref()
        .err()
        .map(|why| json!({ "reason": why.name(), "words": bottleneck::reason(why) }));
    let next = verdict.next.as_ref().map(|next| {
        json!({
            "resource": next.subject.resource.name(),
            "place": place(&next.subject),
            "words": bottleneck::subject(&next.subject),
            "limit": limit(next.limit),
        })
    });
    let ruled_out = verdict.ruled_out.iter().map(|out| {
        json!({
            "resource": out.subject.resource.name(),
            "place": place(&out.subject),
            "why": out.why.name(),
            "words": bottleneck::ruled_out(out),
        })
    });
    [
        ("bottleneck", json!(named)),
        ("not_identified", json!(unknown)),
        ("next", json!(next)),
        ("ruled_out", ruled_out.collect()),
        ("cautions", verdict.cautions.iter().map(bottleneck::caution).collect()),
        ("not_watched", json!(verdict.unobserved)),
    ]
}

fn place(subject: &Subject) -> Value {
    let place = &subject.place;
    json!({ "kind": place.kind.name(), "name": place.name, "host": place.host, "part": place.part })
}

fn limit(ceiling: Ceiling) -> Value {
    let Ceiling { value, interval } = ceiling;
    json!({ "value": value, "low": interval.low, "high": interval.high })
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::capacity::Kind;

    use super::{
        super::{conclusion::tests::finding, record::tests::entry},
        *,
    };

    #[test]
    fn what_nobody_watched_is_not_named() {
        let rates = [100.0, 200.0, 400.0, 800.0, 1600.0, 1840.0, 1930.0];
        let entries: Vec<Entry> =
            rates.iter().map(|rate| entry(Kind::Narrow, *rate, Outcome::Pass)).collect();
        let verdict = diagnose(&entries, &finding(), &[]);
        let fields = json(&verdict);
        let field = |name| fields.iter().find(|(known, _)| *known == name).map(|(_, json)| json);
        assert_eq!(field("bottleneck"), Some(&Value::Null));
        assert!(field("not_identified").is_some_and(|why| why["reason"].is_string()), "{fields:?}");
    }

    #[test]
    fn a_number_of_users_is_told_by_what_they_send() {
        let sends = |rate: f64| {
            let mut entry = entry(Kind::Confirm, 50.0, Outcome::Pass);
            entry.observed.offered = rate;
            entry
        };
        let entries = [sends(98.0), sends(102.0)];
        let found = measured(&entries, &finding(), 50.0);
        assert_eq!(found.value, 100.0);
        assert_eq!(found.interval, Some(Interval { low: 98.0, high: 102.0 }));
        let open = [entry(Kind::Confirm, 50.0, Outcome::Pass)];
        let found = measured(&open, &finding(), 50.0);
        assert_eq!((found.value, found.interval), (50.0, finding().interval));
    }
}
