//! The HTTP client against servers in this process: scripted byte by byte, and hyper.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authentication;
mod batch;
mod bodies;
mod broken;
mod connections;
mod cookies;
mod filters;
mod http2;
mod proxies;
mod redirects;
mod requests;
mod samples;
mod settings;
mod support;
mod versus_hyper;
