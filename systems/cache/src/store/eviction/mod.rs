//! Room under the byte cap, made in bounded steps by the writes that need it.
//!
//! Everything counts: segments of the log, whole, the index, what is boxed, the wheel, the ghost.
//! Two segments are kept free: one that survivors of the eviction move to, and one so that the work
//! for the next segment is spread over the writes that fill the current one.

mod compaction;
mod ghost;
mod s3fifo;
mod sieve;
mod walk;

pub(super) use ghost::Ghost;
pub(super) use walk::Hands;

use super::{Candidates, Full, Millis, Order, Payload, Shard, log::Queue};

/// Records that a write walks at least while less than two segments are free, and bytes as a multiple
/// of what it writes. As the walk frees more than a tenth of what it passes, it keeps ahead.
pub(super) const PACE_RECORDS: usize = 8;
const PACE_BYTES: usize = 8;
/// Records that one write walks until it spares none any more, beside those for its own size.
const SPARING_STEPS: usize = 4096;
/// Most records that one write walks where not all may be evicted.
const STEPS_MAX: usize = 4096;
/// Bytes per record assumed where a write needs much room.
const RECORD_BYTES: usize = 64;
/// What the index may grow by in one write.
const INDEX_STEP: usize = 192;

/// What a write needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) queue: Queue,
    /// Bytes of the record.
    pub(super) record: usize,
    /// Bytes outside of the log.
    pub(super) outside: usize,
}

impl<O: Payload> Shard<O> {
    /// Bytes counted under the cap.
    pub(super) fn used(&self) -> usize {
        self.log.allocated()
            + self.index.bytes()
            + self.boxes.bytes()
            + self.wheel.bytes()
            + self.ghost.bytes()
    }

    /// What memory would be in use after the write.
    fn used_with(&self, need: &Need) -> usize {
        let opens = match self.log.has_room(need.queue, need.record) {
            true => 0,
            false => self.log.segment_bytes().max(need.record),
        };
        self.used() + need.outside + INDEX_STEP + opens
    }

    /// Makes room for a write. Any item may move or leave, the one that is written as well.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn make_space(&mut self, need: &Need, now: Millis) -> Result<(), Full> {
        let kept = 2 * self.log.segment_bytes();
        let is_easy = self.max_bytes == 0 || self.used_with(need) + kept <= self.max_bytes;
        if is_easy && self.log.can_open() {
            return Ok(());
        }
        let made = self.reclaim(need, now);
        if made.is_err() {
            self.counters.refused += 1;
        }
        made
    }

    fn reclaim(&mut self, need: &Need, now: Millis) -> Result<(), Full> {
        let segment = self.log.segment_bytes();
        let size = need.record.max(segment) + need.outside;
        if size + segment > self.max_bytes || !self.log.can_open() {
            return Err(Full);
        }
        let sparing = SPARING_STEPS + size / RECORD_BYTES;
        let (mut steps, mut walked) = (0, 0);
        loop {
            let used = self.used_with(need);
            let is_urgent = used + segment > self.max_bytes;
            let did_its_part = steps >= PACE_RECORDS && walked >= PACE_BYTES * need.record;
            if used + 2 * segment <= self.max_bytes || (!is_urgent && did_its_part) {
                return Ok(());
            }
            if self.policy.candidates != Candidates::All && steps >= STEPS_MAX {
                break;
            }
            let Some(bytes) = self.reclaim_step(now, steps > sparing) else { break };
            steps += 1;
            walked += bytes;
        }
        if self.used_with(need) <= self.max_bytes { Ok(()) } else { Err(Full) }
    }

    /// One record's worth of work; the bytes walked, or `None` when nothing can be done.
    fn reclaim_step(&mut self, now: Millis, is_last_resort: bool) -> Option<usize> {
        let is_loose = self.log.waste() * 8 > self.log.allocated();
        let may_evict = match self.policy.candidates {
            Candidates::None => false,
            Candidates::All => true,
            Candidates::Volatile => self.volatile > 0,
        };
        if is_loose || !may_evict {
            let compacted = self.compact_step(8);
            if compacted.is_some() || !may_evict {
                return compacted;
            }
        }
        self.evict_step(now, is_last_resort)
    }

    fn evict_step(&mut self, now: Millis, is_last_resort: bool) -> Option<usize> {
        let (small, main) = (self.log.weight(Queue::Small), self.log.weight(Queue::Main));
        let main_is_empty = self.log.oldest(Queue::Main) == 0;
        let is_small_due = main_is_empty || self.policy.order == Order::Sieve || small * 9 >= main;
        if self.log.oldest(Queue::Small) != 0 && is_small_due {
            return Some(self.evict_from_small(now, is_last_resort));
        }
        match self.policy.order {
            _ if main_is_empty => None,
            Order::S3Fifo => Some(self.evict_from_main(now, is_last_resort)),
            Order::Sieve => Some(self.evict_by_sieve(now, is_last_resort)),
        }
    }

    /// The queue of an item that is new.
    pub(super) fn queue_of_new(&mut self, hash: u64) -> Queue {
        let has_small = self.policy.order == Order::S3Fifo
            && self.policy.candidates != Candidates::None
            && self.max_bytes != 0;
        if has_small && !self.ghost.take(hash) { Queue::Small } else { Queue::Main }
    }

    /// What can wait for a pause: dead space, and what is over a cap that was lowered or that a
    /// collection has grown over. Walks about as many records as `steps` says.
    pub(super) fn settle(&mut self, now: Millis, steps: usize) {
        self.peak_bytes = self.peak_bytes.max(self.used());
        let segment = self.log.segment_bytes();
        if self.max_bytes != 0 && self.used() + segment > self.max_bytes {
            for _ in 0..2 * steps {
                if self.reclaim_step(now, false).is_none() {
                    break;
                }
            }
        } else if self.log.waste() > 2 * segment && self.log.waste() * 4 > self.log.allocated() {
            for _ in 0..steps {
                if self.compact_step(4).is_none() {
                    break;
                }
            }
        }
    }
}
