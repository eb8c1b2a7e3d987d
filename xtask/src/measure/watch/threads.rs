//! Who takes the CPU while a run is looked at: threads by what they do, with and without.
//!
//! Throughput says what looking costs in all, but a machine that others use too moves it by more than
//! that. The CPU time of a thread hardly moves.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use crate::measure::{
    process::{MAIN_THREAD, Usage},
    table::median,
};

/// What a start and an end cost is left out.
const MARGIN: Duration = Duration::from_millis(400);

/// The threads that send the load.
const WORKERS: &str = "workers";

/// Less than that of a core is not listed.
const LISTED_MIN: f64 = 0.0002;

/// Shares of a core by what a thread does, a value for each run.
#[derive(Clone, Default)]
pub(super) struct Threads(BTreeMap<String, Vec<f64>>);

impl Threads {
    pub(super) fn add(&mut self, usage: &Usage) -> Result<()> {
        let mut run: BTreeMap<String, f64> = BTreeMap::new();
        for (name, share) in usage.shares(MARGIN)? {
            *run.entry(role(&name).to_owned()).or_default() += share;
        }
        for (role, share) in run {
            self.0.entry(role).or_default().push(share);
        }
        Ok(())
    }

    /// Of one role.
    fn share(&self, role: &str) -> f64 {
        self.0.get(role).map_or(0.0, |shares| median(shares))
    }

    /// Of all threads but the workers.
    pub(super) fn beside_the_load(&self) -> f64 {
        self.0.keys().filter(|role| *role != WORKERS).map(|role| self.share(role)).sum()
    }

    pub(super) fn of_workers(&self) -> f64 {
        self.share(WORKERS)
    }
}

/// Prints the threads of runs with something on beside those with nothing.
pub(super) fn print(on: &Threads, off: &Threads) {
    println!("  CPU of threads, of a core            on          off");
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let line = |name: &str, on: f64, off: f64| {
        println!("    {name:<24} {:>12} {:>12}", percent(on), percent(off));
    };
    let mut roles: Vec<&String> = on.0.keys().filter(|role| *role != WORKERS).collect();
    roles.sort_by(|a, b| on.share(b).total_cmp(&on.share(a)));
    line(WORKERS, on.of_workers(), off.of_workers());
    for role in roles.into_iter().filter(|role| on.share(role).max(off.share(role)) > LISTED_MIN) {
        line(role, on.share(role), off.share(role));
    }
    line("all but the workers", on.beside_the_load(), off.beside_the_load());
}

/// What a thread of that name does.
fn role(name: &str) -> &str {
    match name {
        MAIN_THREAD => "hub",
        name if name.starts_with("plimsoll-") => WORKERS,
        name => name,
    }
}
