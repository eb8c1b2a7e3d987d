//! Which resource gives first, and which next, from trials at several rates.
//!
//! The utilization of a resource rises with throughput by what one request takes of it, its service
//! demand. Where that line reaches 1 is the resource's limit, and the one whose limit meets the measured
//! capacity is the bottleneck. What does not fit is not named: a verdict has its evidence with it, and
//! says what it ruled out and what nobody watched.
//!
//! Pure: [`Observed`] in, [`Verdict`] out, and [`words`] of it for people.

mod context;
mod decide;
mod gather;
mod intervention;
mod line;
mod observed;
mod pool;
mod table;
mod used;
mod verdict;
mod weigh;
mod words;

#[cfg(test)]
mod tests;

pub use decide::diagnose;
pub use intervention::{Intervention, intervened};
pub use observed::{Known, Link, Measured, Observed, Signal};
pub use table::{PlaceKind, Resource, Unit};
pub use used::{Used, used};
pub use verdict::{
    Caution, Ceiling, Confidence, Demand, Evidence, Named, Next, NotIdentified, Place, Rise,
    RuledOut, Subject, Verdict, Why,
};
pub use words::{caution, demand, evidence, number, reason, ruled_out, subject, words};

/// The share of what was asked for that ends in a service that keeps up.
const BALANCE: f64 = 0.97;
