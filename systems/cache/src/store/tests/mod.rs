//! The store against a simple map, and what a cap, a policy and the wheel promise.

mod laws;
mod model;
mod promises;
