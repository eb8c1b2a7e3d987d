//! A record: an item in consecutive bytes.
//!
//! ```text
//! flags  key length  value length  [deadline]  key  value
//! 1 B    varint      varint        6 B         ..   ..
//! ```
//! A large value or a collection is outside; its value here is a handle of four bytes. Flags, from
//! the lowest bit: two of kind, room for a deadline, dead, four of the round (see `expiry`).

use crate::store::Millis;

const KIND_MASK: u8 = 0b11;
const TIMED: u8 = 0b100;
const DEAD: u8 = 0b1000;
const ROUND_SHIFT: u32 = 4;
const DEADLINE_BYTES: usize = 6;
/// In a record with room for a deadline: that it has none.
const NEVER: u64 = (1 << 48) - 1;

/// Where the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Inline = 0,
    /// Large bytes, by handle.
    Large = 1,
    /// A collection, by handle.
    Object = 2,
}

/// A record as it is in a segment.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Record<'a> {
    flags: u8,
    deadline: u64,
    pub(in crate::store) key: &'a [u8],
    pub(in crate::store) value: &'a [u8],
    /// In bytes, all of it.
    pub(in crate::store) len: usize,
}

impl<'a> Record<'a> {
    /// The record that begins with `bytes`, which go on to the end of the segment.
    #[inline]
    pub(in crate::store) fn parse(bytes: &'a [u8]) -> Record<'a> {
        let [flags, key, value] =
            *bytes.first_chunk::<3>().expect("a place is where a record begins");
        let (key_len, value_len, mut at) = match (key | value) < 0x80 {
            true => (usize::from(key), usize::from(value), 3),
            false => long_lengths(bytes),
        };
        let mut deadline = NEVER;
        if flags & TIMED != 0 {
            let mut wide = [0; 8];
            wide[..DEADLINE_BYTES].copy_from_slice(&bytes[at..at + DEADLINE_BYTES]);
            deadline = u64::from_le_bytes(wide);
            at += DEADLINE_BYTES;
        }
        let (key, rest) = bytes[at..].split_at(key_len);
        Record { flags, deadline, key, value: &rest[..value_len], len: at + key_len + value_len }
    }

    #[inline]
    pub(in crate::store) fn kind(&self) -> Kind {
        match self.flags & KIND_MASK {
            0 => Kind::Inline,
            1 => Kind::Large,
            _ => Kind::Object,
        }
    }

    /// Of a large value or a collection.
    #[inline]
    pub(in crate::store) fn handle(&self) -> u32 {
        self.value.try_into().map_or(u32::MAX, u32::from_le_bytes)
    }

    pub(in crate::store) fn is_dead(&self) -> bool {
        self.flags & DEAD != 0
    }

    pub(in crate::store) fn round(&self) -> u8 {
        self.flags >> ROUND_SHIFT
    }

    /// Whether a deadline can be written without moving the record.
    pub(in crate::store) fn is_timed(&self) -> bool {
        self.flags & TIMED != 0
    }

    #[inline]
    pub(in crate::store) fn deadline(&self) -> Option<Millis> {
        (self.deadline != NEVER).then_some(Millis(self.deadline))
    }

    #[inline]
    pub(in crate::store) fn is_expired(&self, now: Millis) -> bool {
        self.deadline <= now.0 && self.deadline != NEVER
    }
}

#[cold]
fn long_lengths(bytes: &[u8]) -> (usize, usize, usize) {
    let mut at = 1;
    let key = read_varint(bytes, &mut at);
    let value = read_varint(bytes, &mut at);
    (key, value, at)
}

fn read_varint(bytes: &[u8], at: &mut usize) -> usize {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
        shift += 7;
    }
}

/// Writes at `at`; where it ends.
fn write_varint(out: &mut [u8], mut at: usize, mut number: usize) -> usize {
    while number >= 0x80 {
        out[at] = number as u8 | 0x80;
        number >>= 7;
        at += 1;
    }
    out[at] = number as u8;
    at + 1
}

fn varint_len(number: usize) -> usize {
    match number {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => (number.ilog2() as usize + 7) / 7,
    }
}

/// A record to write.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Draft<'a> {
    pub(in crate::store) kind: Kind,
    pub(in crate::store) round: u8,
    pub(in crate::store) deadline: Option<Millis>,
    pub(in crate::store) key: &'a [u8],
    /// The bytes, or the handle's.
    pub(in crate::store) value: &'a [u8],
}

impl Draft<'_> {
    pub(in crate::store) fn len(&self) -> usize {
        record_len(self.key.len(), self.value.len(), self.deadline.is_some())
    }

    /// Writes the record to bytes of its length.
    pub(super) fn write(&self, out: &mut [u8]) {
        let timed = if self.deadline.is_some() { TIMED } else { 0 };
        out[0] = self.kind as u8 | timed | self.round << ROUND_SHIFT;
        let mut at = write_varint(out, 1, self.key.len());
        at = write_varint(out, at, self.value.len());
        if let Some(deadline) = self.deadline {
            out[at..at + DEADLINE_BYTES]
                .copy_from_slice(&deadline.0.to_le_bytes()[..DEADLINE_BYTES]);
            at += DEADLINE_BYTES;
        }
        let (key, value) = out[at..].split_at_mut(self.key.len());
        key.copy_from_slice(self.key);
        value.copy_from_slice(self.value);
    }
}

/// Bytes that a record takes.
pub(in crate::store) fn record_len(key: usize, value: usize, is_timed: bool) -> usize {
    let timed = if is_timed { DEADLINE_BYTES } else { 0 };
    1 + varint_len(key) + varint_len(value) + timed + key + value
}

/// Marks a record as one that no index entry points to any more.
pub(super) fn mark_dead(bytes: &mut [u8]) {
    bytes[0] |= DEAD;
}

/// Overwrites the value of a record with one of the same length.
pub(super) fn write_value(bytes: &mut [u8], value: &[u8]) {
    let record = Record::parse(bytes);
    debug_assert_eq!(record.value.len(), value.len());
    let len = record.len;
    bytes[len - value.len()..len].copy_from_slice(value);
}

/// Overwrites kind, handle or bytes, of a record whose value has this length.
pub(super) fn write_kind(bytes: &mut [u8], kind: Kind) {
    bytes[0] = bytes[0] & !KIND_MASK | kind as u8;
}

/// Overwrites deadline and round of a record that has room for a deadline.
pub(super) fn write_deadline(bytes: &mut [u8], deadline: Option<Millis>, round: u8) {
    let record = Record::parse(bytes);
    debug_assert!(record.is_timed());
    let at = record.len - record.value.len() - record.key.len() - DEADLINE_BYTES;
    let number = deadline.map_or(NEVER, |deadline| deadline.0);
    bytes[at..at + DEADLINE_BYTES].copy_from_slice(&number.to_le_bytes()[..DEADLINE_BYTES]);
    bytes[0] = bytes[0] & ((1 << ROUND_SHIFT) - 1) | round << ROUND_SHIFT;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: usize, value: usize, deadline: Option<Millis>) {
        let (key, value) = (vec![b'k'; key], vec![b'v'; value]);
        let draft = Draft { kind: Kind::Inline, round: 9, deadline, key: &key, value: &value };
        let mut bytes = vec![0; draft.len()];
        draft.write(&mut bytes);
        bytes.extend_from_slice(b"what follows");
        let record = Record::parse(&bytes);
        assert_eq!((record.key, record.value, record.len), (&key[..], &value[..], draft.len()));
        assert_eq!((record.deadline(), record.round()), (deadline, 9));
        assert!(!record.is_dead());
        if deadline.is_some() {
            write_deadline(&mut bytes, None, 3);
            let record = Record::parse(&bytes);
            assert_eq!((record.deadline(), record.round(), record.key), (None, 3, &key[..]));
        }
    }

    #[test]
    fn records_of_all_lengths_come_back() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            for deadline in [None, Some(Millis(0)), Some(Millis::MAX)] {
                check(len, 5, deadline);
                check(5, len, deadline);
            }
        }
    }
}
