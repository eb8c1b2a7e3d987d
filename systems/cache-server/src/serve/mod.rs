//! The server: connections on one thread per core over one keyspace.
//!
//! [`connection`] reads, runs and answers; [`dispatch`] decides what a command may; [`server`] has the
//! commands that need more than the keyspace; [`node`] is what all threads share. [`clients`] knows who is
//! connected, [`notify`] who has to hear of a change, [`telemetry`] what is told of the server's work. A
//! batch takes no lock but those of its shards, unless somebody tracks, waits or listens.

mod absent;
mod acl;
mod admin;
mod clients;
mod connection;
mod dispatch;
#[cfg(test)]
mod documentation;
mod hot;
mod housekeeping;
mod lifecycle;
mod node;
mod notify;
mod origin;
mod parameters;
mod ports;
mod saving;
mod secure;
pub(crate) mod server;
mod settings;
mod sockets;
mod telemetry;
#[cfg(test)]
mod testing;
mod worker;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use plimsoll_runtime::log::Log;

pub use lifecycle::Ender;
pub use settings::SettingError;
pub use sockets::Running;

/// How to serve. A parameter may be given in several ways: the file is the weakest, then the environment,
/// then [`Config::parameters`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen unless the parameters `bind` and `port` say so. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Worker threads, at least 1, unless the parameter `io-threads` says so.
    pub threads: usize,
    /// Lines of a name and a value, as in Redis's; CONFIG REWRITE writes it.
    pub file: Option<PathBuf>,
    /// Variables of the process. `PLIMSOLL_CACHE_MAXMEMORY` is the parameter `maxmemory`; those that begin
    /// otherwise are not looked at.
    pub environment: Vec<(String, String)>,
    /// `maxmemory`, `requirepass`, ... and their values; of two of a name the later one counts.
    pub parameters: Vec<(String, String)>,
    /// Where it is told what happens to the server; nowhere unless given.
    pub log: Option<Log>,
}

impl Config {
    /// On that address, with one thread and Redis's defaults.
    pub fn new(addr: SocketAddr) -> Config {
        Config {
            addr,
            threads: 1,
            file: None,
            environment: Vec::new(),
            parameters: Vec::new(),
            log: None,
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The default user has no password while `protected-mode` is on.
    #[error("{0} is reachable from other hosts, and there is no password")]
    Unprotected(SocketAddr),
    /// A parameter, or the file that it stands in.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The certificate or its key cannot be used; names the parameter.
    #[error("{0}")]
    Tls(String),
    /// The address is taken, or not this host's.
    #[error("listen on {addr}: {source}")]
    Listen { addr: SocketAddr, source: io::Error },
    /// No thread can be started.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What the last server left cannot be read.
    #[error(transparent)]
    Load(#[from] crate::persist::UnreadableFile),
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

/// To read what a lock protects; as [`locked`] when a writer panicked.
fn shared<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// To change what a lock protects; as [`locked`] when another writer panicked.
fn exclusive<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
