//! What a search will do, said before it begins.

use std::time::Duration;

use plimsoll_analysis::capacity::Settings;
use plimsoll_engine::runner::Runner;

use super::care::Care;
use crate::commands::trials::{
    REST,
    bench::Bench,
    figures::{length, percent},
    level,
    probe::Probed,
};

/// Trials that find both sides, usually: the probe is not far off.
const BRACKETS: u32 = 4;

/// The phases, how long they may take, and what the budget buys; a part of it is for trials.
pub(super) fn plan<R: Runner>(
    bench: &Bench<R>,
    objectives: &[String],
    probed: &Probed,
    settings: &Settings,
    (budget, for_trials): (Duration, Duration),
    care: &Care<R>,
) -> Vec<String> {
    let Settings { start, short, long, confirmations, needed, precision, .. } = settings;
    let unit = bench.unit();
    let (calibrated, more) = care.words(bench.noun, settings);
    let mut lines = vec![
        format!("capacity of {} for {}", bench.subject, objectives.join(", ")),
        probed.words.clone(),
        calibrated,
        format!(
            "plan, {} at most (all trials at their longest would take {}{}):",
            length(budget),
            length(worst(settings) + care.longest(settings)),
            care.restarts(settings).map_or_else(String::new, |(most, together)| {
                format!(", of it {} for {most} restarts as long as the first", length(together))
            })
        ),
        format!(
            "  bracket   trials of {}, from {} on, twice the {} each",
            length(*short),
            unit.level(*start),
            unit.kind()
        ),
        format!(
            "  narrow    trials of {} halve the gap until it is {}{}; twice as long where unclear",
            length(*short),
            percent(*precision),
            if unit.is_whole() { " or one" } else { "" }
        ),
        format!(
            "  confirm   {needed} of {confirmations} trials of {} on either side, in mixed order",
            length(*long)
        ),
    ];
    if settings.characterizes {
        lines.push(format!(
            "  hold      50 and 80 % for {}, 100 % for {}; overload at 120 % and back to 90 % for {}",
            length(*short),
            length(settings.hold()),
            length(settings.overload())
        ));
    }
    if bench.due(1.0).is_none() {
        lines.push(level::CLOSED.to_owned());
    }
    lines.extend(more);
    let reached = reachable(settings, for_trials);
    lines.push(if reached <= *precision {
        format!("the budget is enough for a precision of {}", percent(*precision))
    } else {
        format!(
            "the budget buys a precision of about {}; a longer --budget buys {}",
            percent(reached),
            percent(*precision)
        )
    });
    lines
}

fn worst(settings: &Settings) -> Duration {
    let trials = settings.longest().as_secs_f64() / settings.short.as_secs_f64().max(1.0);
    settings.longest() + REST.mul_f64(trials)
}

/// How wide the gap still is when what is left after bracket and confirmations, and before what comes after
/// them, goes into halving it.
fn reachable(settings: &Settings, budget: Duration) -> f64 {
    let confirmed = (settings.long + REST) * settings.needed as u32 * 2;
    let trial = settings.short + REST;
    let kept = confirmed + trial * BRACKETS + settings.reserve();
    let left = budget.saturating_sub(kept);
    let halvings = (left.as_secs_f64() / trial.as_secs_f64().max(1.0)).floor();
    2.0_f64.powf(0.5_f64.powf(halvings)) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_budget_buys_more_precision() {
        let precision = |seconds| {
            let budget = Duration::from_secs(seconds);
            reachable(&Settings::within(budget, 100.0, 1e5), budget)
        };
        assert!(precision(10) > 0.5, "{}", precision(10));
        assert!(precision(180) < 0.05, "{}", precision(180));
        assert!(precision(60) >= precision(300));
    }
}
