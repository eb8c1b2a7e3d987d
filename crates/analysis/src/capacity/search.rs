//! Which trial comes next.

use std::time::Duration;

use super::{
    crossing::crossing,
    finding::{End, Finding},
    judge::{Outcome, Score},
    order::{Kind, Order, Recorded},
    settings::{EXTENSIONS, Settings},
};
use crate::stats::Interval;

/// How far apart rates may be and still be the same.
const ALIKE: f64 = 1e-6;

/// From the overload on: shares of the capacity that are tried until the service keeps its objectives.
const WAY_BACK: [f64; 3] = [0.9, 0.75, 0.5];
const OVERLOAD: f64 = 1.2;
const HOLDS: [f64; 3] = [0.5, 0.8, 1.0];

/// A service that answers differently each time is not searched for ever.
const TRIALS_LIMIT: usize = 150;

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Run(Order),
    Done(Finding),
}

/// A search so far: a function of its trials, so a stored list of them resumes it.
#[derive(Clone, Debug)]
pub struct Search {
    settings: Settings,
    trials: Vec<Recorded>,
}

/// What is known of a rate: from long trials where enough of them agree, else from the short ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Pass,
    Fail,
    /// Long trials that do not agree.
    Unclear,
    /// To be tried again, at `1 << n` times the length.
    Again(u32),
    Invalid,
}

/// Both sides of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bounds {
    low: Option<f64>,
    high: Option<f64>,
    /// The lowest rate at which the generator was the limit.
    invalid: Option<f64>,
}

impl Search {
    pub fn new(settings: Settings) -> Search {
        Search { settings, trials: Vec::new() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn trials(&self) -> &[Recorded] {
        &self.trials
    }

    pub fn record(&mut self, order: Order, outcome: Outcome, score: Score) {
        self.trials.push(Recorded { order, outcome, score });
    }

    /// What to do with `remaining` time.
    pub fn next(&self, remaining: Duration) -> Step {
        if self.trials.len() >= TRIALS_LIMIT {
            return Step::Done(self.finding(End::Budget));
        }
        match self.unbounded() {
            Step::Run(order) if order.length > remaining => Step::Done(self.finding(End::Budget)),
            step => step,
        }
    }

    fn unbounded(&self) -> Step {
        let bounds = match self.bracket() {
            Ok(bounds) => bounds,
            Err(step) => return *step,
        };
        let (Some(low), Some(high)) = (bounds.low, bounds.high.or(bounds.invalid)) else {
            return Step::Done(self.finding(End::Floor));
        };
        if let Some(order) = self.narrow(low, high) {
            return Step::Run(order);
        }
        if let Some(order) = self.confirm(low, bounds.high) {
            return Step::Run(order);
        }
        if self.settings.characterizes
            && let Some(order) = self.characterize(low)
        {
            return Step::Run(order);
        }
        let end = if bounds.high.is_some() { End::Converged } else { End::Ceiling };
        Step::Done(self.finding(end))
    }

    /// Both sides, or the step that finds them.
    fn bracket(&self) -> Result<Bounds, Box<Step>> {
        let bounds = self.bounds();
        let Settings { start, floor, ceiling, .. } = self.settings;
        let tried = |rate| match self.known(rate) {
            Some(Known::Again(doublings)) => Some(self.short(rate, doublings, Kind::Bracket)),
            Some(_) => None,
            None => Some(self.short(rate, 0, Kind::Bracket)),
        };
        let lower = |high: f64| self.settings.level(high / 4.0);
        let next = match (bounds.low, bounds.high.or(bounds.invalid)) {
            (Some(_), Some(_)) => return Ok(bounds),
            (None, None) => start.min(ceiling),
            (Some(low), None) if low >= ceiling * (1.0 - ALIKE) => {
                // Nothing fails as far as the generator goes.
                return Ok(Bounds { invalid: Some(ceiling * (1.0 + ALIKE * 2.0)), ..bounds });
            }
            (Some(low), None) => (low * 2.0).min(ceiling),
            (None, Some(high)) if lower(high) < floor || lower(high) >= high => {
                return Err(Box::new(Step::Done(self.finding(End::Floor))));
            }
            (None, Some(high)) => lower(high),
        };
        match tried(next) {
            Some(order) => Err(Box::new(Step::Run(order))),
            // Every rate that was tried is on one of the sides.
            None => Err(Box::new(Step::Done(self.finding(End::Floor)))),
        }
    }

    /// The middle of what is not yet known, if that is wider than the precision.
    fn narrow(&self, low: f64, high: f64) -> Option<Order> {
        let is_unclear =
            |rate: &f64| *rate > low && *rate < high && self.known(*rate) == Some(Known::Unclear);
        let unclear: Vec<f64> = self.rates().into_iter().filter(is_unclear).collect();
        let sides = match (unclear.first(), unclear.last()) {
            (Some(&first), Some(&last)) => vec![(low, first), (last, high)],
            _ => vec![(low, high)],
        };
        let is_wide = |(low, high): &(f64, f64)| self.settings.is_wide(*low, *high);
        let (low, high) = sides.into_iter().find(is_wide)?;
        let pending = self.rates().into_iter().find_map(|rate| match self.known(rate) {
            Some(Known::Again(doublings)) if rate > low && rate < high => Some((rate, doublings)),
            _ => None,
        });
        let (rate, doublings) = pending.unwrap_or((self.between(low, high), 0));
        Some(self.short(rate, doublings, Kind::Narrow))
    }

    /// The middle on a scale of ratios; of whole numbers one that is neither side.
    fn between(&self, low: f64, high: f64) -> f64 {
        let middle = self.settings.level((low * high).sqrt());
        if self.settings.is_whole { middle.clamp(low + 1.0, high - 1.0) } else { middle }
    }

    fn short(&self, rate: f64, doublings: u32, kind: Kind) -> Order {
        Order { rate, length: self.settings.short * (1 << doublings), kind }
    }

    /// Rates that were searched, ascending.
    fn rates(&self) -> Vec<f64> {
        let searched = self.trials.iter().filter(|trial| is_search(trial.order.kind));
        let mut rates: Vec<f64> = searched.map(|trial| trial.order.rate).collect();
        rates.sort_unstable_by(f64::total_cmp);
        rates.dedup_by(|a, b| is_alike(*a, *b));
        rates
    }

    fn known(&self, rate: f64) -> Option<Known> {
        let votes = self.votes(rate);
        let Settings { needed, confirmations, .. } = self.settings;
        let spare = confirmations - needed;
        if votes.passes >= needed {
            return Some(Known::Pass);
        } else if votes.fails >= needed {
            return Some(Known::Fail);
        } else if votes.invalid > spare {
            return Some(Known::Invalid);
        } else if votes.passes > spare && votes.fails > spare {
            return Some(Known::Unclear);
        }
        self.known_from_short(rate)
    }

    fn known_from_short(&self, rate: f64) -> Option<Known> {
        let here = self
            .trials
            .iter()
            .filter(|trial| is_short(trial.order.kind) && is_alike(trial.order.rate, rate));
        let (mut fails, mut tries, mut invalid, mut leans) = (0, 0, 0, false);
        let mut kind = Kind::Bracket;
        for trial in here {
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
        // All that follows builds on the bracket, and a service that has just started is slow.
        let fails_needed = if kind == Kind::Bracket { 2 } else { 1 };
        Some(match (fails, tries, invalid) {
            (0, 0, 0) => return None,
            (fails, ..) if fails >= fails_needed => Known::Fail,
            // A bracket need not be exact: slow rates have few requests, and time is better spent above.
            (0, 1.., _) if kind == Kind::Bracket && leans => Known::Pass,
            (_, tries, _) if tries > EXTENSIONS => {
                if leans {
                    Known::Pass
                } else {
                    Known::Fail
                }
            }
            (_, _, 2..) => Known::Invalid,
            (_, tries, _) => Known::Again(tries),
        })
    }

    /// The lower side stays below the smallest failure.
    fn bounds(&self) -> Bounds {
        let of =
            |wanted| self.rates().into_iter().filter(move |&rate| self.known(rate) == Some(wanted));
        let high = of(Known::Fail).reduce(f64::min);
        let invalid = of(Known::Invalid).reduce(f64::min);
        let below = |rate: &f64| high.is_none_or(|high| *rate < high);
        let low = of(Known::Pass).filter(below).reduce(f64::max);
        Bounds { low, high, invalid: invalid.filter(|rate| low.is_none_or(|low| *rate > low)) }
    }

    /// The long trial that one of both sides still needs.
    fn confirm(&self, low: f64, high: Option<f64>) -> Option<Order> {
        let needed = self.settings.needed;
        let mut open = Vec::new();
        if self.votes(low).passes < needed {
            open.push(low);
        }
        open.extend(high.filter(|&high| self.votes(high).fails < needed));
        let rate = self.choose(&open)?;
        Some(Order { rate, length: self.settings.long, kind: Kind::Confirm })
    }

    /// One of `open`, in an order that looks random and is the same for the same trials.
    fn choose(&self, open: &[f64]) -> Option<f64> {
        let mut mixed =
            self.settings.seed ^ (self.trials.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        let at = mixed.checked_rem(open.len() as u64)?;
        open.get(at as usize).copied()
    }

    fn votes(&self, rate: f64) -> Votes {
        let mut votes = Votes::default();
        for trial in &self.trials {
            if trial.order.kind != Kind::Confirm || !is_alike(trial.order.rate, rate) {
                continue;
            }
            match trial.outcome {
                Outcome::Pass => votes.passes += 1,
                Outcome::Fail(_) => votes.fails += 1,
                Outcome::Undecided { leans_to_pass: true } => votes.passes += 1,
                Outcome::Undecided { leans_to_pass: false } => votes.fails += 1,
                Outcome::Invalid(_) => votes.invalid += 1,
            }
        }
        votes
    }

    /// The load line, the overload and the way back, each once.
    fn characterize(&self, capacity: f64) -> Option<Order> {
        // Of few whole numbers 120 % is the same one.
        let above = if self.settings.is_whole { capacity + 1.0 } else { 0.0 };
        let at = |share: f64| {
            let level = self.settings.level(capacity * share);
            if share > 1.0 { level.max(above) } else { level }
        };
        let ran = |kind: Kind, share: f64| {
            let rate = at(share);
            let found =
                |trial: &&Recorded| trial.order.kind == kind && is_alike(trial.order.rate, rate);
            self.trials.iter().find(found).map(|trial| &trial.outcome)
        };
        let order = |kind, share: f64, length| {
            let rate = at(share).min(self.settings.ceiling);
            Order { rate, length, kind }
        };
        if let Some(&share) = HOLDS.iter().find(|&&share| ran(Kind::Hold, share).is_none()) {
            return Some(order(Kind::Hold, share, self.settings.short));
        }
        if at(OVERLOAD) > self.settings.ceiling {
            return None;
        }
        if ran(Kind::Overload, OVERLOAD).is_none() {
            return Some(order(Kind::Overload, OVERLOAD, self.settings.long));
        }
        for share in WAY_BACK {
            match ran(Kind::Recover, share) {
                None => return Some(order(Kind::Recover, share, self.settings.long)),
                Some(Outcome::Fail(_)) => {}
                Some(_) => return None,
            }
        }
        None
    }

    fn interval(&self, near: f64) -> Option<Interval> {
        let Interval { low, high } = crossing(&self.trials, near)?;
        Some(match self.settings.is_whole {
            true => Interval { low: low.floor(), high: high.ceil() },
            false => Interval { low, high },
        })
    }

    fn finding(&self, end: End) -> Finding {
        let bounds = self.bounds();
        let capacity = bounds.low.filter(|_| end != End::Floor);
        let first_failing = bounds.high;
        let votes = |rate: Option<f64>| rate.map(|rate| self.votes(rate)).unwrap_or_default();
        let (at_low, at_high) = (votes(capacity), votes(first_failing));
        let lowest_failure = bounds.high.unwrap_or(f64::INFINITY);
        let above = |rate: &f64| *rate > lowest_failure && self.known(*rate) == Some(Known::Pass);
        let way_back = self.trials.iter().filter(|trial| trial.order.kind == Kind::Recover);
        let recovered: Vec<(f64, bool)> = way_back
            .map(|trial| (trial.order.rate, !matches!(trial.outcome, Outcome::Fail(_))))
            .collect();
        Finding {
            end,
            capacity,
            interval: capacity.and_then(|near| self.interval(near)),
            first_failing,
            confirmations: (at_low.passes, at_low.all()),
            refutations: (at_high.fails, at_high.all()),
            non_monotone: self.rates().into_iter().filter(above).collect(),
            descending: recovered.iter().find(|(_, kept)| *kept).map(|(rate, _)| *rate),
            recovered: recovered.first().map(|(_, kept)| *kept),
        }
    }
}

/// Long trials at one rate. What none of them decides, several that lean to one side do.
#[derive(Clone, Copy, Debug, Default)]
struct Votes {
    passes: usize,
    fails: usize,
    invalid: usize,
}

impl Votes {
    /// Invalid ones say nothing.
    fn all(self) -> usize {
        self.passes + self.fails
    }
}

fn is_short(kind: Kind) -> bool {
    matches!(kind, Kind::Bracket | Kind::Narrow)
}

fn is_search(kind: Kind) -> bool {
    is_short(kind) || kind == Kind::Confirm
}

fn is_alike(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < ALIKE
}

#[cfg(test)]
mod tests;
