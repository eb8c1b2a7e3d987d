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

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

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
    fn check(&self, prepare: impl FnOnce(&Cache), act: impl FnOnce(&Cache) + Send) {
        let cache = Cache::start(self.flags);
        let most = peak_mb(&cache) + self.memory_mb;
        prepare(&cache);
        let bystander = Bystander::start(&cache);
        thread::scope(|scope| {
            let hostile = scope.spawn(|| {
                give_way();
                act(&cache);
            });
            hostile.join().unwrap_or_else(|_| panic!("{}: see above", self.name));
        });
        let waits = bystander.end();
        let peak_mb = peak_mb(&cache);
        waits.tell(self.name, peak_mb);
        assert!(peak_mb <= most, "{}: {peak_mb} MB resident, {most} at most", self.name);
        let mut peer = peer::Peer::connect(&cache);
        assert_eq!(peer.ask("PING"), "+PONG", "{}", self.name);
    }
}

/// From now on the calling thread, and those that it starts, have what the bystander leaves of a core. Where
/// clients have one core among them, its times would otherwise tell how busy they are, not the server.
fn give_way() {
    let thread = fs::read_link("/proc/thread-self").unwrap();
    let mut renice = Command::new("renice");
    renice.args(["-n", "15", "-p"]).arg(thread.file_name().unwrap());
    // Without the tool times are less exact, that is all.
    drop(renice.stdout(Stdio::null()).stderr(Stdio::null()).status());
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
