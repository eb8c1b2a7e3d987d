//! How throughput grows with concurrency or with nodes: the Universal Scalability Law, fitted with
//! bounds, beside a straight line and a line with a knee.
//!
//! `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))`: `lambda` is the throughput of one, `sigma`
//! the share of work that waits for a shared part (contention), `kappa` what each pair costs to agree
//! (coherency). With `kappa` above zero there is a peak, at `N = sqrt((1 - sigma) / kappa)`.

mod fit;
mod model;
mod resample;
mod run;
mod solve;
#[cfg(test)]
mod tests;

pub use fit::{Advice, Candidate, Estimate, Fit, Peak, ScalingError, Summit, Usl, fit};
pub use model::{Law, Model};
pub use run::{Little, Measured, Run, Stretch, Validity};

/// One measured throughput.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Virtual users, connections or nodes: at least 1.
    pub n: f64,
    /// Per second.
    pub throughput: f64,
}
