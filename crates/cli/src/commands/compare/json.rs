//! The comparison for machines; docs/compare.md describes it.

use plimsoll_analysis::compare::{Row, Verdict};
use serde_json::{Value, json};

use super::{Comparison, words};

pub(super) fn json(comparison: &Comparison) -> String {
    let groups: Vec<Value> = comparison
        .groups
        .iter()
        .map(|group| {
            let runs: Vec<&str> = group.runs.iter().map(|run| run.name.as_str()).collect();
            json!({ "name": group.name, "runs": runs })
        })
        .collect();
    let first = comparison.groups.first().map(|group| group.name.as_str());
    let pairs: Vec<Value> = comparison
        .groups
        .iter()
        .skip(1)
        .zip(&comparison.pairs)
        .map(|(group, rows)| {
            let figures: Vec<Value> = rows.iter().map(|row| figure(row, comparison)).collect();
            json!({ "base": first, "group": group.name, "figures": figures })
        })
        .collect();
    let differences: Vec<Value> = comparison
        .differences
        .iter()
        .map(|one| json!({ "what": one.what, "left": one.left, "right": one.right, "harmless": one.is_harmless }))
        .collect();
    let whole = json!({
        "groups": groups,
        "comparisons": pairs,
        "differences": differences,
        "margin": comparison.settings.margin,
        "level": comparison.settings.level,
    });
    format!("{whole:#}\n")
}

fn figure(row: &Row, comparison: &Comparison) -> Value {
    let interval = row.change.and_then(|change| change.interval);
    json!({
        "figure": row.figure.name(),
        "unit": row.figure.unit(),
        "base": row.left,
        "group": row.right,
        "change": row.change.map(|change| change.estimate),
        "low": interval.map(|range| range.low),
        "high": interval.map(|range| range.high),
        "p": row.p_value,
        "p_adjusted": row.p_adjusted,
        "cliffs_delta": row.cliffs_delta,
        "verdict": word(row.verdict),
        "words": words::verdict(row, &comparison.settings),
        "supported": row.is_supported,
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same => "same",
        Verdict::Unclear { .. } => "unclear",
        Verdict::TooFew { .. } => "too_few_runs",
        Verdict::Missing => "missing",
    }
}
