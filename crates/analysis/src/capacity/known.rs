//! What trials so far say of a rate.

use super::{
    judge::Outcome,
    order::{Kind, Recorded},
    settings::{EXTENSIONS, Settings},
};

/// How far apart rates may be and still be the same.
pub(super) const ALIKE: f64 = 1e-6;

/// From short trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Pass,
    Fail,
    /// To be tried again, at `1 << n` times the length.
    Again(u32),
    Invalid,
}

/// Both sides of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// The lowest rate above `low` at which the generator was the limit.
    pub(super) invalid: Option<f64>,
}

/// Long trials at one rate. What none of them decides, several that lean to one side do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Votes {
    pub(super) passes: usize,
    pub(super) fails: usize,
    pub(super) invalid: usize,
}

impl Votes {
    /// Invalid ones say nothing.
    pub(super) fn all(self) -> usize {
        self.passes + self.fails
    }

    pub(super) fn are_kept(self, settings: &Settings) -> bool {
        is_most(self.passes, self.all(), settings)
    }

    pub(super) fn are_broken(self, settings: &Settings) -> bool {
        is_most(self.fails, self.all(), settings)
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Invalid(_) => self.invalid += 1,
            _ if is_kept(outcome) => self.passes += 1,
            _ => self.fails += 1,
        }
    }
}

/// Four of five, or as many of more.
fn is_most(count: usize, all: usize, settings: &Settings) -> bool {
    count >= settings.needed && count * settings.confirmations >= all * settings.needed
}

/// As far as a trial can tell.
pub(super) fn is_kept(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::Undecided { leans_to_pass: true })
}

pub(super) fn is_short(kind: Kind) -> bool {
    matches!(kind, Kind::Bracket | Kind::Narrow)
}

pub(super) fn is_alike(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < ALIKE
}

/// Trials, by rate.
#[derive(Clone, Copy)]
pub(super) struct Knowledge<'a> {
    pub(super) settings: &'a Settings,
    pub(super) trials: &'a [Recorded],
}

impl Knowledge<'_> {
    /// Rates of trials of some kind, ascending.
    pub(super) fn rates(self, is_wanted: fn(Kind) -> bool) -> Vec<f64> {
        let wanted = self.trials.iter().filter(|trial| is_wanted(trial.order.kind));
        let mut rates: Vec<f64> = wanted.map(|trial| trial.order.rate).collect();
        rates.sort_unstable_by(f64::total_cmp);
        rates.dedup_by(|a, b| is_alike(*a, *b));
        rates
    }

    pub(super) fn votes(self, rate: f64) -> Votes {
        let mut votes = Votes::default();
        let is_here = |trial: &&Recorded| {
            trial.order.kind == Kind::Confirm && is_alike(trial.order.rate, rate)
        };
        self.trials.iter().filter(is_here).for_each(|trial| votes.count(&trial.outcome));
        votes
    }

    /// What short trials say.
    pub(super) fn known(self, rate: f64) -> Option<Known> {
        let first_kept = self.first_kept();
        let here: Vec<(usize, &Recorded)> = self
            .trials
            .iter()
            .enumerate()
            .filter(|(_, trial)| is_short(trial.order.kind) && is_alike(trial.order.rate, rate))
            .collect();
        // Before anything was kept the service may just have started.
        let is_settled = |at: usize| first_kept.is_none_or(|first| at >= first);
        let has_settled = here.iter().any(|(at, _)| is_settled(*at));
        let (mut fails, mut tries, mut invalid, mut leans) = (0, 0, 0, false);
        let mut kind = Kind::Bracket;
        for (at, trial) in here {
            if has_settled && !is_settled(at) {
                continue;
            }
            kind = trial.order.kind;
            match trial.outcome {
                Outcome::Pass => return Some(Known::Pass),
                Outcome::Fail(_) => fails += 1,
                Outcome::Undecided { leans_to_pass } => {
                    tries += 1;
                    leans = leans_to_pass;
                }
                Outcome::Invalid(_) => invalid += 1,
            }
        }
        // All that follows builds on the bracket.
        let fails_needed = if kind == Kind::Bracket { 2 } else { 1 };
        Some(match (fails, tries, invalid) {
            (0, 0, 0) => return None,
            (fails, ..) if fails >= fails_needed => Known::Fail,
            // A bracket need not be exact: slow rates have few requests, and time is better spent above.
            (0, 1.., _) if kind == Kind::Bracket && leans => Known::Pass,
            (_, tries, _) if tries > EXTENSIONS && leans => Known::Pass,
            (_, tries, _) if tries > EXTENSIONS => Known::Fail,
            (_, _, 2..) => Known::Invalid,
            (_, tries, _) => Known::Again(tries),
        })
    }

    fn first_kept(self) -> Option<usize> {
        self.trials.iter().position(|trial| is_kept(&trial.outcome))
    }

    /// Whether `rate` was only tried before anything was kept: a service that has just started is slow.
    pub(super) fn is_hasty(self, rate: f64) -> bool {
        let last = self.trials.iter().rposition(|trial| is_alike(trial.order.rate, rate));
        matches!((last, self.first_kept()), (Some(last), Some(first)) if last < first)
    }

    /// Whether short trials stay undecided between `low` and `high`, or at one of them.
    pub(super) fn is_unclear(self, low: f64, high: f64) -> bool {
        let is_inside = |rate: f64| rate >= low * (1.0 - ALIKE) && rate <= high * (1.0 + ALIKE);
        let undecided = self.trials.iter().filter(|trial| {
            trial.order.kind == Kind::Narrow
                && is_inside(trial.order.rate)
                && trial.order.length > self.settings.short
        });
        undecided.filter(|trial| matches!(trial.outcome, Outcome::Undecided { .. })).count() > 0
    }

    /// The lower side stays below the smallest failure.
    pub(super) fn bounds(self) -> Bounds {
        let of = |wanted| {
            let rates = self.rates(is_short).into_iter();
            rates.filter(move |&rate| self.known(rate) == Some(wanted))
        };
        let high = of(Known::Fail).reduce(f64::min);
        let long = self.rates(|kind| kind == Kind::Confirm).into_iter();
        let spare = self.settings.confirmations - self.settings.needed;
        let invalid = long.filter(|&rate| self.votes(rate).invalid > spare);
        let invalid = of(Known::Invalid).chain(invalid).reduce(f64::min);
        let below = |rate: &f64| high.is_none_or(|high| *rate < high);
        let low = of(Known::Pass).filter(below).reduce(f64::max);
        Bounds { low, high, invalid: invalid.filter(|rate| low.is_none_or(|low| *rate > low)) }
    }
}
