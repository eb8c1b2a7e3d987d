//! Rates of arrivals that change over time, as values, and when each arrival is due.
//!
//! Everything here is a pure function of the schedule: [`curve`] is the integral of a pace and its
//! inverse, [`schedule`] turns that into intended starts, [`deal`] shares them among workers. No
//! time is ever computed from the one before, so nothing drifts, however long a run is.

use std::{fmt, time::Duration};

use plimsoll_runtime::duration::go_string;

mod curve;
mod deal;
mod schedule;
mod stretch;
#[cfg(test)]
mod tests;

pub use deal::Deal;
pub use schedule::{Cursor, Schedule};
pub use stretch::Stretch;

/// The highest rate that a pace may reach, in hits per second: one per nanosecond.
pub const RATE_LIMIT: f64 = 1e9;

/// The most stages or steps of one pace.
pub const STAGES_LIMIT: usize = 10_000;

/// Hits per time, exact: 100 per minute is not 1.67 per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub hits: u64,
    pub per: Duration,
}

impl Rate {
    pub const fn per_second(hits: u64) -> Rate {
        Rate { hits, per: Duration::from_secs(1) }
    }

    /// The same rate, counted in batches of `size`.
    fn in_batches(self, size: u32) -> Rate {
        Rate { hits: self.hits, per: self.per.saturating_mul(size) }
    }

    /// In hits per second; 0 when `per` is.
    pub fn value(self) -> f64 {
        if self.per.is_zero() { 0.0 } else { self.hits as f64 / self.per.as_secs_f64() }
    }
}

/// `1000/s`, `5/m`, `3/2.5s`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_nanos() {
            1_000_000 => "ms".to_owned(),
            1_000_000_000 => "s".to_owned(),
            60_000_000_000 => "m".to_owned(),
            3_600_000_000_000 => "h".to_owned(),
            _ => go_string(self.per),
        };
        write!(f, "{}/{unit}", self.hits)
    }
}

/// Where in its period a sine begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SineStart {
    /// At the mean, on the way up.
    #[default]
    MeanUp,
    Peak,
    /// At the mean, on the way down.
    MeanDown,
    Trough,
}

impl SineStart {
    /// The angle at the start, in radians.
    fn phase(self) -> f64 {
        use std::f64::consts::{FRAC_PI_2, PI};
        match self {
            SineStart::MeanUp => 0.0,
            SineStart::Peak => FRAC_PI_2,
            SineStart::MeanDown => PI,
            SineStart::Trough => PI + FRAC_PI_2,
        }
    }
}

/// How the rate of arrivals changes over time. What has an end keeps its last rate after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Pace {
    Constant(Rate),
    /// In a straight line.
    Linear {
        from: Rate,
        to: Rate,
        over: Duration,
    },
    /// Between `mean - amplitude` and `mean + amplitude`, over and over.
    Sine {
        mean: Rate,
        amplitude: Rate,
        period: Duration,
        start: SineStart,
    },
    /// Another `step` towards `to` after each `every`; `to` too lasts `every`.
    Steps {
        from: Rate,
        step: Rate,
        every: Duration,
        to: Rate,
    },
    /// In a straight line to each rate in turn, from 0. One without a duration is a jump: with a
    /// first stage of `(rate, 0)` it starts at that rate.
    Stages(Vec<(Rate, Duration)>),
}

/// A pace that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    #[error("a rate needs a time greater than zero")]
    NoTime,
    #[error("a rate of zero never sends anything")]
    Zero,
    #[error("a rate above {RATE_LIMIT:e} per second, which is the limit")]
    TooFast,
    #[error("the rate has no time to change in")]
    NoDuration,
    #[error("the amplitude of a sine must not be greater than its mean")]
    Amplitude,
    #[error("a step of zero never gets there")]
    NoStep,
    #[error("more than {STAGES_LIMIT} stages or steps, which is the limit")]
    TooLong,
}

impl Pace {
    /// # Errors
    /// When it cannot be followed, or would never send anything.
    pub fn check(&self) -> Result<(), PaceError> {
        let (rates, times): (Vec<Rate>, Vec<Duration>) = match self {
            Pace::Constant(rate) => (vec![*rate], vec![Duration::MAX]),
            Pace::Linear { from, to, over } => (vec![*from, *to], vec![*over]),
            Pace::Sine { mean, amplitude, period, .. } => {
                if amplitude.value() > mean.value() {
                    return Err(PaceError::Amplitude);
                }
                (vec![*mean, *amplitude], vec![*period])
            }
            Pace::Steps { from, step, every, to } => {
                let distance = (to.value() - from.value()).abs();
                if distance > 0.0 && step.value() <= 0.0 {
                    return Err(PaceError::NoStep);
                }
                if distance > step.value() * (STAGES_LIMIT - 1) as f64 {
                    return Err(PaceError::TooLong);
                }
                (vec![*from, *step, *to], vec![*every])
            }
            Pace::Stages(stages) if stages.len() > STAGES_LIMIT => return Err(PaceError::TooLong),
            Pace::Stages(stages) => stages.iter().copied().unzip(),
        };
        if rates.iter().any(|rate| rate.per.is_zero()) {
            return Err(PaceError::NoTime);
        }
        if rates.iter().any(|rate| rate.value() > RATE_LIMIT) || self.rate_max() > RATE_LIMIT {
            return Err(PaceError::TooFast);
        }
        if times.iter().all(Duration::is_zero) {
            return Err(PaceError::NoDuration);
        }
        if self.rate_max() <= 0.0 { Err(PaceError::Zero) } else { Ok(()) }
    }

    /// The same pace, counted in batches of `size` hits that are sent together.
    #[must_use]
    pub fn in_batches(self, size: u32) -> Pace {
        let batches = |rate: Rate| rate.in_batches(size);
        match self {
            Pace::Constant(rate) => Pace::Constant(batches(rate)),
            Pace::Linear { from, to, over } => {
                Pace::Linear { from: batches(from), to: batches(to), over }
            }
            Pace::Sine { mean, amplitude, period, start } => {
                Pace::Sine { mean: batches(mean), amplitude: batches(amplitude), period, start }
            }
            Pace::Steps { from, step, every, to } => {
                Pace::Steps { from: batches(from), step: batches(step), every, to: batches(to) }
            }
            Pace::Stages(stages) => Pace::Stages(
                stages.into_iter().map(|(rate, duration)| (batches(rate), duration)).collect(),
            ),
        }
    }

    /// How long it takes until it changes no more; `None` when it never changes or never ceases to.
    pub fn length(&self) -> Option<Duration> {
        match self {
            Pace::Constant(_) | Pace::Sine { .. } => None,
            _ => Some(
                self.stretches()
                    .iter()
                    .fold(Duration::ZERO, |sum, stretch| sum.saturating_add(stretch.duration)),
            ),
        }
    }

    /// The highest rate, in hits per second.
    pub fn rate_max(&self) -> f64 {
        match self {
            Pace::Constant(rate) => rate.value(),
            Pace::Sine { mean, amplitude, .. } => mean.value() + amplitude.value(),
            _ => self.stretches().iter().map(|s| s.from.max(s.to)).fold(0.0, f64::max),
        }
    }

    /// The straight lines that it consists of; none for a constant and a sine.
    fn stretches(&self) -> Vec<Stretch> {
        match self {
            Pace::Constant(_) | Pace::Sine { .. } => Vec::new(),
            Pace::Linear { from, to, over } => {
                vec![Stretch { duration: *over, from: from.value(), to: to.value() }]
            }
            Pace::Steps { from, step, every, to } => {
                let (from, step, to) = (from.value(), step.value(), to.value());
                // Within rounding a last step that is whole is not followed by one of nothing.
                let count = ((to - from).abs() / step - 1e-9).ceil().max(0.0);
                let count = (if count.is_finite() { count as usize } else { 0 }).min(STAGES_LIMIT);
                let rate = |at: usize| {
                    let moved = step * at as f64;
                    if at == count { to } else { from + moved * (to - from).signum() }
                };
                let flat = |rate| Stretch { duration: *every, from: rate, to: rate };
                (0..=count).map(|at| flat(rate(at))).collect()
            }
            Pace::Stages(stages) => {
                let mut from = 0.0;
                let stretch = |(rate, duration): &(Rate, Duration)| {
                    let to = rate.value();
                    Stretch { duration: *duration, from: std::mem::replace(&mut from, to), to }
                };
                stages.iter().map(stretch).collect()
            }
        }
    }
}

/// `1000/s`, `10/s to 50/s over 1m0s`, `sine of 20/s ± 5/s every 10s`, `10/s to 50/s by 10/s every
/// 5s`, `10/s in 5s, 0/s in 5s`.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Constant(rate) => write!(f, "{rate}"),
            Pace::Linear { from, to, over } => {
                write!(f, "{from} to {to} over {}", go_string(*over))
            }
            Pace::Sine { mean, amplitude, period, start } => {
                write!(f, "sine of {mean} ± {amplitude} every {}", go_string(*period))?;
                f.write_str(match start {
                    SineStart::MeanUp => "",
                    SineStart::Peak => " from its peak",
                    SineStart::MeanDown => " from its mean down",
                    SineStart::Trough => " from its trough",
                })
            }
            Pace::Steps { from, step, every, to } => {
                write!(f, "{from} to {to} by {step} every {}", go_string(*every))
            }
            Pace::Stages(stages) => {
                for (at, (rate, duration)) in stages.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{rate} in {}", go_string(*duration))?;
                }
                Ok(())
            }
        }
    }
}

/// How arrivals lie in time around the pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// Hit `k` when the integral of the rate is `k`: at a constant rate, a grid.
    #[default]
    Even,
    /// As independent users arrive: a Poisson process whose intensity is the pace.
    Poisson { seed: u64 },
}
