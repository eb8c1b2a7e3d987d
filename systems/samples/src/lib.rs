//! Sample services to load, for demonstrations, measurements and tests.

pub mod budget;
pub mod noop;
mod service;
pub mod web;
