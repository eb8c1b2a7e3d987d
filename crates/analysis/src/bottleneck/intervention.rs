//! Whether capacity moved when the named resource was given more or less.

use super::observed::Measured;
use crate::stats::Interval;

/// How much of the resource's change the capacity must follow to confirm, and at most to refute.
const CONFIRMS: f64 = 0.5;
const REFUTES: f64 = 0.1;

/// What changing a resource showed. The elasticity is the change of the capacity as a share of the
/// resource's: 1 when it follows wholly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Intervention {
    /// Capacity followed: it is the bottleneck.
    Confirmed { elasticity: f64 },
    /// Capacity stayed: it is not.
    Refuted { elasticity: f64 },
    /// Something between, or the capacities are not known well enough.
    Unclear { elasticity: f64 },
}

/// By the capacities before and after the resource was made `factor` times as large. `None` without a
/// change, or without a capacity above 0.
pub fn intervened(before: Measured, after: Measured, factor: f64) -> Option<Intervention> {
    let given = factor.ln();
    let is_sound = |value: f64| value.is_finite() && value > 0.0;
    if !is_sound(before.value) || !is_sound(after.value) || !given.is_finite() || given.abs() < 1e-6
    {
        return None;
    }
    let elasticity = (after.value / before.value).ln() / given;
    let of = |measured: Measured| {
        measured.interval.unwrap_or(Interval { low: measured.value, high: measured.value })
    };
    let (old, new) = (of(before), of(after));
    let bounds = [(new.low / old.high).ln() / given, (new.high / old.low).ln() / given];
    let (low, high) = (bounds[0].min(bounds[1]), bounds[0].max(bounds[1]));
    Some(if elasticity >= CONFIRMS && low > REFUTES {
        Intervention::Confirmed { elasticity }
    } else if elasticity <= REFUTES && high < CONFIRMS {
        Intervention::Refuted { elasticity }
    } else {
        Intervention::Unclear { elasticity }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(value: f64, error: f64) -> Measured {
        let interval = Interval { low: value * (1.0 - error), high: value * (1.0 + error) };
        Measured { value, interval: Some(interval) }
    }

    #[track_caller]
    fn check(after: f64, error: f64, factor: f64, expected: &str) {
        let found = intervened(measured(400.0, error), measured(after, error), factor);
        assert!(format!("{found:?}").contains(expected), "{found:?}");
    }

    #[test]
    fn capacity_follows_or_does_not() {
        check(492.0, 0.02, 1.25, "Confirmed");
        check(304.0, 0.02, 0.75, "Confirmed");
        check(402.0, 0.02, 1.25, "Refuted");
        check(430.0, 0.02, 1.25, "Unclear");
        check(492.0, 0.2, 1.25, "Unclear");
        check(402.0, 0.2, 1.25, "Unclear");
        check(492.0, 0.02, 1.0, "None");
        check(f64::NAN, 0.02, 1.25, "None");
        check(492.0, 0.02, -1.0, "None");
    }
}
