//! Sample services to load, for demonstrations, measurements and tests.

pub mod web;
