//! The HTTP client against servers in this process: scripted byte by byte, and hyper.

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
mod support;
mod versus_hyper;
