//! What came of the hits, collected on each worker's thread: no lock and no channel per hit.
//!
//! A worker adds each hit to its own [`Tally`] and, when somebody reads the results, to a block that
//! goes to the [`writer`](crate::writer) when it is full or [`FLUSH_EVERY`] has passed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::Instant;

use crate::{
    report::Tally,
    results::{Hit, binary::BlockEncoder},
    writer::{Block, Queue},
};

/// A hit reaches the results' reader at most this much later.
pub const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Hits that the generator itself made fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortages {
    /// No file descriptor was left for a connection.
    pub descriptors: u64,
    /// No local port was left for a connection.
    pub ports: u64,
}

impl Shortages {
    fn add(&mut self, other: Shortages) {
        self.descriptors = self.descriptors.saturating_add(other.descriptors);
        self.ports = self.ports.saturating_add(other.ports);
    }
}

/// All workers' hits.
#[derive(Debug, Default)]
pub struct Collected {
    pub tally: Tally,
    pub shortages: Shortages,
    /// When the first hit was due and the last.
    pub due: Option<(Timestamp, Timestamp)>,
}

/// The span that holds both.
fn join(
    a: Option<(Timestamp, Timestamp)>,
    b: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// Opens a [`Hits`] per worker and takes them in at the end.
#[derive(Debug)]
pub struct Collector {
    /// The name of the attack.
    attack: Arc<str>,
    queue: Option<Queue>,
    collected: Mutex<Collected>,
}

impl Collector {
    /// `queue`: of the writer, when the results are wanted.
    pub fn new(attack: &str, queue: Option<Queue>) -> Collector {
        Collector { attack: Arc::from(attack), queue, collected: Mutex::default() }
    }

    /// A worker's own collection.
    pub fn open(&self) -> Hits {
        let stream = self.queue.clone().map(|queue| (queue, BlockEncoder::new()));
        Hits {
            attack: Arc::clone(&self.attack),
            tally: Tally::default(),
            shortages: Shortages::default(),
            due: None,
            stream,
            flushed: Instant::now(),
        }
    }

    /// Takes in what a worker collected.
    pub fn take_in(&self, mut hits: Hits) {
        hits.flush();
        let mut collected = self.lock();
        collected.tally.merge(&hits.tally);
        collected.shortages.add(hits.shortages);
        collected.due = join(collected.due, hits.due);
    }

    /// What all workers handed over so far.
    pub fn take(&self) -> Collected {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Collected> {
        // A tally stays whole even if a holder panicked.
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One worker's hits.
#[derive(Debug)]
pub struct Hits {
    attack: Arc<str>,
    tally: Tally,
    shortages: Shortages,
    due: Option<(Timestamp, Timestamp)>,
    stream: Option<(Queue, BlockEncoder)>,
    flushed: Instant,
}

impl Hits {
    /// The name of the attack, for [`Hit::attack`].
    pub fn attack(&self) -> &Arc<str> {
        &self.attack
    }

    /// Adds a hit that ended at `now`.
    pub fn record(&mut self, hit: &Hit<'_>, now: Instant) {
        self.tally.add(hit);
        self.due = join(self.due, Some((hit.scheduled, hit.scheduled)));
        if let Some((_, encoder)) = &mut self.stream {
            encoder.push(hit);
            if encoder.is_full() || now.since(self.flushed) >= FLUSH_EVERY {
                self.flushed = now;
                self.flush();
            }
        }
    }

    /// Counts a hit that failed for want of a resource of the generator's.
    pub fn record_shortage(&mut self, os_error: i32) {
        match os_error {
            libc::EMFILE | libc::ENFILE => self.shortages.descriptors += 1,
            libc::EADDRNOTAVAIL => self.shortages.ports += 1,
            _ => {}
        }
    }

    /// Hands the hits so far to the writer.
    pub fn flush(&mut self) {
        let Some((queue, encoder)) = &mut self.stream else { return };
        if encoder.is_empty() {
            return;
        }
        let hits = encoder.hits();
        let bytes = encoder.finish_block(queue.spare());
        queue.send(Block { bytes, hits, is_last: false });
    }
}
