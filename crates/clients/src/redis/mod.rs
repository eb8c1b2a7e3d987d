//! Redis: single servers and clusters, over TCP, TLS and Unix sockets.
//!
//! A [`Worker`] belongs to one thread and holds what its clients share: settings, the read buffer,
//! the cluster's slots, series handles. A [`Client`] holds connections. What is sent is a
//! [`Pipeline`]: commands that are written together and answered one by one. It is filled, run and
//! filled again, so that a warm one allocates nothing. A command that fails has an [`Answer`] like
//! any other.

mod client;
mod cluster;
mod config;
mod connection;
mod emit;
mod error;
mod exchange;
mod layout;
mod pipeline;
mod rounds;
mod target;
mod worker;

pub use client::Client;
pub use config::{REDIRECTS_LIMIT, RedisConfig};
pub use emit::RedisMetrics;
pub use error::{RedisError, RedisErrorKind};
pub use pipeline::{Answer, Command, Pipeline};
pub use target::{Address, Target, TargetError};
pub use worker::Worker;

pub use crate::http::{Scope, Timings};
pub use plimsoll_wire::resp::{
    Protocol, UnbalancedQuotes, Value, first_key, slot, split_words, write_bulk,
    write_command_header,
};

#[cfg(test)]
mod tests;
