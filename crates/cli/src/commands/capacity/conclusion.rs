//! What a search that is over says, and the exit code.

use plimsoll_analysis::capacity::{End, Finding, Outcome};

use super::record::Entry;
use crate::exit::Exit;

/// An interval whose ends differ by no more than this factor is an answer, however many confirmations there
/// was time for: it says itself how sure it is.
const PRECISE: f64 = 1.35;

/// In one word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// The capacity is between two rates that are confirmed, or its interval is narrow.
    Found,
    /// It is that or more: nothing above was tried.
    AtLeast,
    /// The goal is surely kept, or surely not.
    Reached,
    Missed,
    /// Not kept at any rate.
    Nowhere,
    /// The generator was the limit, for this reason.
    Invalid(String),
    /// There was not enough time, or the answer is too near to the goal.
    Unsure,
    /// The person ended it.
    Interrupted,
}

impl Verdict {
    /// As JSON has it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Verdict::Found => "found",
            Verdict::AtLeast => "at least",
            Verdict::Reached => "goal reached",
            Verdict::Missed => "goal missed",
            Verdict::Nowhere => "nowhere kept",
            Verdict::Invalid(_) => "invalid",
            Verdict::Unsure => "inconclusive",
            Verdict::Interrupted => "interrupted",
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Verdict::Found | Verdict::Reached => Exit::Success,
            Verdict::Missed => Exit::GoalMissed,
            Verdict::Invalid(_) => Exit::Invalid,
            Verdict::AtLeast | Verdict::Nowhere | Verdict::Unsure => Exit::Inconclusive,
            Verdict::Interrupted => Exit::Interrupted,
        }
    }
}

/// A search that is over.
pub(super) struct Conclusion {
    pub(super) finding: Finding,
    pub(super) verdict: Verdict,
    /// Per second.
    pub(super) goal: Option<f64>,
    /// The most of its CPU that the generator used in a trial at the answer or below.
    pub(super) generator_share: Option<f64>,
    /// Signals that were too many to be kept, in the trial that had the most.
    pub(super) left_out: u64,
}

impl Conclusion {
    /// `needed`: confirmations on either side.
    pub(super) fn new(
        finding: Finding,
        entries: &[Entry],
        needed: usize,
        goal: Option<f64>,
        is_interrupted: bool,
    ) -> Conclusion {
        // What was tried again, and kept then, was no limit.
        let is_above = |rate: f64| finding.capacity.is_none_or(|capacity| rate > capacity * 1.001);
        let invalid = entries.iter().find_map(|entry| match &entry.outcome {
            Outcome::Invalid(reason) if is_above(entry.order.rate) => Some(reason.clone()),
            _ => None,
        });
        // A rate at which only the generator gave way bounds nothing.
        let gave_way = entries.iter().any(|entry| {
            let is_not_kept = matches!(
                entry.outcome,
                Outcome::Fail(_) | Outcome::Undecided { leans_to_pass: false }
            );
            is_not_kept && is_above(entry.order.rate)
        });
        let invalid = invalid.map(|reason| (reason, gave_way));
        let verdict = if is_interrupted {
            Verdict::Interrupted
        } else {
            verdict(&finding, invalid, needed, goal)
        };
        let at = |entry: &&Entry| {
            let is_below = finding.capacity.is_some_and(|rate| entry.order.rate <= rate * 1.001);
            is_below && !matches!(entry.outcome, Outcome::Invalid(_))
        };
        let shares = entries.iter().filter(at).map(|entry| entry.generator.cpu_share);
        let left_out = entries.iter().map(Entry::left_out).max().unwrap_or(0);
        Conclusion { verdict, goal, generator_share: shares.reduce(f64::max), left_out, finding }
    }
}

fn verdict(
    finding: &Finding,
    invalid: Option<(String, bool)>,
    needed: usize,
    goal: Option<f64>,
) -> Verdict {
    let is_kept = finding.confirmations.0 >= needed;
    let is_broken = finding.refutations.0 >= needed;
    let is_surely_above = |goal| finding.interval.is_some_and(|interval| interval.low >= goal);
    if let (Some(goal), Some(capacity)) = (goal, finding.capacity)
        && capacity >= goal
        && (is_kept || is_surely_above(goal))
    {
        return Verdict::Reached;
    }
    // Whoever was the limit above, the service was it below.
    let is_unbounded = finding.first_failing.is_none() || finding.capacity.is_none();
    if let Some((reason, gave_way)) = invalid
        && (is_unbounded || !gave_way)
    {
        return Verdict::Invalid(reason);
    }
    if let Some(goal) = goal {
        let is_below = match (finding.end, finding.interval) {
            (End::Floor, _) => true,
            (_, Some(interval)) => interval.high < goal,
            (_, None) => is_broken && finding.first_failing.is_some_and(|high| high < goal),
        };
        return if is_below { Verdict::Missed } else { Verdict::Unsure };
    }
    let is_precise = finding.capacity.is_some()
        && finding.interval.is_some_and(|interval| interval.high <= interval.low * PRECISE);
    match finding.end {
        End::Floor => Verdict::Nowhere,
        End::Ceiling if is_kept => Verdict::AtLeast,
        End::Converged => Verdict::Found,
        End::Budget if is_precise || (is_kept && is_broken) => Verdict::Found,
        End::Ceiling | End::Budget => Verdict::Unsure,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use plimsoll_analysis::{capacity::Kind, stats::Interval};

    use super::{super::record::tests::entry, *};

    /// 1,840 to 1,930 requests a second, confirmed.
    pub(in crate::commands::capacity) fn finding() -> Finding {
        Finding {
            end: End::Converged,
            capacity: Some(1840.0),
            interval: Some(Interval { low: 1790.0, high: 1880.0 }),
            first_failing: Some(1930.0),
            confirmations: (5, 5),
            refutations: (4, 5),
            non_monotone: Vec::new(),
            descending: Some(1656.0),
            recovered: Some(true),
        }
    }

    #[test]
    fn a_trial_that_was_invalid_once_and_then_kept_is_no_limit() {
        let open = Finding { end: End::Ceiling, first_failing: None, ..finding() };
        let of = |rate| {
            let invalid = Outcome::Invalid("no ports".to_owned());
            let entries = [entry(Kind::Confirm, rate, invalid)];
            Conclusion::new(open.clone(), &entries, 4, None, false).verdict.name()
        };
        assert_eq!((of(1840.0), of(3680.0)), ("at least", "invalid"));
    }

    /// The search stopped there, but nothing says that the service would have given way.
    #[test]
    fn a_rate_that_only_the_generator_failed_bounds_nothing() {
        let of = |above: Outcome| {
            let invalid = Outcome::Invalid("no ports".to_owned());
            let entries = [entry(Kind::Hold, 1930.0, invalid), entry(Kind::Narrow, 3000.0, above)];
            Conclusion::new(finding(), &entries, 4, None, false).verdict.name()
        };
        assert_eq!(of(Outcome::Undecided { leans_to_pass: true }), "invalid");
        assert_eq!(of(Outcome::Fail(plimsoll_analysis::capacity::Cause::Backlog)), "found");
    }

    #[test]
    fn verdicts() {
        let check = |finding: Finding, invalid: bool, goal, expected: &str, code| {
            let invalid = invalid.then(|| ("no ports".to_owned(), true));
            let found = verdict(&finding, invalid, 4, goal);
            assert_eq!((found.name(), found.exit().code()), (expected, code), "{finding:?}");
        };
        let unbounded = Finding { first_failing: None, refutations: (0, 0), ..finding() };
        let floor = Finding { end: End::Floor, capacity: None, interval: None, ..finding() };
        check(finding(), false, None, "found", 0);
        check(finding(), true, None, "found", 0);
        check(finding(), false, Some(1500.0), "goal reached", 0);
        check(finding(), false, Some(2000.0), "goal missed", 112);
        check(finding(), false, Some(1860.0), "inconclusive", 113);
        check(unbounded.clone(), true, None, "invalid", 111);
        check(unbounded.clone(), true, Some(1500.0), "goal reached", 0);
        check(unbounded.clone(), true, Some(3000.0), "invalid", 111);
        let ceiling = Finding { end: End::Ceiling, ..unbounded };
        check(ceiling, false, None, "at least", 113);
        check(floor.clone(), false, None, "nowhere kept", 113);
        check(floor.clone(), true, None, "invalid", 111);
        check(floor, false, Some(10.0), "goal missed", 112);
        let early = Finding { end: End::Budget, confirmations: (1, 1), ..finding() };
        check(early.clone(), false, None, "found", 0);
        check(early.clone(), false, Some(1000.0), "goal reached", 0);
        check(early.clone(), false, Some(1800.0), "inconclusive", 113);
        let wide = Finding { interval: Some(Interval { low: 1300.0, high: 1880.0 }), ..early };
        check(wide.clone(), false, None, "inconclusive", 113);
        check(wide.clone(), false, Some(1000.0), "goal reached", 0);
        check(wide, false, Some(2000.0), "goal missed", 112);
        check(Finding { end: End::Budget, ..finding() }, false, None, "found", 0);
    }
}
