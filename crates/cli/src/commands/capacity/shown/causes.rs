//! What gives first, what else was watched, and the generator, as pages and reports show them.

use plimsoll_analysis::{
    bottleneck::{self, Ceiling},
    capacity::Finding,
};
use plimsoll_outputs::search::{Limit, Named, Resource, Role};

use crate::commands::{
    capacity::{
        conclusion::{Conclusion, Verdict},
        diagnosis,
        record::Entry,
    },
    trials::figures::percent,
};

/// Resources that are drawn at most.
const RESOURCES_LIMIT: usize = 24;

/// How much of what was watched was in use in each trial; `watched`: as the flags name it.
pub(super) fn resources(
    entries: &[Entry],
    finding: &Finding,
    first: &bottleneck::Verdict,
    watched: &[String],
) -> Vec<Resource> {
    let used = diagnosis::used(entries, finding, watched);
    let named = first.bottleneck.as_ref().ok().map(|named| &named.subject);
    let next = first.next.as_ref().map(|next| &next.subject);
    let mut found: Vec<Resource> = used
        .into_iter()
        .map(|used| Resource {
            words: bottleneck::subject(&used.subject),
            role: match &used.subject {
                subject if Some(subject) == named => Role::First,
                subject if Some(subject) == next => Role::Next,
                _ => Role::Other,
            },
            limit: used.limit.map(limit).filter(is_of_use),
            shares: used.shares,
        })
        .collect();
    found.sort_by_key(|resource| resource.role);
    found.truncate(RESOURCES_LIMIT);
    found
}

/// Whether a limit is known well enough to be drawn.
fn is_of_use(limit: &Limit) -> bool {
    limit.value.is_finite() && limit.high - limit.low <= limit.value
}

pub(super) fn named(named: &bottleneck::Named) -> Named {
    Named {
        words: bottleneck::subject(&named.subject),
        evidence: named.evidence.iter().map(bottleneck::evidence).collect(),
        demand: named.demand.map(bottleneck::demand),
        limit: named.limit.map(limit),
        confidence: named.confidence.name().to_owned(),
    }
}

/// A sentence, and the most that it used of its CPU.
pub(super) fn generator(conclusion: &Conclusion, entries: &[Entry]) -> Option<(String, f64)> {
    if let Verdict::Invalid(reason) = &conclusion.verdict {
        let shares = entries.iter().map(|entry| entry.generator.cpu_share);
        return Some((format!("It was the limit: {reason}."), shares.fold(0.0, f64::max)));
    }
    let share = conclusion.generator_share?;
    Some((format!("Generator at {}: not the limit.", percent(share)), share))
}

pub(super) fn limit(Ceiling { value, interval }: Ceiling) -> Limit {
    Limit { value, low: interval.low, high: interval.high }
}
