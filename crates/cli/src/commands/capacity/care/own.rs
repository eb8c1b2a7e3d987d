//! What of a latency is the generator's own.

use serde_json::{Value, json};

use crate::commands::trials::figures::{milliseconds, percent, rate};

/// What of a latency is the generator's own, at one rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::commands::capacity) struct Own {
    /// The rate that it is about, and the mean milliseconds of an answer there.
    pub(in crate::commands::capacity) rate: f64,
    pub(in crate::commands::capacity) latency: f64,
    /// Mean milliseconds between when requests were due and when they were begun.
    pub(in crate::commands::capacity) late: f64,
    /// Mean milliseconds until each had a connection.
    pub(in crate::commands::capacity) waited: f64,
    /// Of a target that answers at once, at the same rate: with all of the above, and with what an answer
    /// waits in the kernel until it is read.
    pub(in crate::commands::capacity) round_trip: Option<f64>,
}

impl Own {
    /// For people.
    pub(in crate::commands::capacity) fn words(&self) -> String {
        let Own { rate: at, latency, late, waited, round_trip } = *self;
        let begun = format!(
            "sent late by {}, {} until there was a connection",
            milliseconds(late),
            milliseconds(waited)
        );
        let whole = format!("Of the mean latency of {} at {}", milliseconds(latency), rate(at));
        match round_trip {
            Some(own) if own > latency => format!(
                "How much of the mean latency of {} at {} is plimsoll's own cannot be told: a target that \
                 answers at once took {} afterwards, so the machine was busy with something else ({begun}).",
                milliseconds(latency),
                rate(at),
                milliseconds(own)
            ),
            Some(own) => format!(
                "{whole}, {} ({}) is plimsoll's own and the loopback's: so much a target takes that answers \
                 at once ({begun}).",
                milliseconds(own),
                percent(own / latency.max(f64::MIN_POSITIVE)),
            ),
            None => format!(
                "{whole}, {} at least is plimsoll's own ({begun}); how long answers waited to be read is not \
                 known.",
                milliseconds(late + waited)
            ),
        }
    }

    /// For machines.
    pub(in crate::commands::capacity) fn json(&self) -> Value {
        json!({
            "rate": self.rate,
            "mean_latency_ms": self.latency,
            "late_ms": self.late,
            "connection_ms": self.waited,
            "round_trip_ms": self.round_trip,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_of_a_latency_is_our_own() {
        let own =
            Own { rate: 1840.0, latency: 43.2, late: 0.05, waited: 0.02, round_trip: Some(0.31) };
        assert_eq!(
            own.words(),
            "Of the mean latency of 43.2 ms at 1,840/s, 0.31 ms (0.7 %) is plimsoll's own and the loopback's: so \
             much a target takes that answers at once (sent late by 0.05 ms, 0.02 ms until there was a \
             connection)."
        );
        let words = Own { round_trip: Some(70.3), ..own }.words();
        assert!(words.contains("cannot be told") && words.contains("70.3 ms"), "{words}");
        let words = Own { round_trip: None, ..own }.words();
        assert!(words.contains("0.07 ms at least") && words.contains("not known"), "{words}");
    }
}
