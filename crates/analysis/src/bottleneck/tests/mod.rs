//! Verdicts on made-up services whose bottleneck is known.

mod closed;
mod found;
mod laws;
mod not_found;
mod recorded;
mod service;
mod unseen;
