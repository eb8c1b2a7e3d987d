//! Lengths and strings of the dump format.

use std::borrow::Cow;

use super::lzf;
use crate::commands::strings::STRING_LIMIT;

/// Bytes that are read from the front. `None` means that they are not what they should be.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// A length, or what takes the place of one before a string in another form.
enum Head {
    Length(usize),
    Special(u8),
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn head(&mut self) -> Option<Head> {
        let first = self.byte()?;
        let length = match (first >> 6, first) {
            (0, _) => u64::from(first),
            (1, _) => u64::from(first & 0x3f) << 8 | u64::from(self.byte()?),
            (_, 0x80) => u64::from(u32::from_be_bytes(self.array()?)),
            (_, 0x81) => u64::from_be_bytes(self.array()?),
            (3, _) => return Some(Head::Special(first & 0x3f)),
            _ => return None,
        };
        usize::try_from(length).ok().map(Head::Length)
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        match self.head()? {
            Head::Length(length) => Some(length),
            Head::Special(_) => None,
        }
    }

    pub(super) fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        let integer = |value: i64| Cow::Owned(itoa::Buffer::new().format(value).into());
        Some(match self.head()? {
            Head::Length(length) => Cow::Borrowed(self.take(length)?),
            Head::Special(0) => integer(i64::from(i8::from_le_bytes(self.array()?))),
            Head::Special(1) => integer(i64::from(i16::from_le_bytes(self.array()?))),
            Head::Special(2) => integer(i64::from(i32::from_le_bytes(self.array()?))),
            Head::Special(3) => {
                let (compressed, length) = (self.length()?, self.length()?);
                if length > STRING_LIMIT {
                    return None;
                }
                Cow::Owned(lzf::decompress(self.take(compressed)?, length)?)
            }
            Head::Special(_) => return None,
        })
    }
}
