//! End-to-end tests, one module per area.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests of real processes")]

mod attack;
mod bad_input;
mod commands;
mod conformance;
mod demo;
mod deploy;
mod differential;
mod exit_codes;
mod grafana;
mod influxdb;
mod nginx;
mod outputs;
mod plot;
mod receivers;
mod redis;
mod results;
mod signals;
