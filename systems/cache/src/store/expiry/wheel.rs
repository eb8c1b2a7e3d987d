//! A hierarchical timer wheel of 32-bit entries that do not know when they are due.
//!
//! Level `l` has 64 slots of `64^l` ticks each. When the time comes to the begin of a slot, its
//! entries are handed out; whoever gets one looks up the deadline and, if it is still ahead, puts the
//! entry back, which then lands on a finer level.

use crate::store::PAGE_BYTES;

/// Milliseconds of a tick, the finest resolution of expiry that nobody asks for: what is asked for
/// expires to the millisecond.
const TICK_SHIFT: u32 = 4;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// 34 years; what is due later is looked at before.
const LEVELS: usize = 6;

/// Entries of a chunk.
const ENTRIES: usize = 14;
/// Chunks of a page.
const PAGE: usize = PAGE_BYTES / size_of::<Chunk>();

/// Entries of one slot, chained.
#[derive(Clone, Copy, Debug, Default)]
struct Chunk {
    entries: [u32; ENTRIES],
    len: u32,
    /// Number of the next chunk; 0 is none.
    next: u32,
}

const _: () = assert!(size_of::<Chunk>() == 64, "a chunk is one cache line");

#[derive(Clone, Debug)]
pub(in crate::store) struct Wheel {
    /// First chunk of each slot; 0 is none.
    slots: [[u32; SLOTS]; LEVELS],
    /// A bit per slot with entries.
    occupied: [u64; LEVELS],
    /// First chunks of the entries whose time has come, by the level that they were on.
    due: [u32; LEVELS],
    /// The first tick that is not over.
    tick: u64,
    /// Chunk 0 is never used.
    chunks: Vec<Vec<Chunk>>,
    chunks_len: usize,
    free: u32,
    entries: usize,
    /// The slot that [`Wheel::sweep`] takes next.
    sweep_at: usize,
}

impl Wheel {
    pub(in crate::store) fn new() -> Wheel {
        Wheel {
            slots: [[0; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            due: [0; LEVELS],
            tick: 0,
            chunks: Vec::new(),
            chunks_len: 0,
            free: 0,
            entries: 0,
            sweep_at: 0,
        }
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.entries
    }

    pub(in crate::store) fn bytes(&self) -> usize {
        self.chunks_len * size_of::<Chunk>()
    }

    /// Frees a page of a wheel that is used no more; `false` when there is none left.
    pub(in crate::store) fn shed(&mut self) -> bool {
        let Some(page) = self.chunks.pop() else { return false };
        self.chunks_len -= page.len();
        true
    }

    /// Adds an entry that is handed out when `deadline` has passed, and perhaps before. Both times in
    /// milliseconds.
    pub(in crate::store) fn insert(&mut self, entry: u32, deadline: u64, now: u64) {
        if self.entries == 0 {
            self.tick = now >> TICK_SHIFT;
        }
        let ahead = (deadline >> TICK_SHIFT).saturating_sub(self.tick);
        let ahead = ahead.min((1 << (SLOT_BITS * LEVELS as u32)) - 1);
        let tick = self.tick + ahead;
        let level = (ahead | 1).ilog2() / SLOT_BITS;
        let slot = slot_of(tick, level as usize);
        let level = level as usize;
        self.slots[level][slot] = self.push(self.slots[level][slot], entry);
        self.occupied[level] |= 1 << slot;
        self.entries += 1;
    }

    /// The next entry whose time may have come by `now`, in milliseconds. Time moves on only when all
    /// entries of the past are out.
    pub(in crate::store) fn pop(&mut self, now: u64) -> Option<u32> {
        let end = now >> TICK_SHIFT;
        loop {
            if let Some(entry) = self.pop_due() {
                return Some(entry);
            }
            if self.entries == 0 || self.tick >= end {
                return None;
            }
            self.advance(end);
        }
    }

    /// The next of the entries that [`Wheel::sweep`] or the time has taken out.
    pub(in crate::store) fn pop_due(&mut self) -> Option<u32> {
        let level = self.due.iter().position(|first| *first != 0)?;
        let first = self.due[level];
        let chunk = self.chunk(first);
        chunk.len -= 1;
        let entry = chunk.entries[chunk.len as usize];
        if chunk.len == 0 {
            self.due[level] = chunk.next;
            self.release(first);
        }
        self.entries -= 1;
        if self.entries == 0 {
            self.chunks.clear();
            (self.chunks_len, self.free) = (0, 0);
        }
        Some(entry)
    }

    /// Takes out some slot's entries before their time, so that stale ones are found.
    pub(in crate::store) fn sweep(&mut self) {
        for _ in 0..LEVELS * SLOTS {
            if self.due != [0; LEVELS] {
                return;
            }
            let (level, slot) = (self.sweep_at / SLOTS, self.sweep_at % SLOTS);
            self.drain(level, slot);
            self.sweep_at = (self.sweep_at + 1) % (LEVELS * SLOTS);
        }
    }

    /// Takes out the slots that begin now and goes to the next tick that matters, at most to `end`.
    fn advance(&mut self, end: u64) {
        for level in 0..LEVELS {
            if self.tick & ((1 << (SLOT_BITS * level as u32)) - 1) != 0 {
                break;
            }
            self.drain(level, slot_of(self.tick, level));
        }
        let idle = self.occupied.iter().take_while(|occupied| **occupied == 0).count();
        let unit = SLOT_BITS * idle.min(LEVELS - 1) as u32;
        self.tick = (((self.tick >> unit) + 1) << unit).min(end);
    }

    /// Moves a slot's entries to those that are due, of which there are none of this level.
    fn drain(&mut self, level: usize, slot: usize) {
        if self.occupied[level] & 1 << slot != 0 {
            debug_assert_eq!(self.due[level], 0, "entries that are due would be lost");
            self.due[level] = std::mem::take(&mut self.slots[level][slot]);
            self.occupied[level] &= !(1 << slot);
        }
    }

    /// Adds an entry to a chain; its first chunk.
    fn push(&mut self, first: u32, entry: u32) -> u32 {
        let mut at = first;
        if first == 0 || self.chunk(first).len as usize == ENTRIES {
            at = self.new_chunk();
            self.chunk(at).next = first;
        }
        let chunk = self.chunk(at);
        chunk.entries[chunk.len as usize] = entry;
        chunk.len += 1;
        at
    }

    fn new_chunk(&mut self) -> u32 {
        if self.free != 0 {
            let number = self.free;
            self.free = std::mem::take(&mut self.chunk(number).next);
            return number;
        }
        if self.chunks_len == 0 {
            self.chunks.push(Vec::with_capacity(PAGE));
            self.push_chunk();
        }
        if self.chunks_len.is_multiple_of(PAGE) {
            self.chunks.push(Vec::with_capacity(PAGE));
        }
        self.push_chunk();
        (self.chunks_len - 1) as u32
    }

    fn push_chunk(&mut self) {
        if let Some(page) = self.chunks.last_mut() {
            page.push(Chunk::default());
        }
        self.chunks_len += 1;
    }

    fn release(&mut self, number: u32) {
        let free = std::mem::replace(&mut self.free, number);
        *self.chunk(number) = Chunk { next: free, ..Chunk::default() };
    }

    fn chunk(&mut self, number: u32) -> &mut Chunk {
        &mut self.chunks[number as usize / PAGE][number as usize % PAGE]
    }
}

fn slot_of(tick: u64, level: usize) -> usize {
    (tick >> (SLOT_BITS * level as u32)) as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs entries, whose numbers are indexes of `deadlines`, as the shard does; the time at which
    /// each was out for good.
    fn run(deadlines: &[u64], start: u64, steps: &[u64]) -> Vec<Option<u64>> {
        let mut wheel = Wheel::new();
        for (entry, deadline) in deadlines.iter().enumerate() {
            wheel.insert(entry as u32, *deadline, start);
        }
        let mut out = vec![None; deadlines.len()];
        let mut now = start;
        for step in steps {
            now += step;
            while let Some(entry) = wheel.pop(now) {
                let deadline = deadlines[entry as usize];
                if deadline <= now {
                    assert_eq!(out[entry as usize].replace(now), None, "twice");
                } else {
                    wheel.insert(entry, deadline, now);
                }
            }
        }
        assert_eq!(wheel.len(), out.iter().filter(|at| at.is_none()).count());
        if wheel.len() == 0 {
            assert_eq!(wheel.bytes(), 0);
        }
        out
    }

    fn check(deadlines: &[u64], start: u64, steps: &[u64]) {
        let out = run(deadlines, start, steps);
        let ends: Vec<u64> = steps
            .iter()
            .scan(start, |now, step| {
                *now += step;
                Some(*now)
            })
            .collect();
        for (deadline, out) in deadlines.iter().zip(&out) {
            let latest = ends.iter().find(|end| **end >= deadline + (1 << TICK_SHIFT));
            match (out, latest) {
                (Some(out), Some(latest)) => assert!(out <= latest, "{deadline}: {out}"),
                (None, Some(latest)) => panic!("{deadline} is not out by {latest}"),
                _ => {}
            }
        }
    }

    #[test]
    fn entries_come_out_in_time_on_all_levels() {
        let start = 1_700_000_000_123;
        let deadlines: Vec<u64> =
            (0..40).flat_map(|bit| [start + (1 << bit), start + (1 << bit) - 1]).collect();
        check(&deadlines, start, &[7; 2_000]);
        check(&deadlines, start, &[1_000; 2_000]);
        check(&deadlines, start, &[1 << 22; 600]);
        check(&deadlines, start, &[1, 1 << 41, 1 << 41]);
    }

    proptest::proptest! {
        #[test]
        fn entries_come_out_in_time(
            deadlines in proptest::collection::vec(0_u64..3_000_000, 0..200),
            steps in proptest::collection::vec(0_u64..90_000, 1..120),
            start in 0_u64..100_000,
        ) {
            check(&deadlines, start, &steps);
        }
    }
}
