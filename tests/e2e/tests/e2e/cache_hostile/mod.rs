//! Clients that do their worst to `serve cache`. Whatever they send, it does not crash, its memory stays within
//! bounds, and a client that minds its own business gets its replies. How fast those come is not asserted:
//! `cargo xtask measure cache --only stalls` prints it.

mod bystander;
mod collections;
mod connections;
mod frames;
mod peer;
mod pipelines;
mod saves;
mod values;

use std::{fs, thread, time::Duration};

use bystander::Bystander;

use crate::cache::Cache;

/// One who does his worst.
struct Hostile<'a> {
    /// As the table of stalls names it.
    name: &'a str,
    flags: &'a [&'a str],
    /// Most resident memory at any time, over what a new server takes.
    memory_mb: u64,
}

impl Hostile<'_> {
    /// Lets `act` loose on a server that `prepare` has filled, while a bystander uses it.
    fn check(&self, prepare: impl FnOnce(&Cache), act: impl FnOnce(&Cache)) {
        let cache = Cache::start(self.flags);
        let most = peak_mb(&cache) + self.memory_mb;
        prepare(&cache);
        let bystander = Bystander::start(&cache);
        act(&cache);
        let waits = bystander.end();
        let peak_mb = peak_mb(&cache);
        waits.tell(self.name, peak_mb);
        assert!(peak_mb <= most, "{}: {peak_mb} MB resident, {most} at most", self.name);
        let mut peer = peer::Peer::connect(&cache);
        assert_eq!(peer.ask("PING"), "+PONG", "{}", self.name);
    }
}

/// Most resident memory so far.
fn peak_mb(cache: &Cache) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", cache.pid()));
    let status = status.unwrap_or_else(|error| panic!("the server has ended: {error}"));
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib >> 10
}

/// What the others are compared with.
#[test]
fn nobody_is_hostile() {
    let hostile = Hostile { name: "nobody does anything", flags: &[], memory_mb: 16 };
    hostile.check(|_| {}, |_| thread::sleep(Duration::from_secs(1)));
}
