//! Resources of the service that can be made scarce, each in a way that exists in real services.
//!
//! Without any of them nothing is counted and nothing waits.

mod bucket;
mod disk;
mod gate;
mod link;
mod page;
mod waits;

use std::{str::FromStr, sync::Arc};

use plimsoll_runtime::clock::Instant;

pub use disk::Disk;
pub(super) use disk::WriteError;
pub(super) use gate::{Full, Place};
pub(super) use link::{Link, Paced};
pub(super) use page::page;

use gate::Gate;

/// Most requests that may wait for a pool or for the lock: some hundred bytes each.
pub const QUEUE_MAX: usize = 100_000;

/// What is made scarce; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// How many requests of `/work` are worked on at a time.
    pub pool: Option<Pool>,
    /// Whether the CPU part of `/work` is done by one request at a time, over all threads.
    pub lock: bool,
    /// What all connections together may send.
    pub bandwidth: Option<Bandwidth>,
    /// What `/work` writes to.
    pub disk: Option<Arc<Disk>>,
}

/// A pool and the queue before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub size: usize,
    /// Requests that may wait, at most [`QUEUE_MAX`]; those behind them get status 503.
    pub queue: usize,
}

/// Bytes per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth(u64);

impl Bandwidth {
    /// A kilobyte per second: below, a head of a response takes most of a second.
    pub const MIN: Bandwidth = Bandwidth(1_000);
    /// Some 800 Gbit/s, more than any link that is around.
    pub const MAX: Bandwidth = Bandwidth(100_000_000_000);

    pub fn bytes_per_second(self) -> u64 {
        self.0
    }
}

impl FromStr for Bandwidth {
    type Err = String;

    /// `1MB/s`, `500kB/s`, `1.5MiB/s`, `8Mbit/s`; `/s` may be left out.
    fn from_str(text: &str) -> Result<Bandwidth, String> {
        // Bytes per unit, as divisions: a bit is an eighth.
        const UNITS: [(&str, f64); 12] = [
            ("Gbit", 1e9 / 8.0),
            ("Mbit", 1e6 / 8.0),
            ("kbit", 1e3 / 8.0),
            ("bit", 1.0 / 8.0),
            ("GiB", 1_073_741_824.0),
            ("MiB", 1_048_576.0),
            ("KiB", 1_024.0),
            ("GB", 1e9),
            ("MB", 1e6),
            ("kB", 1e3),
            ("KB", 1e3),
            ("B", 1.0),
        ];
        let amount = text.trim().strip_suffix("/s").unwrap_or(text.trim());
        let unit = UNITS.iter().find_map(|(name, bytes)| Some((amount.strip_suffix(name)?, bytes)));
        let bytes =
            unit.and_then(|(number, bytes)| Some(number.trim().parse::<f64>().ok()? * bytes));
        let bytes = bytes.ok_or("write an amount with its unit, such as 1MB/s or 8Mbit/s")?;
        // The cast of what is negative or no number gives 0, of what is too large the greatest.
        let rate = Bandwidth(bytes.round() as u64);
        if rate.0 < Bandwidth::MIN.0 || rate.0 > Bandwidth::MAX.0 {
            return Err("it must be from 1kB/s to 100GB/s".to_owned());
        }
        Ok(rate)
    }
}

/// The limits of one running service, shared by its threads.
pub(super) struct State {
    pool: Option<Gate>,
    lock: Option<Gate>,
    pub(super) link: Option<Arc<Link>>,
    pub(super) disk: Option<Arc<Disk>>,
}

impl State {
    /// Nothing when there is no limit.
    pub(super) fn new(limits: &Limits) -> Option<Arc<State>> {
        let state = State {
            pool: limits.pool.map(|pool| Gate::new(pool.size, pool.queue, Instant::now)),
            lock: limits.lock.then(|| Gate::new(1, QUEUE_MAX, Instant::now)),
            link: limits.bandwidth.map(|rate| Arc::new(Link::new(rate, Instant::now()))),
            disk: limits.disk.clone(),
        };
        let has_gate = state.pool.is_some() || state.lock.is_some();
        let is_any = has_gate || state.link.is_some() || state.disk.is_some();
        is_any.then(|| Arc::new(state))
    }

    /// A place in the pool, or nothing where there is no pool.
    pub(super) async fn enter_pool(&self) -> Result<Option<Place<'_>>, Full> {
        enter(self.pool.as_ref()).await
    }

    /// The lock, or nothing where there is none.
    pub(super) async fn take_lock(&self) -> Result<Option<Place<'_>>, Full> {
        enter(self.lock.as_ref()).await
    }
}

async fn enter(gate: Option<&Gate>) -> Result<Option<Place<'_>>, Full> {
    match gate {
        Some(gate) => gate.enter().await.map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_have_units() {
        let check = |text: &str, expected: Option<u64>| {
            let rate = text.parse::<Bandwidth>().map(Bandwidth::bytes_per_second);
            assert_eq!(rate.ok(), expected, "{text}");
        };
        check("1MB/s", Some(1_000_000));
        check("1 MB", Some(1_000_000));
        check("1.5MiB/s", Some(1_572_864));
        check("8Mbit/s", Some(1_000_000));
        check("5000B/s", Some(5_000));
        check("100GB/s", Some(100_000_000_000));
        for text in ["", "1", "MB/s", "-1MB/s", "NaNMB/s", "infGB", "999B/s", "101GB/s", "1XB/s"] {
            check(text, None);
        }
    }

    #[test]
    fn without_limits_there_is_no_state() {
        assert!(State::new(&Limits::default()).is_none());
        assert!(State::new(&Limits { lock: true, ..Limits::default() }).is_some());
    }
}
