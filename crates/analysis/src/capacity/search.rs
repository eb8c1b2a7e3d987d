//! Which trial comes next.

use std::time::Duration;

use super::{
    confirm::Side,
    crossing::{Crossing, crossing},
    finding::{End, Finding},
    judge::{Outcome, Score},
    known::{ALIKE, Bounds, Knowledge, Known, Votes, is_short},
    order::{Kind, Order, Recorded},
    settings::Settings,
};
use crate::stats::Interval;

/// From the overload on: shares of the capacity that are tried until the service keeps its objectives.
const WAY_BACK: [f64; 3] = [0.9, 0.75, 0.5];
const OVERLOAD: f64 = 1.2;
const HOLDS: [f64; 2] = [0.5, 0.8];

/// How near to its share of the capacity a trial is that was held when the capacity was thought another.
const HELD_NEAR: f64 = 0.1;

/// Where short trials cannot tell, long ones begin when the sides are so near to each other.
const UNCLEAR: f64 = 1.5;

/// Trials go on until the interval, as a power of its ratio, is as narrow as the precision: those that look
/// narrow by luck are not to end sooner.
const ENOUGH: f64 = 1.7;

/// Once both sides are confirmed, trials end at so many times the confirmations of one side.
const CONFIRMATIONS_MOST: usize = 4;

/// A confirmed answer is one when the interval is not wider than this ratio, whether or not the side above
/// it is confirmed too.
const NARROW_ENOUGH: f64 = 1.25;

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
        if self.trials.len() >= TRIALS_LIMIT || remaining < self.settings.short {
            return Step::Done(self.finding(End::Budget));
        }
        match self.unbounded(remaining) {
            Step::Run(order) if order.length > remaining => Step::Done(self.finding(self.early())),
            step => step,
        }
    }

    fn known(&self) -> Knowledge<'_> {
        Knowledge { settings: &self.settings, trials: &self.trials }
    }

    fn unbounded(&self, remaining: Duration) -> Step {
        let known = self.known().bounds();
        let has_both = known.low.is_some() && known.high.or(known.invalid).is_some();
        let bounds = if has_both && self.has(Kind::Confirm) {
            known
        } else {
            match self.bracket() {
                Ok(bounds) => bounds,
                Err(step) => return *step,
            }
        };
        let (Some(low), Some(high)) = (bounds.low, bounds.high.or(bounds.invalid)) else {
            return Step::Done(self.finding(End::Floor));
        };
        if !self.has(Kind::Confirm)
            && let Some(order) = self.narrow(low, high)
        {
            return Step::Run(order);
        }
        if let Some(order) = self.confirm(low, bounds, remaining) {
            return Step::Run(order);
        }
        let (low, high) = self.known().sides();
        if self.settings.characterizes
            && let Some(low) = low
            && let Some(order) = self.characterize(low)
        {
            return Step::Run(order);
        }
        let end = if high.is_some() { self.early() } else { End::Ceiling };
        Step::Done(self.finding(end))
    }

    /// The end when time is over: what is confirmed is so.
    fn early(&self) -> End {
        let (low, high) = self.known().sides();
        let votes = |rate: f64| self.known().votes(rate);
        let is_kept = low.is_some_and(|low| votes(low).are_kept(&self.settings));
        let is_broken = high.is_some_and(|high| votes(high).are_broken(&self.settings));
        let is_near = |range: Interval| range.high < range.low * NARROW_ENOUGH;
        let is_bounded = is_broken || (high.is_some() && self.interval().is_some_and(is_near));
        if is_kept && is_bounded { End::Converged } else { End::Budget }
    }

    fn has(&self, kind: Kind) -> bool {
        self.trials.iter().any(|trial| trial.order.kind == kind)
    }

    /// Both sides, or the step that finds them.
    fn bracket(&self) -> Result<Bounds, Box<Step>> {
        let known = self.known();
        let bounds = known.bounds();
        let Settings { start, floor, ceiling, .. } = self.settings;
        let tried = |rate| match known.known(rate) {
            Some(Known::Again(doublings)) => Some(self.short(rate, doublings, Kind::Bracket)),
            Some(_) if known.is_hasty(rate) => Some(self.short(rate, 0, Kind::Bracket)),
            Some(_) => None,
            None => Some(self.short(rate, 0, Kind::Bracket)),
        };
        let lower = |high: f64| self.settings.level(high / 4.0);
        let next = match (bounds.low, bounds.high.or(bounds.invalid)) {
            (Some(_), Some(high)) if known.is_hasty(high) => high,
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

    /// The middle of what is not yet known, if that is wider than the precision and short trials tell.
    fn narrow(&self, low: f64, high: f64) -> Option<Order> {
        let known = self.known();
        if !self.settings.is_wide(low, high)
            || (high / low < UNCLEAR && known.is_unclear(low, high))
        {
            return None;
        }
        let pending = known.rates(is_short).into_iter().find_map(|rate| match known.known(rate) {
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

    /// The long trial that one of both sides still needs; and while there is time that the rest of the
    /// search does not need, those that make the interval as narrow as the precision.
    fn confirm(&self, low: f64, bounds: Bounds, remaining: Duration) -> Option<Order> {
        let Settings { long, .. } = self.settings;
        let later = [Kind::Hold, Kind::Overload, Kind::Recover];
        if later.iter().any(|kind| self.has(*kind)) || remaining < long + self.settings.reserve() {
            return None;
        }
        let order = |rate| Order { rate, length: long, kind: Kind::Confirm };
        let known = self.known();
        let crossing = self.crossing().filter(|_| bounds.high.is_some());
        let Some(crossing) = crossing else {
            let votes = known.votes(low);
            let is_open =
                !votes.are_kept(&self.settings) && votes.all() < self.settings.confirmations;
            return is_open.then(|| order(low));
        };
        let sides = [Side::Low, Side::High].map(|side| known.candidate(&crossing, side));
        let can_send =
            |rate: f64| bounds.invalid.is_none_or(|invalid| rate < invalid * (1.0 - ALIKE));
        let mut open: Vec<f64> = sides
            .iter()
            .filter(|side| !side.is_confirmed && can_send(side.rate))
            .map(|side| side.rate)
            .collect();
        if open.is_empty() {
            let Interval { low, high } = crossing.interval;
            let made = self.trials.iter().filter(|trial| trial.order.kind == Kind::Confirm).count();
            if !self.settings.is_wide(low, low * (high / low).powf(ENOUGH))
                || made >= self.settings.confirmations * CONFIRMATIONS_MOST
            {
                return None;
            }
            let closer = [Side::Low, Side::High].map(|side| known.closer(&crossing, side));
            let closer = closer.iter().filter(|side| can_send(side.rate));
            // The lower one first: confirmed, it is the better answer.
            let next =
                closer.min_by_key(|side| if side.is_confirmed { side.votes.all() } else { 0 });
            open.extend(next.map(|side| side.rate));
        }
        self.choose(&open).map(order)
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

    /// The load line with a long hold of the answer, the overload and the way back, each once.
    fn characterize(&self, capacity: f64) -> Option<Order> {
        let Settings { short, ceiling, is_whole, .. } = self.settings;
        // Of few whole numbers 120 % is the same one.
        let above = if is_whole { capacity + 1.0 } else { 0.0 };
        let at = |share: f64| {
            let level = self.settings.level(capacity * share);
            if share > 1.0 { level.max(above) } else { level }
        };
        let held = |rate: f64, near: f64, least: Duration| {
            let is_it = |trial: &Recorded| {
                trial.order.kind == Kind::Hold
                    && trial.order.length >= least
                    && (trial.order.rate / rate - 1.0).abs() < near
            };
            self.trials.iter().any(is_it)
        };
        let order = |kind, rate: f64, length| Some(Order { rate: rate.min(ceiling), length, kind });
        let wanted = HOLDS.iter().map(|&share| at(share));
        if let Some(rate) = wanted.into_iter().find(|rate| !held(*rate, HELD_NEAR, short)) {
            return order(Kind::Hold, rate, short);
        }
        // What falls over does so slowly; a rate that was held and not kept is the answer no more.
        if !held(capacity, ALIKE, self.settings.hold()) {
            return order(Kind::Hold, capacity, self.settings.hold());
        }
        if at(OVERLOAD) > ceiling {
            return None;
        }
        if !self.has(Kind::Overload) {
            return order(Kind::Overload, at(OVERLOAD), self.settings.overload());
        }
        let back: Vec<&Recorded> =
            self.trials.iter().filter(|trial| trial.order.kind == Kind::Recover).collect();
        if back.last().is_some_and(|trial| !matches!(trial.outcome, Outcome::Fail(_))) {
            return None;
        }
        WAY_BACK
            .get(back.len())
            .and_then(|&share| order(Kind::Recover, at(share), self.settings.overload()))
    }

    fn crossing(&self) -> Option<Crossing> {
        let Bounds { low, high, .. } = self.known().bounds();
        crossing(&self.trials, Interval { low: low?, high: high? }, self.settings.long)
    }

    fn interval(&self) -> Option<Interval> {
        let Interval { low, high } = self.crossing()?.interval;
        Some(match self.settings.is_whole {
            true => Interval { low: low.floor(), high: high.ceil() },
            false => Interval { low, high },
        })
    }

    fn finding(&self, end: End) -> Finding {
        let known = self.known();
        let (low, first_failing) = known.sides();
        let capacity = low.filter(|_| end != End::Floor);
        let votes = |rate: Option<f64>| rate.map_or(Votes::default(), |rate| known.votes(rate));
        let (at_low, at_high) = (votes(capacity), votes(first_failing));
        let lowest_failure = first_failing.unwrap_or(f64::INFINITY);
        let above =
            |rate: &f64| *rate > lowest_failure && known.votes(*rate).are_kept(&self.settings);
        let way_back = self.trials.iter().filter(|trial| trial.order.kind == Kind::Recover);
        let recovered: Vec<(f64, bool)> = way_back
            .map(|trial| (trial.order.rate, !matches!(trial.outcome, Outcome::Fail(_))))
            .collect();
        Finding {
            end,
            capacity,
            interval: capacity.and_then(|capacity| {
                // What was kept is no less an answer than what all trials together make likely.
                self.interval().map(|range| Interval {
                    low: range.low.min(capacity),
                    high: range.high.max(capacity),
                })
            }),
            first_failing,
            confirmations: (at_low.passes, at_low.all()),
            refutations: (at_high.fails, at_high.all()),
            non_monotone: known
                .rates(|kind| kind == Kind::Confirm)
                .into_iter()
                .filter(above)
                .collect(),
            descending: recovered.iter().find(|(_, kept)| *kept).map(|(rate, _)| *rate),
            recovered: recovered.first().map(|(_, kept)| *kept),
        }
    }
}

#[cfg(test)]
mod tests;
