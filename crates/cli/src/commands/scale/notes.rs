//! What keeps a sweep's result from being better, or from being believed at once.

use plimsoll_analysis::scaling::{Advice, Model, Validity};

use super::{
    asked::Swept,
    conclusion::{Conclusion, Entry},
};
use crate::commands::trials::figures::{number, percent, rate};

/// More failures than that are told.
const FAILED_MAX: f64 = 0.01;

/// Runs of one size that are further apart than by this factor are told.
const APART: f64 = 1.3;

/// Leaving one size out should not move a figure by more than so much of its interval.
const LEVERAGE_MAX: f64 = 0.5;

/// Of the CPU that it shares with the service, so much taken by plimsoll is told.
const SHARED_MAX: f64 = 0.2;

/// Sentences; `is_here` when the service shares this machine.
pub(super) fn notes(
    conclusion: &Conclusion,
    entries: &[Entry],
    swept: Swept,
    is_here: bool,
) -> Vec<String> {
    let mut notes: Vec<String> =
        conclusion.sizes.iter().flat_map(|size| of_size(size.n, entries, swept)).collect();
    let counted = entries.iter().filter(|entry| entry.counts());
    let most = counted.map(|entry| entry.cpu_share).fold(0.0, f64::max);
    if is_here && most > SHARED_MAX {
        notes.push(format!(
            "plimsoll runs on the machine of the service and took up to {} of its CPU: the service lacks it",
            percent(most)
        ));
    }
    let Some(fit) = &conclusion.fit else { return notes };
    let fits = fit.laws.first().is_some_and(|best| best.law.model() == Model::Usl);
    if let Some((n, share)) = fit.leverage.filter(|(_, share)| fits && *share > LEVERAGE_MAX) {
        notes.push(format!(
            "much hangs on {}: without it contention or coherency would be {} intervals elsewhere",
            swept.count(n),
            number(share)
        ));
    }
    notes.extend(fit.advice.iter().map(|advice| match advice {
        Advice::Distinct(count) => format!("{count} sizes are few; six make a better fit"),
        Advice::Repeats(1) => "one run of a size says nothing of its luck; --repeats 3".to_owned(),
        Advice::Repeats(count) => {
            format!("{count} runs of a size are few; --repeats 3 makes better intervals")
        }
        Advice::NotPastThePeak => {
            format!("the sweep may not have come to the end of growth; sweep more {}", swept.noun())
        }
    }));
    notes
}

/// Runs of a size that do not count, that failed in part, or where Little's law is broken.
fn of_size(n: u64, entries: &[Entry], swept: Swept) -> Vec<String> {
    let runs: Vec<&Entry> = entries.iter().filter(|entry| entry.n == n).collect();
    let (all, size) = (runs.len(), swept.count(n as f64));
    let mut notes = Vec::new();
    let invalid: Vec<&str> = runs
        .iter()
        .filter_map(|entry| match &entry.measured.validity {
            Validity::Invalid(reason) => Some(reason.as_str()),
            Validity::Valid | Validity::Failed => None,
        })
        .collect();
    if let Some(reason) = invalid.first() {
        notes.push(format!(
            "{size}: {} of {all} runs INVALID and left out: {reason}",
            invalid.len()
        ));
    }
    let failed = runs.iter().filter(|entry| entry.measured.validity == Validity::Failed).count();
    if failed > 0 {
        notes.push(format!("{size}: nothing succeeded in {failed} of {all} runs; left out"));
    }
    let counted = || runs.iter().filter(|entry| entry.counts());
    let share = counted().map(|entry| entry.measured.failed).fold(0.0, f64::max);
    if share > FAILED_MAX {
        notes.push(format!("{size}: up to {} failed, which is no throughput", percent(share)));
    }
    let (least, most) = counted()
        .map(|entry| entry.throughput())
        .fold((f64::INFINITY, 0.0), |(least, most), throughput| {
            (f64::min(least, throughput), f64::max(most, throughput))
        });
    if most > least * APART {
        notes.push(format!(
            "{size}: runs differ from {} to {}; is the machine busy, or --length too short?",
            rate(least),
            rate(most)
        ));
    }
    let broken = counted().filter(|entry| !entry.measured.little.holds());
    let worst = broken.max_by(|a, b| a.measured.little.gap.total_cmp(&b.measured.little.gap));
    if let Some(entry) = worst {
        let little = entry.measured.little;
        notes.push(format!(
            "{size}: Little's law is broken: throughput times latency makes {} at a time, not {}; the \
             figures are suspect (pauses between iterations, or a generator that is slow to go on)",
            number(little.in_flight),
            entry.in_flight
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::{
        super::conclusion::tests::{entry, sweep},
        *,
    };

    #[test]
    fn what_is_wrong_is_told() {
        let mut entries = sweep();
        entries.push(entry(64, 1.0, Validity::Invalid("no ports".to_owned())));
        entries.push(entry(64, 1.0, Validity::Failed));
        entries[0].measured.little.gap = 0.4;
        entries[0].measured.little.in_flight = 0.6;
        entries[4].measured.failed = 0.25;
        entries[5].cpu_share = 0.5;
        entries[6].measured.throughput *= 1.5;
        let found = Conclusion::new(&entries, 1, false);
        let said = notes(&found, &entries, Swept::Connections, true).join("\n");
        for expected in [
            "64 connections: 1 of 2 runs INVALID and left out: no ports",
            "64 connections: nothing succeeded in 1 of 2 runs",
            "1 connection: Little's law is broken: throughput times latency makes 0.60 at a time, not 1",
            "2 connections: up to 25 % failed",
            "4 connections: runs differ from ",
            "took up to 50 % of its CPU",
        ] {
            assert!(said.contains(expected), "{expected}:\n{said}");
        }
    }

    #[test]
    fn a_good_sweep_needs_no_note() {
        let found = Conclusion::new(&sweep(), 1, false);
        assert!(notes(&found, &sweep(), Swept::Connections, false).is_empty());
    }
}
