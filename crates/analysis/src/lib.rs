//! What runs say: statistics over runs, and whether one group of runs differs from another.
//!
//! Pure: no clock, no file, no thread. Randomness, where it is needed, is passed in.

pub mod bottleneck;
pub mod capacity;
pub mod compare;
pub mod scaling;
#[doc(hidden)]
pub mod simulated;
pub mod stats;
