//! How response times and errors were spread in a trial: for whoever looks at it, not for its verdict.

use plimsoll_analysis::capacity::Second;
use plimsoll_metrics::Histogram;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Spread {
    latency: Histogram,
    done: f64,
    failed: f64,
}

impl Spread {
    /// Of the seconds that count.
    pub(in crate::commands) fn of(seconds: &[Second], warm_up: usize) -> Spread {
        // A trial that was ended in its first seconds has no others.
        let counted = seconds.get(warm_up..).filter(|rest| !rest.is_empty()).unwrap_or(seconds);
        let mut spread = Spread::default();
        for second in counted {
            spread.latency.merge(&second.latency);
            spread.done += second.done;
            spread.failed += second.failed;
        }
        spread
    }

    /// Milliseconds; null when nothing was answered.
    pub(in crate::commands) fn latency(&self) -> Value {
        if self.latency.count() == 0 {
            return Value::Null;
        }
        let at = |percentile| self.latency.percentile(percentile);
        json!({
            "p50": at(50.0),
            "p90": at(90.0),
            "p95": at(95.0),
            "p99": at(99.0),
            "max": self.latency.max(),
        })
    }

    /// A share of what ended; null when nothing did.
    pub(in crate::commands) fn errors(&self) -> Option<f64> {
        (self.done > 0.0).then(|| self.failed / self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(latency: f64, failed: f64) -> Second {
        let mut histogram = Histogram::default();
        (0..100).for_each(|_| histogram.record(latency));
        Second { due: 100.0, done: 100.0, failed, in_flight: 1.0, latency: histogram }
    }

    #[test]
    fn the_warm_up_is_left_out() {
        let seconds = [second(500.0, 50.0), second(10.0, 1.0), second(10.0, 0.0)];
        let spread = Spread::of(&seconds, 1);
        assert!((spread.latency()["p99"].as_f64().unwrap() - 10.0).abs() < 0.5);
        assert_eq!(spread.errors(), Some(0.005));
        assert_eq!(Spread::of(&seconds[..1], 1).errors(), Some(0.5), "there is nothing else");
        let nothing = Spread::of(&[], 0);
        assert_eq!((nothing.latency(), nothing.errors()), (Value::Null, None));
    }
}
