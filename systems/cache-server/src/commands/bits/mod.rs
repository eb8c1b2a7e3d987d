//! Strings as rows of bits, the highest bit of a byte being its first.

mod count;
mod field;
mod field_type;
mod operate;
mod single;

use super::{
    call::Call,
    error::Error,
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
    strings::STRING_LIMIT,
};
use crate::store::Key;

const READ: Flags = Flags::READONLY;
const GROW: Flags = Flags::GROW;
const ONE: KeyRule = KeyRule::ONE;
const GROUP: Group = Group::Bitmap;
/// The sources and, before them, the destination; the first argument is the operation.
const OPERANDS: KeyRule = KeyRule::Range { first: 2, last: -1, step: 1 };

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("setbit", 4, GROW, ONE, GROUP, "Sets or clears a bit and gives the one before it.", single::setbit).since("2.2.0"),
    Spec::new("getbit", 3, Flags::READ_FAST, ONE, GROUP, "Gives a bit.", single::getbit).since("2.2.0"),
    Spec::new("bitcount", -2, READ, ONE, GROUP, "Counts the bits that are set.", count::bitcount).since("2.6.0").complexity("O(N)"),
    Spec::new("bitpos", -3, READ, ONE, GROUP, "Finds the first bit that is set or clear.", count::bitpos).since("2.8.7").complexity("O(N)"),
    Spec::new("bitop", -4, GROW, OPERANDS, GROUP, "Combines strings bit by bit and stores the result.", operate::bitop).since("2.6.0").complexity("O(N)"),
    Spec::new("bitfield", -2, GROW, ONE, GROUP, "Reads and writes integers of any width.", field::bitfield).since("3.2.0"),
    Spec::new("bitfield_ro", -2, Flags::READ_FAST, ONE, GROUP, "Reads integers of any width.", field::bitfield_ro).since("6.0.0"),
];

const BAD_OFFSET: Error = Error::text("ERR bit offset is not an integer or out of range");

/// A place of a bit that a string can have.
fn bit_offset(offset: Option<i64>) -> Result<usize, Error> {
    let offset = offset.and_then(|offset| usize::try_from(offset).ok());
    offset.filter(|offset| offset / 8 < STRING_LIMIT).ok_or(BAD_OFFSET)
}

/// The string of a key; an empty one when there is none. Counts as a read.
fn string<'a>(call: &'a mut Call<'_, '_>, key: &Key<'_>) -> Result<&'a [u8], Error> {
    match call.shards.of(key).find(key, call.now) {
        Some(item) => item.value.as_bytes().ok_or(Error::WrongType),
        None => Ok(b""),
    }
}

/// The bit at `offset`; those beyond the end are clear.
fn bit(bytes: &[u8], offset: usize) -> bool {
    bytes.get(offset / 8).is_some_and(|byte| byte >> (7 - offset % 8) & 1 == 1)
}
