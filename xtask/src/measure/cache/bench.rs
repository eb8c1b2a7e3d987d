//! What all rows share: the three servers, where they are, what they hold and what they have taken.

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use super::super::{
    Settings,
    process::{SERVER_CORE, cpu_nanos, memory, pinned},
    server::{Memcached, Redis, Served, plimsoll, scratch},
};

/// For how long a server of ours lives when nobody ends it.
const SERVICE_SECONDS: &str = "3600";

/// What the measurement was told, and its folder.
pub(super) struct Bench<'a> {
    pub(super) settings: &'a Settings,
    pub(super) folder: PathBuf,
    pub(super) plimsoll: PathBuf,
}

impl Bench<'_> {
    pub(super) fn new(settings: &Settings) -> Result<Bench<'_>> {
        Ok(Bench { settings, folder: scratch("cache")?, plimsoll: plimsoll()? })
    }

    /// `serve cache` with one thread on the servers' core.
    pub(super) fn ours(&self, flags: &[&str]) -> Result<Server> {
        let mut command = pinned(SERVER_CORE, &self.plimsoll);
        command.args(["serve", "cache", "--threads", "1", "--seconds", SERVICE_SECONDS]);
        command.args(flags);
        Ok(Server::Ours(Served::start(command)?))
    }

    pub(super) fn redis(&self, settings: &[&str]) -> Result<Server> {
        Redis::start_with(&self.folder, settings).map(Server::Redis)
    }

    pub(super) fn memcached(&self, settings: &[&str]) -> Result<Server> {
        Memcached::start(settings).map(Server::Memcached)
    }

    /// An example of the cache's crate: that in the folder which `PLIMSOLL_EXAMPLES` names, or built as a user
    /// would build it.
    pub(super) fn example(name: &str) -> Command {
        if let Some(folder) = std::env::var_os("PLIMSOLL_EXAMPLES") {
            return Command::new(Path::new(&folder).join(name));
        }
        let mut command = crate::command::cargo();
        command.args(["run", "--quiet", "--release", "--package", "plimsoll-cache"]);
        command.args(["--example", name, "--"]);
        command
    }

    pub(super) fn scratch(&self) -> &Path {
        &self.folder
    }
}

/// One that runs; ends with the value.
pub(super) enum Server {
    Ours(Served),
    Redis(Redis),
    Memcached(Memcached),
}

impl Server {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Server::Ours(_) => "plimsoll",
            Server::Redis(_) => "redis-server",
            Server::Memcached(_) => "memcached",
        }
    }

    pub(super) fn port(&self) -> u16 {
        match self {
            Server::Ours(served) => served.port,
            Server::Redis(redis) => redis.port,
            Server::Memcached(memcached) => memcached.port,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        match self {
            Server::Ours(served) => served.pid(),
            Server::Redis(redis) => redis.pid(),
            Server::Memcached(memcached) => memcached.pid(),
        }
    }

    /// So far, in nanoseconds.
    pub(super) fn cpu_nanos(&self) -> Result<u64> {
        cpu_nanos(self.pid())
    }

    /// Resident bytes now and at most.
    pub(super) fn resident(&self) -> Result<(u64, u64)> {
        memory(self.pid()).with_context(|| format!("{} has ended", self.name()))
    }

    /// As [`Server::resident`], when what it does in the background after a load is done.
    #[expect(clippy::disallowed_methods, reason = "xtask waits for a server")]
    pub(super) fn settled(&self) -> Result<(u64, u64)> {
        thread::sleep(Duration::from_millis(500));
        self.resident()
    }
}

/// Counts and sizes as figures.
#[expect(clippy::cast_precision_loss, reason = "counts and sizes are far below 2^53")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}
