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
/// Records that one write walks until it spares none any more, beside those for its own size. Where
/// nearly all were hit, a walk of all that it may spare would take milliseconds.
const SPARING_STEPS: usize = 1024;
/// Most records that one write walks where not all may be evicted.
const STEPS_MAX: usize = 4096;
/// Bytes per record assumed where a write needs much room.
const RECORD_BYTES: usize = 64;
/// What the index may grow by in one write.
const INDEX_STEP: usize = 192;
/// Entries of what has left that one write frees in any case, and that one step of reclaiming frees.
const FREED_PER_WRITE: usize = 32;
const FREED_PER_STEP: usize = 64;
/// Of the records that a step of [`Shard::prepare`] has walked, the part that must have left for it to
/// go on sparing any.
const PARTS_LEFT_MIN: usize = 16;

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
        self.committed() + self.log.spare_bytes()
    }

    /// All but the memory for the next segment, which is given up where the cap needs it.
    pub(super) fn committed(&self) -> usize {
        self.log.allocated()
            + self.index.bytes()
            + self.boxes.bytes()
            + self.wheel.bytes()
            + self.ghost.bytes()
            + self.slots.bytes()
            + self.garbage.bytes()
    }

    /// What memory would be in use after the write.
    fn used_with(&self, need: &Need) -> usize {
        let opens = match self.log.has_room(need.queue, need.record) {
            true => 0,
            false => self.log.segment_bytes().max(need.record),
        };
        self.committed() + need.outside + INDEX_STEP + opens
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
        let least = self.slots.bytes() + size + segment;
        if least > self.max_bytes || !self.log.can_open() {
            return Err(Full);
        }
        let sparing = SPARING_STEPS + (need.record + need.outside) / RECORD_BYTES;
        let (mut steps, mut walked) = (0, 0);
        loop {
            let used = self.used_with(need);
            let is_urgent = used + segment > self.max_bytes;
            let did_its_part = steps >= PACE_RECORDS && walked >= PACE_BYTES * need.record;
            if used + 2 * segment <= self.max_bytes || (!is_urgent && did_its_part) {
                return Ok(());
            }
            let has_tried = steps >= STEPS_MAX && self.garbage.is_empty();
            if self.policy.candidates != Candidates::All && has_tried {
                break;
            }
            let Some(bytes) = self.reclaim_step(now, steps > sparing) else { break };
            steps += 1;
            walked += bytes;
        }
        if self.used_with(need) <= self.max_bytes { Ok(()) } else { Err(Full) }
    }

    /// Whether so many bytes are more than could be stored if nothing else were; they count as refused then.
    pub fn refuses(&mut self, bytes: usize) -> bool {
        let least = self.slots.bytes() + bytes + 2 * self.log.segment_bytes();
        let is_refused = self.max_bytes != 0 && least > self.max_bytes;
        self.counters.refused += u64::from(is_refused);
        is_refused
    }

    /// Makes room for a write of so many bytes before it comes, by walking `steps` records at most;
    /// whether it will find all the room that can be made. For writes that need so much that to make
    /// it at once would keep others waiting.
    pub fn prepare(&mut self, bytes: usize, steps: usize, now: Millis) -> bool {
        let segment = self.log.segment_bytes();
        let goal = bytes + INDEX_STEP + 3 * segment;
        if self.max_bytes == 0 || goal > self.max_bytes {
            return true;
        }
        let gone = |shard: &Shard<O>| (shard.counters.evicted + shard.counters.expired) as usize;
        let before = gone(self);
        for step in 0..steps {
            if self.committed() + goal <= self.max_bytes {
                return true;
            }
            let left = gone(self) - before;
            let is_last_resort = step > steps / 2 && left * PARTS_LEFT_MIN < step;
            if self.reclaim_step(now, is_last_resort).is_none() {
                return true;
            }
        }
        // Where not all may leave, those that may can be too far apart to look for them.
        let is_in_vain = self.policy.candidates != Candidates::All && gone(self) == before;
        is_in_vain || self.committed() + goal <= self.max_bytes
    }

    /// One record's worth of work; the bytes walked, or `None` when nothing can be done.
    fn reclaim_step(&mut self, now: Millis, is_last_resort: bool) -> Option<usize> {
        if !self.garbage.is_empty() {
            return Some(self.garbage.free(FREED_PER_STEP));
        }
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

    /// Frees some of what has left, about as much as `budget` entries of a collection; whether there
    /// is more. For whoever has time.
    pub fn tidy(&mut self, budget: usize) -> bool {
        self.garbage.free(budget);
        !self.garbage.is_empty()
    }

    /// What can wait for a pause: dead space, and what is over a cap that was lowered or that a
    /// collection has grown over. Walks about as many records as `steps` says.
    pub(super) fn settle(&mut self, now: Millis, steps: usize) {
        if !self.garbage.is_empty() {
            self.garbage.free(FREED_PER_WRITE);
        }
        let segment = self.log.segment_bytes();
        let committed = self.committed();
        if self.max_bytes != 0 && committed + self.log.spare_bytes() > self.max_bytes {
            self.log.drop_spare();
        }
        self.peak_bytes = self.peak_bytes.max(self.used());
        if self.max_bytes != 0 && committed + segment > self.max_bytes {
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
