//! Trials as pages and reports show them, and what was known after each.

use std::time::Duration;

use plimsoll_analysis::capacity::{Finding, Outcome, Search as Searching, Settings, Step};
use plimsoll_outputs::search::{Figure, Side, Trial, Verdict as Judged};
use serde_json::Value;

use super::words;
use crate::commands::capacity::record::Entry;

/// `sides`: what was known after each.
pub(in crate::commands::capacity) fn trials<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    sides: &[Side],
) -> Vec<Trial> {
    let mut before = 0.0_f64;
    let mut found = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let json = &entry.json;
        let number = |name: &str| json.get(name).and_then(Value::as_f64);
        let end = entry.elapsed.as_secs_f64();
        // A trial that was ended early was shorter than asked, and one that drained longer.
        let start = (end - entry.order.length.as_secs_f64()).max(0.0);
        let start = if at == 0 { start } else { start.max(before) };
        before = end;
        found.push(Trial {
            phase: words::phase(entry.order.kind).to_owned(),
            rate: entry.order.rate,
            start,
            end,
            verdict: match entry.outcome {
                Outcome::Pass => Judged::Kept,
                Outcome::Fail(_) => Judged::NotKept,
                Outcome::Undecided { .. } => Judged::Unclear,
                Outcome::Invalid(_) => Judged::Invalid,
            },
            words: json
                .get("words")
                .and_then(Value::as_str)
                .map_or_else(|| words::outcome(&entry.outcome), str::to_owned),
            throughput: number("throughput"),
            mean_ms: number("mean_latency_ms").filter(|mean| *mean > 0.0),
            percentiles_ms: percentiles(json),
            errors: number("errors"),
            figures: figures(json),
            in_flight: number("in_flight"),
            little_gap: number("little_gap"),
            generator_cpu: Some(entry.generator.cpu_share),
            bracket: sides.get(at).copied().unwrap_or_default(),
        });
    }
    found
}

fn percentiles(json: &Value) -> Option<[f64; 5]> {
    let all = json.get("latency_ms")?;
    let one = |name: &str| all.get(name)?.as_f64();
    Some([one("p50")?, one("p90")?, one("p95")?, one("p99")?, one("max")?])
}

fn figures(json: &Value) -> Vec<Figure> {
    let all = json.get("objectives").and_then(Value::as_array).into_iter().flatten();
    let figure = |one: &Value| Figure {
        value: one.get("value").and_then(Value::as_f64).unwrap_or(0.0),
        kept: one.get("kept").and_then(Value::as_bool),
    };
    all.map(figure).collect()
}

/// What a finding leaves open.
pub(super) fn side(finding: &Finding) -> Side {
    Side { low: finding.capacity, high: finding.first_failing }
}

/// What was known after each trial.
pub(super) fn sides(settings: &Settings, entries: &[Entry]) -> Vec<Side> {
    let mut search = Searching::new(settings.clone());
    let known = |search: &Searching| match search.next(Duration::ZERO) {
        Step::Done(finding) => side(&finding),
        Step::Run(_) => Side::default(),
    };
    entries
        .iter()
        .map(|entry| {
            search.record(entry.order, entry.outcome.clone(), entry.score);
            known(&search)
        })
        .collect()
}
