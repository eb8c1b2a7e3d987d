//! The result for machines: docs/capacity.md.

use plimsoll_analysis::{
    bottleneck,
    capacity::{End, Settings},
};
use serde_json::{Value, json};

use crate::commands::{
    capacity::{
        conclusion::{Conclusion, Verdict},
        diagnosis,
        record::Entry,
    },
    trials::level::Unit,
};

/// What was searched.
pub(in crate::commands::capacity) struct Asked<'a> {
    pub(in crate::commands::capacity) target: &'a str,
    pub(in crate::commands::capacity) unit: Unit,
    pub(in crate::commands::capacity) objectives: &'a [String],
    pub(in crate::commands::capacity) settings: &'a Settings,
}

/// The object.
pub(in crate::commands::capacity) fn json(
    conclusion: &Conclusion,
    first: &bottleneck::Verdict,
    asked: &Asked,
    entries: &[Entry],
) -> Value {
    let Conclusion { finding, verdict, goal, generator_share, left_out } = conclusion;
    let reason = match verdict {
        Verdict::Invalid(reason) => Some(reason),
        _ => None,
    };
    // What the generator limits says nothing of the service.
    let capacity = finding.capacity.filter(|_| reason.is_none()).map(|value| {
        json!({
            "value": value,
            "low": finding.interval.map(|interval| interval.low),
            "high": finding.interval.map(|interval| interval.high),
            "confirmations": { "kept": finding.confirmations.0, "of": finding.confirmations.1 },
        })
    });
    let goal = goal.map(|goal| {
        let by = finding.capacity.map(|capacity| capacity / goal - 1.0);
        let is_reached = match verdict {
            Verdict::Reached => Some(true),
            Verdict::Missed => Some(false),
            _ => None,
        };
        json!({ "rate": goal, "reached": is_reached, "by": by })
    });
    let mut result = json!({
        "version": 1,
        "target": asked.target,
        "dimension": asked.unit.dimension(),
        "unit": asked.unit.name(),
        "objectives": asked.objectives,
        "verdict": verdict.name(),
        "ended": end(finding.end),
        "capacity": capacity,
        "goal": goal,
        "first_failing": finding.first_failing.map(|rate| json!({
            "rate": rate,
            "refutations": { "not_kept": finding.refutations.0, "of": finding.refutations.1 },
        })),
        "overload": finding.recovered.map(|recovered| json!({
            "recovered_at_90_percent": recovered,
            "descending": finding.descending,
        })),
        "non_monotone": finding.non_monotone,
        "precision": asked.settings.precision,
        "generator": {
            "is_limit": reason.is_some(),
            "reason": reason,
            "cpu_share": generator_share,
            "ceiling": asked.settings.ceiling,
        },
        "watched_left_out": left_out,
        "trials": entries.iter().map(|entry| entry.json.clone()).collect::<Value>(),
    });
    if let Some(fields) = result.as_object_mut() {
        let named = diagnosis::json(first).map(|(name, value)| (name.to_owned(), value));
        fields.extend(named);
    }
    result
}

fn end(end: End) -> &'static str {
    match end {
        End::Converged => "converged",
        End::Budget => "budget",
        End::Ceiling => "ceiling",
        End::Floor => "floor",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_analysis::capacity::{Finding, Kind, Outcome};

    use super::*;
    use crate::{
        args::Dimension,
        commands::capacity::{conclusion::tests::finding, record::tests::entry},
    };

    fn of(finding: Finding, entries: &[Entry], goal: Option<f64>) -> Value {
        let objectives = ["p(99)<200ms".to_owned()];
        let settings = Settings::within(Duration::from_secs(180), 100.0, 1e5);
        let unit = Unit { dimension: Dimension::Rate, noun: "requests" };
        let asked = Asked { target: "t", unit, objectives: &objectives, settings: &settings };
        let first = diagnosis::diagnose(entries, &finding, &[]);
        json(&Conclusion::new(finding, entries, 4, goal, false), &first, &asked, entries)
    }

    #[test]
    fn found() {
        let entries = [entry(Kind::Confirm, 1840.0, Outcome::Pass)];
        let found = of(finding(), &entries, Some(2000.0));
        let expected = json!({
            "value": 1840.0, "low": 1790.0, "high": 1880.0, "confirmations": { "kept": 5, "of": 5 },
        });
        assert_eq!(found["capacity"], expected);
        assert_eq!(found["verdict"], "goal missed");
        assert_eq!(found["goal"]["reached"], false);
        assert_eq!(found["generator"]["cpu_share"], 0.22);
        assert_eq!(found["trials"][0]["verdict"], "kept");
        assert!(found["bottleneck"].is_null(), "of one trial nothing is known");
        assert!(found["not_identified"]["reason"].is_string());
    }

    #[test]
    fn a_generator_that_is_the_limit_gives_no_capacity() {
        let entries = [entry(Kind::Bracket, 4000.0, Outcome::Invalid("no ports".to_owned()))];
        let found = of(Finding { first_failing: None, ..finding() }, &entries, None);
        assert_eq!(found["verdict"], "invalid");
        assert!(found["capacity"].is_null());
        assert_eq!(found["generator"]["reason"], "no ports");
    }
}
