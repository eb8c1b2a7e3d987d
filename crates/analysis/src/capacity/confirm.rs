//! Where long trials go: to either side of where the objectives are just kept.
//!
//! So far from it that most trials on one side agree: one trial at the very place would be as likely to
//! be kept as not, and one far away tells little.

use super::{
    crossing::Crossing,
    known::{Knowledge, Votes, is_alike, is_short},
    order::Kind,
};

/// In standard deviations of what one long trial tells; and the least, as a share of the precision, and
/// the most, as a logarithm of a ratio: what a trial tells is as exact as the root of its seconds.
const DISTANCE: f64 = 1.0;
const DISTANCE_LEAST: f64 = 0.5;
const DISTANCE_MOST: f64 = 0.07;
const DISTANCE_MOST_OF_A_SECOND: f64 = 0.23;

/// How much nearer trials come when both sides are confirmed.
const CLOSER: f64 = 0.5;

/// How near and far a rate that was tried already may be, in distances.
const NEAR: f64 = 0.3;
const FAR: f64 = 2.2;

/// How far from the right distance one is that only short trials had.
const NEAR_SHORT: f64 = 0.5;

/// How far outside of what short trials say long ones are made, as a ratio.
const OUTSIDE: f64 = 1.1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

/// A rate, and whether it is confirmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) rate: f64,
    pub(super) votes: Votes,
    pub(super) is_confirmed: bool,
}

impl Knowledge<'_> {
    /// How far from the crossing, as a logarithm of a ratio.
    pub(super) fn distance(self, crossing: &Crossing) -> f64 {
        let least = DISTANCE_LEAST * self.settings.precision.ln_1p();
        let root = self.settings.long.as_secs_f64().max(1.0).sqrt();
        let most = DISTANCE_MOST.min(DISTANCE_MOST_OF_A_SECOND / root);
        (DISTANCE * crossing.scatter).clamp(least, most.max(least))
    }

    /// Not far from where short trials have seen it.
    pub(super) fn estimate(self, crossing: &Crossing) -> f64 {
        let bounds = self.bounds();
        let low = bounds.low.map_or(0.0, |low| low / OUTSIDE);
        let high = bounds.high.map_or(f64::INFINITY, |high| high * OUTSIDE);
        crossing.estimate.max(low).min(high)
    }

    /// The rate on one side of `crossing` that is to be confirmed, or is.
    pub(super) fn candidate(self, crossing: &Crossing, side: Side) -> Candidate {
        self.nearest(crossing, side, self.distance(crossing))
    }

    /// Once both are: a rate nearer to it, of which a trial tells more.
    pub(super) fn closer(self, crossing: &Crossing, side: Side) -> Candidate {
        self.nearest(crossing, side, self.distance(crossing) * CLOSER)
    }

    fn nearest(self, crossing: &Crossing, side: Side, distance: f64) -> Candidate {
        let sign = if side == Side::Low { -1.0 } else { 1.0 };
        let estimate = self.estimate(crossing);
        let away = |rate: &f64| (rate / estimate).ln() * sign / distance;
        let is_open =
            |rate: &f64| (NEAR..FAR).contains(&away(rate)) && !self.is_refused(*rate, side);
        let long = self.rates(|kind| kind == Kind::Confirm).into_iter().filter(is_open);
        let long = long.max_by_key(|&rate| self.votes(rate).all());
        let short = || {
            let near = |rate: &f64| (away(rate) - 1.0).abs();
            let rates = self.rates(is_short).into_iter().filter(is_open);
            let rates = rates.filter(|rate| near(rate) < NEAR_SHORT);
            rates.min_by(|a, b| near(a).total_cmp(&near(b)))
        };
        let rate = long.or_else(short).unwrap_or_else(|| self.fresh(crossing, side, distance));
        let votes = self.votes(rate);
        let is_confirmed = match side {
            Side::Low => votes.are_kept(self.settings),
            Side::High => votes.are_broken(self.settings),
        };
        Candidate { rate, votes, is_confirmed }
    }

    /// Too many of its trials went the other way.
    fn is_refused(self, rate: f64, side: Side) -> bool {
        let votes = self.votes(rate);
        let others = if side == Side::Low { votes.fails } else { votes.passes };
        let spare = self.settings.confirmations - self.settings.needed;
        others > spare && others * self.settings.confirmations > votes.all() * spare
    }

    /// One that was not tried yet.
    fn fresh(self, crossing: &Crossing, side: Side, distance: f64) -> f64 {
        let level = |rate: f64| match (self.settings.is_whole, side) {
            (false, _) => rate,
            (true, Side::Low) => rate.floor(),
            (true, Side::High) => rate.ceil(),
        };
        let sign = if side == Side::Low { -1.0 } else { 1.0 };
        let mut rate = self.estimate(crossing) * (sign * distance).exp();
        while self.is_refused(level(rate), side) {
            rate *= (sign * distance / 2.0).exp();
        }
        level(rate).clamp(self.settings.floor, self.settings.ceiling)
    }

    /// The rate that was held last and longest, if it was not kept: nothing from there on is.
    pub(super) fn dropped(self) -> Option<f64> {
        let held = self.trials.iter().filter(|trial| {
            trial.order.kind == Kind::Hold && trial.order.length > self.settings.long
        });
        let broken = held.filter(|trial| !super::known::is_kept(&trial.outcome));
        broken.map(|trial| trial.order.rate).reduce(f64::min)
    }

    /// The rates that the answer is given by: the highest that was kept, and the lowest above it that
    /// was not.
    pub(super) fn sides(self) -> (Option<f64>, Option<f64>) {
        let long = self.rates(|kind| kind == Kind::Confirm);
        let bounds = self.bounds();
        let dropped = self.dropped().unwrap_or(f64::INFINITY);
        let by = |is: &dyn Fn(Votes) -> bool, from: f64, to: f64| -> Vec<f64> {
            let inside = long.iter().copied().filter(|rate| *rate > from && *rate < to);
            inside.filter(|rate| is(self.votes(*rate))).collect()
        };
        let kept = |votes: Votes| votes.are_kept(self.settings);
        let broken = |votes: Votes| votes.are_broken(self.settings);
        let mostly_kept = |votes: Votes| votes.passes > votes.fails;
        let mostly_broken = |votes: Votes| votes.fails >= votes.passes.max(1);
        let wall = by(&broken, 0.0, f64::INFINITY).first().copied().unwrap_or(f64::INFINITY);
        let top = wall.min(dropped * (1.0 - super::known::ALIKE));
        let fence = by(&mostly_broken, 0.0, top).first().copied().unwrap_or(top).min(top);
        let low = by(&kept, 0.0, top)
            .last()
            .or(by(&mostly_kept, 0.0, fence).last())
            .copied()
            .or_else(|| self.lower(top))
            .or(bounds.low);
        let above = low.unwrap_or(0.0) * (1.0 + super::known::ALIKE);
        let high = by(&broken, above, f64::INFINITY)
            .first()
            .or(by(&mostly_broken, above, f64::INFINITY).first())
            .copied()
            .or(self.dropped())
            .or(bounds.high.filter(|high| *high > above));
        (low, high.filter(|high| low.is_none_or(|low| !is_alike(low, *high))))
    }

    /// The highest rate below `top` of which short trials say that it is kept.
    fn lower(self, top: f64) -> Option<f64> {
        let rates = self.rates(is_short).into_iter().filter(|rate| *rate < top);
        rates.filter(|rate| self.known(*rate) == Some(super::known::Known::Pass)).reduce(f64::max)
    }
}
