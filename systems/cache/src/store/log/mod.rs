//! The log: records in segments, segments in queues by age.
//!
//! A queue is a chain of segments from the oldest to the newest; records are appended to the newest,
//! so that their physical order is their age and no record needs a link. What is overwritten or
//! removed leaves a dead record behind, which goes when its segment is walked by the eviction or
//! by the compaction.

mod buffer;
mod place;
mod record;

pub(super) use place::{PLACE_BITS, Place, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
pub(super) use record::{Draft, Kind, Record, record_len};

use std::sync::Arc;

use crate::store::{Millis, marks::Marks};
use buffer::Buffer;
use plimsoll_runtime::prefetch::prefetch;

/// Smallest segment, under a small cap.
const SEGMENT_BYTES_MIN: usize = PAGE_BYTES;
/// Segments are whole pages, but those of a single record.
const PAGE_BYTES: usize = 4 << 10;
/// Of what is loaded into a processor's cache at a time.
const LINE_BYTES: usize = 64;
/// Under a cap a segment is about this part of it.
const SEGMENTS_PER_CAP: usize = 128;
/// Segment numbers that writes leave to the moves that make room for them.
const NUMBERS_KEPT: usize = 16;

/// The two queues; SIEVE and no eviction use only `Main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// Newcomers.
    Small = 0,
    Main = 1,
}

/// A chain of segments, by number; 0 is none.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    oldest: u32,
    newest: u32,
    /// Bytes of its live records and of what they hold outside.
    weight: usize,
}

#[derive(Debug)]
struct Segment {
    bytes: Buffer,
    /// Bytes of live records.
    live: usize,
    queue: Queue,
    older: u32,
    newer: u32,
}

/// All segments of a shard.
#[derive(Debug)]
pub(super) struct Log {
    /// By number; that of index 0 is never used.
    segments: Vec<Segment>,
    vacant: Vec<u32>,
    chains: [Chain; 2],
    /// Memory of the segment that was freed last, for the next one.
    spare: Buffer,
    segment_bytes: usize,
    allocated: usize,
    live: usize,
    marks: Arc<Marks>,
}

impl Log {
    /// A log for a shard with this cap; 0 is none. It counts its changes in `marks`.
    pub(super) fn new(max_bytes: usize, marks: Arc<Marks>) -> Log {
        let nothing =
            Segment { bytes: Buffer::nothing(), live: 0, queue: Queue::Main, older: 0, newer: 0 };
        Log {
            segments: vec![nothing],
            vacant: Vec::new(),
            chains: [Chain::default(); 2],
            spare: Buffer::nothing(),
            segment_bytes: segment_bytes(max_bytes),
            allocated: 0,
            live: 0,
            marks,
        }
    }

    pub(super) fn marks(&self) -> &Arc<Marks> {
        &self.marks
    }

    /// Segments from now on have the size for this cap.
    pub(super) fn set_max_bytes(&mut self, max_bytes: usize) {
        self.segment_bytes = segment_bytes(max_bytes);
    }

    /// Size of a segment.
    pub(super) fn segment_bytes(&self) -> usize {
        self.segment_bytes
    }

    /// Bytes of all segments.
    pub(super) fn allocated(&self) -> usize {
        self.allocated
    }

    /// Memory that is kept for the next segment.
    pub(super) fn spare_bytes(&self) -> usize {
        self.spare.capacity()
    }

    pub(super) fn drop_spare(&mut self) {
        self.spare = Buffer::nothing();
    }

    /// Frees a segment of a log that is used no more; `false` when there is none left.
    pub(super) fn shed(&mut self) -> bool {
        self.drop_spare();
        let Some(segment) = self.segments.pop() else { return false };
        self.allocated -= segment.bytes.capacity();
        true
    }

    /// Bytes of live records.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Bytes that compaction could give back: dead records, and ends that were not filled.
    pub(super) fn waste(&self) -> usize {
        let open = self.chains.map(|chain| self.room(chain.newest));
        self.allocated.saturating_sub(self.live + open[0] + open[1])
    }

    pub(super) fn weight(&self, queue: Queue) -> usize {
        self.chains[queue as usize].weight
    }

    pub(super) fn oldest(&self, queue: Queue) -> u32 {
        self.chains[queue as usize].oldest
    }

    pub(super) fn newest(&self, queue: Queue) -> u32 {
        self.chains[queue as usize].newest
    }

    pub(super) fn older(&self, segment: u32) -> u32 {
        self.segments[segment as usize].older
    }

    pub(super) fn newer(&self, segment: u32) -> u32 {
        self.segments[segment as usize].newer
    }

    pub(super) fn queue_of(&self, segment: u32) -> Queue {
        self.segments[segment as usize].queue
    }

    /// Bytes of records, dead ones included.
    pub(super) fn filled(&self, segment: u32) -> usize {
        self.segments[segment as usize].bytes.len()
    }

    /// Bytes of dead records.
    pub(super) fn dead(&self, segment: u32) -> usize {
        let segment = &self.segments[segment as usize];
        segment.bytes.len() - segment.live
    }

    pub(super) fn capacity(&self, segment: u32) -> usize {
        self.segments[segment as usize].bytes.capacity()
    }

    /// Bytes that can still be appended.
    pub(super) fn room(&self, segment: u32) -> usize {
        let segment = &self.segments[segment as usize];
        segment.bytes.capacity() - segment.bytes.len()
    }

    /// Whether a record of `len` bytes goes to the queue without a new segment.
    pub(super) fn has_room(&self, queue: Queue, len: usize) -> bool {
        self.fits(self.newest(queue), len)
    }

    fn fits(&self, segment: u32, len: usize) -> bool {
        self.room(segment) >= len && self.filled(segment) < SEGMENT_BYTES_MAX
    }

    /// Whether a write may open another segment.
    pub(super) fn can_open(&self) -> bool {
        !self.vacant.is_empty() || self.segments.len() + NUMBERS_KEPT <= SEGMENTS_MAX
    }

    /// Whether a segment has nothing but dead records and gets no more.
    pub(super) fn is_spent(&self, segment: u32) -> bool {
        self.segments[segment as usize].live == 0 && self.newest(self.queue_of(segment)) != segment
    }

    #[inline]
    pub(super) fn record(&self, place: Place) -> Record<'_> {
        Record::parse(&self.segments[place.segment() as usize].bytes[place.offset()..])
    }

    /// As [`Log::record`], for who is about to read the value: where it begins is known only from the
    /// first line, and the second one, where most end, shall not wait for that.
    #[inline]
    pub(super) fn record_and_value(&self, place: Place) -> Record<'_> {
        let bytes = &self.segments[place.segment() as usize].bytes[place.offset()..];
        if let Some(byte) = bytes.get(LINE_BYTES) {
            prefetch(byte);
        }
        Record::parse(bytes)
    }

    /// The first two lines of a record, for who will look at it soon: most are no longer.
    #[inline]
    pub(super) fn prefetch(&self, place: Place) {
        let Some(segment) = self.segments.get(place.segment() as usize) else { return };
        for at in [place.offset(), place.offset() + LINE_BYTES] {
            if let Some(byte) = segment.bytes.get(at) {
                prefetch(byte);
            }
        }
    }

    /// Appends a record to a queue, in a new segment if it must be.
    pub(super) fn append(&mut self, queue: Queue, draft: &Draft<'_>, outside: usize) -> Place {
        let len = draft.len();
        if !self.has_room(queue, len) {
            self.open(queue, 0, len);
        }
        let number = self.newest(queue);
        let segment = &mut self.segments[number as usize];
        let place = Place::new(number, segment.bytes.len());
        draft.write(segment.bytes.extend(len));
        self.count_in(number, len, outside);
        place
    }

    /// Moves a live record to the newest end of a queue.
    pub(super) fn move_to_newest(&mut self, place: Place, queue: Queue, outside: usize) -> Place {
        let len = self.record(place).len;
        if !self.has_room(queue, len) {
            self.open(queue, 0, len);
        }
        self.move_into(place, self.newest(queue), len, outside)
    }

    /// Whether [`Log::move_before`] does without a new segment.
    pub(super) fn has_room_before(&self, segment: u32, len: usize) -> bool {
        self.fits(self.older(segment), len)
    }

    /// Moves a live record out of its segment, to right before it: where it is by age.
    pub(super) fn move_before(&mut self, place: Place, outside: usize) -> Place {
        let len = self.record(place).len;
        let segment = place.segment();
        if !self.fits(self.older(segment), len) {
            self.open(self.queue_of(segment), segment, len);
        }
        self.move_into(place, self.older(segment), len, outside)
    }

    fn move_into(&mut self, place: Place, number: u32, len: usize, outside: usize) -> Place {
        let (from, range) = (place.segment(), place.offset()..place.offset() + len);
        let moved = Place::new(number, self.filled(number));
        let pair = [from as usize, number as usize];
        match self.segments.get_disjoint_mut(pair) {
            Ok([from, to]) => to.bytes.extend(len).copy_from_slice(&from.bytes[range]),
            Err(_) => self.segments[number as usize].bytes.extend_from_within(range),
        }
        self.kill(place, outside);
        self.count_in(number, len, outside);
        moved
    }

    fn count_in(&mut self, number: u32, len: usize, outside: usize) {
        let segment = &mut self.segments[number as usize];
        segment.live += len;
        let chain = &mut self.chains[segment.queue as usize];
        chain.weight += len + outside;
        self.live += len;
    }

    /// Marks a record dead that weighs `outside` bytes beside its own.
    pub(super) fn kill(&mut self, place: Place, outside: usize) {
        self.marks.pass(place);
        let segment = &mut self.segments[place.segment() as usize];
        let bytes = &mut segment.bytes[place.offset()..];
        let len = Record::parse(bytes).len;
        record::mark_dead(bytes);
        segment.live -= len;
        let chain = &mut self.chains[segment.queue as usize];
        chain.weight -= len + outside;
        self.live -= len;
    }

    /// What a live record holds outside has become larger or smaller.
    pub(super) fn reweigh(&mut self, place: Place, before: usize, after: usize) {
        let queue = self.queue_of(place.segment());
        let weight = &mut self.chains[queue as usize].weight;
        *weight = *weight - before + after;
    }

    /// Overwrites a value with one of the same length, of this kind.
    pub(super) fn write_value(&mut self, place: Place, kind: Kind, value: &[u8]) {
        self.marks.pass(place);
        let bytes = &mut self.segments[place.segment() as usize].bytes[place.offset()..];
        record::write_kind(bytes, kind);
        record::write_value(bytes, value);
    }

    /// Overwrites deadline and round where there is room for a deadline.
    pub(super) fn write_deadline(&mut self, place: Place, deadline: Option<Millis>, round: u8) {
        self.marks.pass(place);
        let bytes = &mut self.segments[place.segment() as usize].bytes[place.offset()..];
        record::write_deadline(bytes, deadline, round);
    }

    /// Opens a segment at the newest end of a queue, or before another segment, for records of `len`
    /// bytes and smaller.
    fn open(&mut self, queue: Queue, before: u32, len: usize) {
        let capacity = self.segment_bytes.max(len);
        let spare = std::mem::replace(&mut self.spare, Buffer::nothing());
        let bytes = match spare.capacity() == capacity {
            true => spare,
            false => Buffer::with_capacity(capacity),
        };
        self.allocated += bytes.capacity();
        let older = match before {
            0 => self.chains[queue as usize].newest,
            before => self.older(before),
        };
        let segment = Segment { bytes, live: 0, queue, older, newer: before };
        let number = match self.vacant.pop() {
            Some(number) => {
                self.segments[number as usize] = segment;
                number
            }
            None => {
                self.segments.push(segment);
                (self.segments.len() - 1) as u32
            }
        };
        self.link(queue, older, number, before);
    }

    /// Makes `number` what follows `older` and comes before `newer`.
    fn link(&mut self, queue: Queue, older: u32, number: u32, newer: u32) {
        match older {
            0 => self.chains[queue as usize].oldest = number,
            older => self.segments[older as usize].newer = number,
        }
        match newer {
            0 => self.chains[queue as usize].newest = number,
            newer => self.segments[newer as usize].older = number,
        }
    }

    /// Frees a segment without live records.
    pub(super) fn release(&mut self, number: u32) {
        let segment = &mut self.segments[number as usize];
        debug_assert_eq!(segment.live, 0, "a live record in a segment that is freed");
        let (queue, older, newer) = (segment.queue, segment.older, segment.newer);
        let mut bytes = std::mem::replace(&mut segment.bytes, Buffer::nothing());
        self.allocated -= bytes.capacity();
        if bytes.capacity() == self.segment_bytes {
            bytes.clear();
            self.spare = bytes;
        }
        match older {
            0 => self.chains[queue as usize].oldest = newer,
            older => self.segments[older as usize].newer = newer,
        }
        match newer {
            0 => self.chains[queue as usize].newest = older,
            newer => self.segments[newer as usize].older = older,
        }
        self.vacant.push(number);
    }
}

fn segment_bytes(max_bytes: usize) -> usize {
    if max_bytes == 0 {
        return SEGMENT_BYTES_MAX;
    }
    let part = (max_bytes / SEGMENTS_PER_CAP).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    1 << part.ilog2()
}
