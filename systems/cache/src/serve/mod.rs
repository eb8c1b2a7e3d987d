//! The server: connections on one thread per core over one keyspace.
//!
//! [`connection`] reads, runs and answers; [`dispatch`] decides what a command may; [`server`] has the
//! commands that need more than the keyspace; [`node`] is what all threads share. A batch takes no lock
//! but those of its shards, unless somebody tracks, waits or listens.

mod absent;
mod acl;
mod clients;
mod connection;
mod denial;
mod describe;
mod dispatch;
#[cfg(test)]
mod documentation;
mod housekeeping;
mod latency;
mod limits;
mod mailbox;
mod node;
mod notify;
mod parameters;
mod pause;
mod pubsub;
pub(crate) mod server;
mod session;
mod slowlog;
mod sockets;
mod statistics;
mod tracking;
mod waiting;
mod worker;

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use sockets::Running;

/// How to serve.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Parameters as CONFIG SET takes them: `maxmemory`, `requirepass`, ...
    pub parameters: Vec<(String, String)>,
    /// Serves whoever reaches `addr`, though no password is asked for.
    pub is_open_to_all: bool,
}

impl Config {
    /// On that address, with one thread and Redis's defaults.
    pub fn new(addr: SocketAddr) -> Config {
        Config { addr, threads: 1, parameters: Vec::new(), is_open_to_all: false }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is reachable from other hosts, and there is no password")]
    Unprotected(SocketAddr),
    #[error("{0}")]
    Parameter(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves on threads of its own until the returned value is stopped or dropped.
///
/// # Errors
/// When a parameter cannot be so, the address cannot be taken or would be open to other hosts
/// without a password, or no thread can be started.
pub fn start(config: &Config) -> Result<Running, StartError> {
    sockets::start(config)
}

/// A lock whose holder panicked is used on: what it protects is whole between any two statements
/// that can fail.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
