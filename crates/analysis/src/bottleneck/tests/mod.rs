//! Verdicts on made-up services whose bottleneck is known.

mod found;
mod laws;
mod not_found;
mod recorded;
mod service;
mod unseen;
