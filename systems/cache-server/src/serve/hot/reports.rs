//! What threads have found in their last windows, where anybody can read it.

use std::{
    cmp::Ordering as Order,
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{serve::locked, store::Millis};

/// A key with how hot it is: accesses, or bytes of replies, per second.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HotKey {
    pub(crate) key: Box<[u8]>,
    pub(crate) rate: f64,
}

/// What makes a key hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Accesses,
    /// Of replies.
    Bytes,
}

/// One thread's last window.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) by_accesses: Vec<HotKey>,
    pub(super) by_bytes: Vec<HotKey>,
    /// Accesses that were looked at.
    pub(super) samples: u64,
    /// How long the window was.
    pub(super) millis: u64,
    pub(super) ended: Millis,
}

/// The last windows of all threads.
#[derive(Debug)]
pub(crate) struct Reports {
    threads: Box<[Mutex<Option<Report>>]>,
    /// Counts how often all was forgotten: a thread that is behind begins anew.
    epoch: AtomicU64,
}

impl Reports {
    pub(crate) fn new(threads: usize) -> Reports {
        Reports {
            threads: (0..threads).map(|_| Mutex::default()).collect(),
            epoch: AtomicU64::new(0),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Takes the place of the thread's report before it, unless all was forgotten since the window began.
    pub(super) fn publish(&self, thread: usize, epoch: u64, report: Report) {
        let Some(place) = self.threads.get(thread) else { return };
        let mut place = locked(place);
        if epoch == self.epoch() {
            *place = Some(report);
        }
    }

    /// Forgets all windows, those that have not ended too.
    pub(crate) fn reset(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.threads.iter().for_each(|report| *locked(report) = None);
    }

    /// The hottest keys of all threads together, at most `count` of them and the hottest first. A window
    /// that ended before `since` does not count any more.
    pub(crate) fn hottest(&self, measure: Measure, count: usize, since: Millis) -> Vec<HotKey> {
        let mut rates: HashMap<Box<[u8]>, f64> = HashMap::new();
        for report in &self.threads {
            let report = locked(report);
            let Some(report) = report.as_ref().filter(|report| report.ended >= since) else {
                continue;
            };
            let keys = match measure {
                Measure::Accesses => &report.by_accesses,
                Measure::Bytes => &report.by_bytes,
            };
            for hot in keys {
                *rates.entry(hot.key.clone()).or_default() += hot.rate;
            }
        }
        let mut keys: Vec<HotKey> =
            rates.into_iter().map(|(key, rate)| HotKey { key, rate }).collect();
        keys.sort_unstable_by(|a, b| {
            b.rate.partial_cmp(&a.rate).unwrap_or(Order::Equal).then_with(|| a.key.cmp(&b.key))
        });
        keys.truncate(count);
        keys
    }

    /// Of the last windows: accesses that were looked at, and how long the longest was in milliseconds.
    pub(crate) fn evidence(&self) -> (u64, u64) {
        self.threads.iter().fold((0, 0), |(samples, millis), report| {
            locked(report).as_ref().map_or((samples, millis), |report| {
                (samples + report.samples, millis.max(report.millis))
            })
        })
    }
}
