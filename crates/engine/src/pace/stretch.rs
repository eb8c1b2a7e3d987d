//! A time in which a rate changes linearly: its integral and the inverse of that.

use std::time::Duration;

/// A time in which the rate changes linearly; rates in iterations per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    pub duration: Duration,
    pub from: f64,
    pub to: f64,
}

impl Stretch {
    /// The rate `seconds` after its start.
    pub(crate) fn rate(&self, seconds: f64) -> f64 {
        self.from + self.slope() * seconds
    }

    /// Iterations due within the first `seconds`: the integral of the rate.
    pub(crate) fn due(&self, seconds: f64) -> f64 {
        if self.duration.is_zero() {
            return 0.0;
        }
        self.from * seconds + 0.5 * self.slope() * seconds * seconds
    }

    /// Iterations due within all of it.
    pub(crate) fn total(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.duration.as_secs_f64()
    }

    /// The seconds after which `count` iterations are due.
    pub(crate) fn time_of(&self, count: f64) -> f64 {
        if count <= 0.0 {
            return 0.0;
        }
        let length = self.duration.as_secs_f64();
        // The root of slope/2 t² + from t − count in the form that does not cancel when the slope
        // is near zero.
        let root = (self.from * self.from + 2.0 * self.slope() * count).max(0.0).sqrt();
        let divisor = self.from + root;
        if divisor <= 0.0 { length } else { (2.0 * count / divisor).clamp(0.0, length) }
    }

    fn slope(&self) -> f64 {
        (self.to - self.from) / self.duration.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}
