//! A trial as JSON: a line of the stored search, and one of `trials` in its result.

use std::time::Duration;

use plimsoll_analysis::{
    bottleneck::{Observed, Signal},
    capacity::{Cause, Clause, Generator, Judgement, Kind, Order, Outcome, Score},
};
use plimsoll_metrics::window::Objective;
use serde_json::{Value, json};

use super::shown::words;
use crate::commands::trials::trial::Tried;

const KINDS: [Kind; 6] =
    [Kind::Bracket, Kind::Narrow, Kind::Confirm, Kind::Hold, Kind::Overload, Kind::Recover];

/// A trial that is over, when it was and what it was.
pub(super) struct Entry {
    pub(super) order: Order,
    pub(super) outcome: Outcome,
    pub(super) score: Score,
    pub(super) generator: Generator,
    /// For the search of what gives first.
    pub(super) observed: Observed,
    /// Of the search so far, at its end.
    pub(super) elapsed: Duration,
    /// All of it, for whoever reads JSON.
    pub(super) json: Value,
}

/// Factors that differ by less are the same.
const FACTORS_ALIKE: f64 = 1e-6;

/// Fields of what was done before a trial.
const RESTART: &str = "restart_s";
const INTERVENTION: &str = "intervention";

impl Entry {
    pub(super) fn new(
        order: Order,
        tried: Tried,
        objectives: &[Objective],
        elapsed: Duration,
    ) -> Entry {
        let mut tried = tried;
        tried.judgement.score = finite(tried.judgement.score);
        tried.signals.retain(|signal| signal.mean.is_finite() && signal.max.is_finite());
        let json = json(order, &tried, objectives, elapsed);
        let Tried { judgement, generator, signals, offered, .. } = tried;
        let observed = Observed {
            offered,
            throughput: judgement.throughput,
            latency_mean: judgement.mean_latency,
            in_flight: judgement.in_flight,
            kept: is_kept(&judgement.outcome),
            generator: generator.cpu_share,
            signals,
        };
        let Judgement { outcome, score, .. } = judgement;
        Entry { order, outcome, score, generator, observed, elapsed, json }
    }

    /// With what was done before it: how long the service took to start anew, and how many times as much
    /// there was of what an intervention changed.
    pub(super) fn after(self, restart: Option<Duration>, intervention: Option<f64>) -> Entry {
        let mut entry = self;
        if let Some(fields) = entry.json.as_object_mut() {
            let restart = restart.map(|took| (RESTART, took.as_secs_f64()));
            let intervention = intervention.map(|factor| (INTERVENTION, factor));
            let done = restart.into_iter().chain(intervention);
            fields.extend(done.map(|(name, value)| (name.to_owned(), json!(value))));
        }
        entry
    }

    pub(super) fn restart(&self) -> Option<Duration> {
        let seconds = self.json.get(RESTART).and_then(Value::as_f64)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    pub(super) fn intervention(&self) -> Option<f64> {
        self.json.get(INTERVENTION).and_then(Value::as_f64)
    }

    /// Whether it was tried while there was so many times as much of what an intervention changed.
    pub(super) fn is_of(&self, factor: f64) -> bool {
        self.intervention().is_some_and(|at| (at / factor - 1.0).abs() < FACTORS_ALIKE)
    }

    /// Signals that were too many to be kept.
    pub(super) fn left_out(&self) -> u64 {
        self.json.get("watched_left_out").and_then(Value::as_u64).unwrap_or(0)
    }

    /// Mean milliseconds by which requests were late, and until they had a connection.
    pub(super) fn begun(&self) -> Option<(f64, f64)> {
        let generator = self.json.get("generator")?;
        let number = |name| generator.get(name).and_then(Value::as_f64);
        Some((number("late_ms")?, number("connection_ms")?))
    }

    /// Reads what [`Entry::new`] made.
    ///
    /// # Errors
    /// With the name of what is missing or wrong.
    pub(super) fn read(json: Value) -> Result<Entry, &'static str> {
        let number = |name| json.get(name).and_then(Value::as_f64);
        let seconds = |name| {
            let seconds = number(name).ok_or(name)?;
            Duration::try_from_secs_f64(seconds).map_err(|_| name)
        };
        let kind = json.get("kind").and_then(Value::as_str);
        let kind = KINDS.into_iter().find(|known| kind == Some(words::phase(*known)));
        let rate = number("rate").filter(|rate| rate.is_finite() && *rate > 0.0).ok_or("rate")?;
        let generator = json.get("generator").ok_or("generator")?;
        let outcome = outcome(&json)?;
        let cpu_share = generator.get("cpu_share").and_then(Value::as_f64).ok_or("cpu_share")?;
        Ok(Entry {
            observed: Observed {
                offered: number("offered").unwrap_or(rate),
                throughput: number("throughput").ok_or("throughput")?,
                latency_mean: number("mean_latency_ms").ok_or("mean_latency_ms")?,
                in_flight: number("in_flight").ok_or("in_flight")?,
                kept: is_kept(&outcome),
                generator: cpu_share,
                signals: signals(&json).ok_or("watched")?,
            },
            order: Order { rate, length: seconds("length_s")?, kind: kind.ok_or("kind")? },
            outcome,
            score: Score {
                excess: number("excess").ok_or("excess")?,
                error: number("error").ok_or("error")?,
            },
            generator: Generator {
                cpu_share,
                lateness_p99: generator
                    .get("lateness_p99_ms")
                    .and_then(Value::as_f64)
                    .ok_or("lateness_p99_ms")?,
                shortage: generator.get("shortage").and_then(Value::as_str).map(str::to_owned),
            },
            elapsed: seconds("at_s")?,
            json,
        })
    }
}

/// JSON has no other numbers; a score that is none says nothing.
fn finite(score: Score) -> Score {
    let or = |number: f64, other| if number.is_finite() { number } else { other };
    Score { excess: or(score.excess, 0.0), error: or(score.error, 1.0) }
}

/// As far as the trial can tell.
fn is_kept(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::Undecided { leans_to_pass: true })
}

fn signals(json: &Value) -> Option<Vec<Signal>> {
    let signal = |json: &Value| {
        let tags = json.get("tags")?.as_object()?.iter();
        let tags = tags.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(Signal {
            metric: json.get("metric")?.as_str()?.to_owned(),
            tags: tags.collect::<Option<_>>()?,
            mean: json.get("mean")?.as_f64()?,
            max: json.get("max")?.as_f64()?,
        })
    };
    json.get("watched")?.as_array()?.iter().map(signal).collect()
}

fn outcome(json: &Value) -> Result<Outcome, &'static str> {
    let text = |name| json.get(name).and_then(Value::as_str);
    Ok(match text("verdict").ok_or("verdict")? {
        "kept" => Outcome::Pass,
        "not kept" => Outcome::Fail(match text("cause").ok_or("cause")? {
            "not achieved" => Cause::NotAchieved,
            "backlog" => Cause::Backlog,
            _ => {
                let at = json.get("objective").and_then(Value::as_u64).ok_or("objective")?;
                Cause::Objective(usize::try_from(at).map_err(|_| "objective")?)
            }
        }),
        "unclear" => Outcome::Undecided {
            leans_to_pass: json.get("leans_to_kept").and_then(Value::as_bool).ok_or("leans")?,
        },
        "invalid" => Outcome::Invalid(text("cause").ok_or("cause")?.to_owned()),
        _ => return Err("verdict"),
    })
}

fn json(order: Order, tried: &Tried, objectives: &[Objective], elapsed: Duration) -> Value {
    let Tried { judgement, generator, signals, left_out, offered, spread, begun } = tried;
    let (verdict, cause, objective, leans) = match &judgement.outcome {
        Outcome::Pass => ("kept", None, None, None),
        Outcome::Fail(Cause::Objective(at)) => ("not kept", Some("objective"), Some(*at), None),
        Outcome::Fail(Cause::NotAchieved) => ("not kept", Some("not achieved"), None, None),
        Outcome::Fail(Cause::Backlog) => ("not kept", Some("backlog"), None, None),
        Outcome::Undecided { leans_to_pass } => ("unclear", None, None, Some(*leans_to_pass)),
        Outcome::Invalid(reason) => ("invalid", Some(reason.as_str()), None, None),
    };
    let clauses = objectives.iter().zip(&judgement.clauses);
    let watched = signals.iter().map(|signal| {
        let tags: serde_json::Map<String, Value> =
            signal.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({ "metric": signal.metric, "tags": tags, "mean": signal.mean, "max": signal.max })
    });
    json!({
        "kind": words::phase(order.kind),
        "rate": order.rate,
        "length_s": order.length.as_secs_f64(),
        "at_s": elapsed.as_secs_f64(),
        "verdict": verdict,
        "words": words::verdict(judgement, objectives, order.rate),
        "cause": cause,
        "objective": objective,
        "leans_to_kept": leans,
        "excess": judgement.score.excess,
        "error": judgement.score.error,
        "offered": offered,
        "throughput": judgement.throughput,
        "mean_latency_ms": judgement.mean_latency,
        "latency_ms": spread.latency(),
        "errors": spread.errors(),
        "in_flight": judgement.in_flight,
        "little_gap": judgement.little_gap,
        "warm_up_s": judgement.warm_up,
        "used_s": judgement.used,
        "objectives": clauses.map(|(one, clause)| clause_json(one, clause)).collect::<Value>(),
        "generator": {
            "cpu_share": generator.cpu_share,
            "lateness_p99_ms": generator.lateness_p99,
            "shortage": generator.shortage,
            "late_ms": begun.late,
            "connection_ms": begun.waited,
        },
        "watched": watched.collect::<Value>(),
        "watched_left_out": left_out,
    })
}

fn clause_json(objective: &Objective, clause: &Clause) -> Value {
    json!({
        "objective": objective.source,
        "value": clause.value,
        "kept": clause.holds,
        "has_enough_requests": clause.is_supported,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A trial with one objective.
    pub(in crate::commands::capacity) fn entry(kind: Kind, rate: f64, outcome: Outcome) -> Entry {
        let order = Order { rate, length: Duration::from_secs(3), kind };
        let clause = Clause {
            value: 43.21,
            test: 0.001,
            interval: None,
            limit: 0.01,
            holds: Some(true),
            excess: -0.9,
            error: 0.1,
            is_supported: true,
        };
        let judgement = Judgement {
            outcome,
            score: Score { excess: -0.9, error: 0.1 },
            clauses: vec![clause],
            warm_up: 1,
            used: 2,
            throughput: rate,
            mean_latency: 12.5,
            in_flight: 20.0,
            little_gap: 0.01,
        };
        let generator = Generator { cpu_share: 0.22, lateness_p99: 0.1, shortage: None };
        let objectives = [Objective::parse("p(99)<200ms").unwrap()];
        let signals = vec![Signal::new("host_cpu", &[("host", "a")], 0.5, 0.75)];
        let tried = Tried {
            judgement,
            generator,
            signals,
            left_out: 0,
            offered: rate,
            spread: Default::default(),
            begun: Default::default(),
        };
        Entry::new(order, tried, &objectives, Duration::from_secs(10))
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let outcomes = [
            Outcome::Pass,
            Outcome::Fail(Cause::Objective(1)),
            Outcome::Fail(Cause::Backlog),
            Outcome::Fail(Cause::NotAchieved),
            Outcome::Undecided { leans_to_pass: true },
            Outcome::Undecided { leans_to_pass: false },
            Outcome::Invalid("no ports".to_owned()),
        ];
        for (kind, outcome) in KINDS.into_iter().cycle().zip(outcomes) {
            let made = entry(kind, 1234.5, outcome);
            let text = made.json.to_string();
            let read = Entry::read(serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!((read.order, &read.outcome), (made.order, &made.outcome), "{text}");
            assert_eq!((read.score, read.elapsed), (made.score, made.elapsed));
            assert_eq!((&read.observed, &read.json), (&made.observed, &made.json));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let made = entry(Kind::Narrow, 10.0, Outcome::Pass);
        for name in ["kind", "rate", "length_s", "at_s", "verdict", "excess", "error", "watched"] {
            let mut json = made.json.clone();
            json.as_object_mut().unwrap().remove(name);
            assert_eq!(Entry::read(json).err(), Some(name));
        }
    }
}
