//! End-to-end tests, one module per area.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests of real processes")]

mod agent;
mod attack;
mod bad_input;
mod bottlenecks;
mod cache;
mod cache_clients;
mod cache_hostile;
mod cache_operation;
mod cache_origin;
mod cache_saves;
mod capacity;
mod commands;
mod comparing;
mod conformance;
mod demo;
mod deploy;
mod differential;
mod exit_codes;
mod grafana;
mod influxdb;
mod limits;
mod looking;
mod nginx;
mod outputs;
mod pages;
mod plot;
mod receivers;
mod redis;
mod results;
mod scaling;
mod searching;
mod second_host;
mod services;
mod signals;
mod statsd;
mod telemetry;
mod viewing;
