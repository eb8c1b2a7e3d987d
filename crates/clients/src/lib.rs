//! Load clients: they send, stamp every phase of an exchange and return a sample.
//!
//! A failed exchange is a value of the same type as a successful one, never an `Err` that unwinds.

pub mod http;
pub mod redis;
