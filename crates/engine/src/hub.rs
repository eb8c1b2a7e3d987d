//! Once a second: the workers' intervals, merged, to totals, thresholds and observers.

use plimsoll_metrics::{Interval, RawSample, Timestamp, Totals};

/// What follows a run from outside: outputs, progress, the run record. Called on the hub's thread;
/// must not block for long (a slow output has its own thread and a bounded queue).
pub trait Observer: Send {
    /// Once a second and once at the end, with what all workers recorded since the last call.
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals);

    /// Batches of samples, only when [`crate::run::RunSetup::keep_samples`] is set.
    fn samples(&mut self, samples: Vec<RawSample>, lost: u64);
}
