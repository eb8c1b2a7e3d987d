//! How many hits are due by a moment, and the moment of each: integrals of paces and their inverses.

use std::{f64::consts::TAU, time::Duration};

use super::{Pace, Rate, Stretch};

/// Hits by which rounding may miss a whole number.
const SLACK: f64 = 1e-6;

/// Halvings and Newton steps until a moment of a sine is known; both roundings end it long before.
const STEPS_MAX: usize = 100;

/// A moment of a sine is known this well, in seconds: a tenth of a nanosecond.
const TOLERANCE: f64 = 1e-10;

const NANOS: f64 = 1e9;

/// A pace made ready for questions. Times are seconds since its start.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Curve {
    /// Exact in whole nanoseconds.
    Even(Rate),
    Lines {
        /// By stretch: its start and the hits due before it.
        starts: Vec<(f64, f64, Stretch)>,
        /// Behind the last: its end, the hits due by then, the rate that goes on.
        end: (f64, f64, f64),
    },
    Sine(Sine),
}

/// Rates in hits per second, the period in seconds, the phase in radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sine {
    mean: f64,
    amplitude: f64,
    period: f64,
    phase: f64,
}

impl Curve {
    pub(super) fn new(pace: &Pace) -> Curve {
        match pace {
            Pace::Constant(rate) => Curve::Even(*rate),
            Pace::Sine { mean, amplitude, period, start } => Curve::Sine(Sine {
                mean: mean.value(),
                amplitude: amplitude.value(),
                period: period.as_secs_f64(),
                phase: start.phase(),
            }),
            _ => {
                let stretches = pace.stretches();
                let (mut at, mut due) = (Duration::ZERO, 0.0);
                let mut starts = Vec::with_capacity(stretches.len());
                for stretch in &stretches {
                    starts.push((at.as_secs_f64(), due, *stretch));
                    at = at.saturating_add(stretch.duration);
                    due += stretch.total();
                }
                let rate = stretches.last().map_or(0.0, |last| last.to);
                Curve::Lines { starts, end: (at.as_secs_f64(), due, rate) }
            }
        }
    }

    /// The rate at a moment, in hits per second.
    pub(super) fn rate(&self, seconds: f64) -> f64 {
        match self {
            Curve::Even(rate) => rate.value(),
            Curve::Lines { starts, end } => match stretch_at(starts, end, seconds) {
                Some((start, _, stretch)) => stretch.rate(seconds - start),
                None => end.2,
            },
            Curve::Sine(sine) => sine.rate(seconds),
        }
    }

    /// The integral of the rate.
    pub(super) fn hits(&self, seconds: f64) -> f64 {
        match self {
            Curve::Even(rate) => rate.value() * seconds,
            Curve::Lines { starts, end } => match stretch_at(starts, end, seconds) {
                Some((start, due, stretch)) => due + stretch.due(seconds - start),
                None => end.1 + end.2 * (seconds - end.0),
            },
            Curve::Sine(sine) => sine.hits(seconds),
        }
    }

    /// How many evenly spaced arrivals are due before `within`: hit `k` is when the integral passes
    /// `k`.
    pub(super) fn count(&self, within: Duration) -> u64 {
        if let Curve::Even(rate) = self {
            let hits = within.as_nanos().saturating_mul(u128::from(rate.hits));
            return u64::try_from(hits.div_ceil(rate.per.as_nanos().max(1))).unwrap_or(u64::MAX);
        }
        (self.hits(within.as_secs_f64()) - SLACK).ceil().max(0.0) as u64
    }

    /// When hit `number` of evenly spaced ones is due; `None` for one that never is.
    pub(super) fn time(&self, number: u64) -> Option<Duration> {
        match self {
            Curve::Even(rate) => {
                let nanos = u128::from(number) * rate.per.as_nanos();
                let nanos = match u64::try_from(nanos) {
                    Ok(nanos) => nanos.checked_div(rate.hits)?,
                    Err(_) => u64::try_from(nanos.checked_div(u128::from(rate.hits))?).ok()?,
                };
                Some(Duration::from_nanos(nanos))
            }
            _ => self.moment(number as f64),
        }
    }

    /// When the integral passes `hits`; `None` when it never does.
    pub(super) fn moment(&self, hits: f64) -> Option<Duration> {
        let seconds = match self {
            Curve::Even(rate) => hits / rate.value(),
            Curve::Lines { starts, end } => {
                // The last stretch that begins with no more than `hits` due: one of rate zero before
                // it is passed over.
                let at = starts.partition_point(|(_, due, _)| *due <= hits + SLACK);
                let (end, total, rate) = *end;
                if hits + SLACK < total {
                    let (start, due, stretch) = starts.get(at.checked_sub(1)?)?;
                    start + stretch.time_of(hits - due)
                } else if rate > 0.0 {
                    end + (hits - total).max(0.0) / rate
                } else {
                    return None;
                }
            }
            Curve::Sine(sine) => sine.moment(hits),
        };
        let nanos = seconds * NANOS;
        (nanos < u64::MAX as f64).then(|| Duration::from_nanos(nanos.round() as u64))
    }
}

/// The stretch that is on at a moment; `None` behind the last.
fn stretch_at<'a>(
    starts: &'a [(f64, f64, Stretch)],
    end: &(f64, f64, f64),
    seconds: f64,
) -> Option<&'a (f64, f64, Stretch)> {
    if seconds >= end.0 {
        return None;
    }
    let at = starts.partition_point(|(start, _, _)| *start <= seconds);
    starts.get(at.checked_sub(1)?)
}

impl Sine {
    fn angle(&self, seconds: f64) -> f64 {
        TAU * (seconds / self.period).fract() + self.phase
    }

    fn rate(&self, seconds: f64) -> f64 {
        self.mean + self.amplitude * self.angle(seconds).sin()
    }

    fn hits(&self, seconds: f64) -> f64 {
        let wave = self.amplitude * self.period / TAU;
        self.mean * seconds + wave * (self.phase.cos() - self.angle(seconds).cos())
    }

    /// A whole period has `mean * period` hits, so the search is within one; there the integral
    /// never falls, so Newton's steps are kept in an interval that each of them narrows.
    fn moment(&self, hits: f64) -> f64 {
        let periods = (hits / (self.mean * self.period)).floor();
        let rest = hits - periods * self.mean * self.period;
        let (mut low, mut high) = (0.0, self.period);
        let mut at = (rest / self.mean).clamp(low, high);
        for _ in 0..STEPS_MAX {
            let excess = self.hits(at) - rest;
            if excess > 0.0 {
                high = at;
            } else {
                low = at;
            }
            let newton = at - excess / self.rate(at);
            // Where the rate is zero that is no number.
            let next =
                if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
            let step = (next - at).abs();
            at = next;
            if step < TOLERANCE {
                break;
            }
        }
        periods * self.period + at
    }
}
