//! Hits to blocks: one encoder per worker thread, no allocation per hit once its buffers have grown.

use std::{hash::BuildHasher, ops::Range};

use hashbrown::{DefaultHashBuilder, HashTable};
use plimsoll_metrics::varint::{put, put_bytes, put_signed};

use super::{BLOCK_FULL, BODY_LIMIT, HEAD, HEADERS_LIMIT, TEXT_LIMIT, flag, kind, seal};
use crate::results::{Hit, nanos};

/// Collects hits into the block in the making.
///
/// ```text
/// encoder.push(&hit);
/// if encoder.is_full() { queue.send(encoder.finish_block(spare)) }
/// ```
#[derive(Debug, Default)]
pub struct BlockEncoder {
    /// Space for the head, then the content; empty before the first hit.
    block: Vec<u8>,
    hits: u64,
    strings: Strings,
    last: Last,
}

/// Of the hit before, in the same block.
#[derive(Debug, Default)]
struct Last {
    seq: u64,
    scheduled: u64,
    code: u16,
    bytes_out: u64,
    bytes_in: u64,
    /// The numbers of its attack, method and URL.
    target: Option<[u32; 3]>,
}

impl BlockEncoder {
    pub fn new() -> BlockEncoder {
        BlockEncoder::default()
    }

    /// Bytes of the block so far; 0 without hits.
    pub fn len(&self) -> usize {
        self.block.len()
    }

    pub fn is_empty(&self) -> bool {
        self.hits == 0
    }

    /// Hits in the block so far.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Whether it is time for [`BlockEncoder::finish_block`]; readers may refuse what is pushed after.
    pub fn is_full(&self) -> bool {
        self.block.len() >= BLOCK_FULL
    }

    /// Adds a hit. Texts, bodies and headers beyond their limits are cut.
    pub fn push(&mut self, hit: &Hit<'_>) {
        if self.block.is_empty() {
            self.block.resize(HEAD, 0);
        }
        let flags_at = self.block.len();
        self.block.push(0);
        let mut flags = self.numbers(hit);
        flags |= self.target(hit);
        if !hit.error.is_empty() {
            flags |= flag::ERROR;
            self.text(&hit.error);
        }
        if !hit.body.is_empty() || !hit.headers.is_empty() {
            flags |= flag::RESPONSE;
            self.response(hit);
        }
        if let Some(byte) = self.block.get_mut(flags_at) {
            *byte = flags;
        }
        self.hits += 1;
    }

    /// Ends the block and gives it away, to be written as it is; empty when there was no hit.
    /// `spare`'s memory, say that of a block that has been written, becomes that of the next block.
    #[must_use]
    pub fn finish_block(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        spare.clear();
        let mut block = std::mem::replace(&mut self.block, spare);
        seal(&mut block, kind::HITS);
        self.hits = 0;
        self.strings.clear();
        self.last = Last::default();
        block
    }

    fn numbers(&mut self, hit: &Hit<'_>) -> u8 {
        let (out, last) = (&mut self.block, &mut self.last);
        let mut flags = 0;
        let step = hit.seq.wrapping_sub(last.seq);
        if step == 1 {
            flags |= flag::NEXT_SEQ;
        } else {
            put_signed(out, step as i64);
        }
        put_signed(out, hit.scheduled.0.wrapping_sub(last.scheduled) as i64);
        put(out, nanos(hit.response_time));
        if let Some(lateness) = hit.lateness {
            flags |= flag::LATENESS;
            put(out, nanos(lateness));
        }
        if hit.code == last.code {
            flags |= flag::SAME_CODE;
        } else {
            put(out, u64::from(hit.code));
        }
        if hit.bytes_out == last.bytes_out {
            flags |= flag::SAME_BYTES_OUT;
        } else {
            put(out, hit.bytes_out);
        }
        if hit.bytes_in == last.bytes_in {
            flags |= flag::SAME_BYTES_IN;
        } else {
            put(out, hit.bytes_in);
        }
        last.seq = hit.seq;
        last.scheduled = hit.scheduled.0;
        (last.code, last.bytes_out, last.bytes_in) = (hit.code, hit.bytes_out, hit.bytes_in);
        flags
    }

    fn target(&mut self, hit: &Hit<'_>) -> u8 {
        let texts = [cut(&hit.attack), cut(&hit.method), cut(&hit.url)];
        if let Some(last) = self.last.target
            && last.into_iter().zip(texts).all(|(number, text)| self.strings.is(number, text))
        {
            return flag::SAME_TARGET;
        }
        self.last.target = Some(texts.map(|text| self.text(text)));
        0
    }

    /// Appends a text: its number, or 0 and itself when the block does not have it yet.
    fn text(&mut self, text: &str) -> u32 {
        let text = cut(text);
        let (number, is_new) = self.strings.number(text);
        if is_new {
            self.block.push(0);
            put_bytes(&mut self.block, text.as_bytes());
        } else {
            put(&mut self.block, u64::from(number) + 1);
        }
        number
    }

    fn response(&mut self, hit: &Hit<'_>) {
        put_bytes(&mut self.block, hit.body.get(..BODY_LIMIT).unwrap_or(&hit.body));
        let mut room = HEADERS_LIMIT;
        let kept = hit.headers.iter().take_while(|(name, value)| {
            // Each counts at least one byte, which bounds their number too.
            let left = room.checked_sub(name.len() + value.len() + 1);
            left.inspect(|&left| room = left).is_some()
        });
        let count = kept.count();
        put(&mut self.block, count as u64);
        for (name, value) in hit.headers.iter().take(count) {
            put_bytes(&mut self.block, name);
            put_bytes(&mut self.block, value);
        }
    }
}

fn cut(text: &str) -> &str {
    if text.len() <= TEXT_LIMIT {
        return text;
    }
    text.get(..text.floor_char_boundary(TEXT_LIMIT)).unwrap_or_default()
}

/// The texts of a block, each once, numbered in order of appearance.
#[derive(Debug, Default)]
struct Strings {
    texts: String,
    ranges: Vec<Range<usize>>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Strings {
    fn is(&self, number: u32, text: &str) -> bool {
        get(&self.texts, &self.ranges, number) == text
    }

    /// The number of `text`, and whether it had none before.
    fn number(&mut self, text: &str) -> (u32, bool) {
        let Strings { texts, ranges, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(&number) = numbers.find(hash, |&number| get(texts, ranges, number) == text) {
            return (number, false);
        }
        let number = ranges.len() as u32;
        ranges.push(texts.len()..texts.len() + text.len());
        texts.push_str(text);
        let rehash = |&number: &u32| hasher.hash_one(get(texts, ranges, number));
        numbers.insert_unique(hash, number, rehash);
        (number, true)
    }

    /// Empties it, keeping its memory.
    fn clear(&mut self) {
        self.texts.clear();
        self.ranges.clear();
        self.numbers.clear();
    }
}

fn get<'a>(texts: &'a str, ranges: &[Range<usize>], number: u32) -> &'a str {
    ranges.get(number as usize).and_then(|range| texts.get(range.clone())).unwrap_or_default()
}
