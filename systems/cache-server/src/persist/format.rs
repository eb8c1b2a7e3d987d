//! The file around the items: a head, blocks, and an end.
//!
//! ```text
//! head   "PLIMCACH"  version u16  0 u16  when it was begun u64 (ms)  crc32 u32
//! block  length u32 (not 0)  payload  crc32 u32
//! end    0 u32  items u64  crc32 u32
//! ```
//! A block's checksum is of its number (u64, from 0 on; the end has one too), its length and its
//! payload, so that a block that is missing, or not in its place, shows as well as a changed one. The
//! file is over with the end. All numbers are little-endian; the checksum is that of zip and gzip.

use std::io::{self, Read, Write};

use ::bytes::Bytes;
use crc32fast::Hasher;

use super::{LoadError, bytes::Cursor};
use crate::store::Millis;

const MAGIC: [u8; 8] = *b"PLIMCACH";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = MAGIC.len() + 2 + 2 + 8 + CHECKSUM_BYTES;
const CHECKSUM_BYTES: usize = 4;
const LENGTH_BYTES: usize = 4;
/// What follows the length of 0.
const END_BYTES: usize = 8 + CHECKSUM_BYTES;

/// Items are gathered into blocks of about this many bytes: one write each, and what a damage costs
/// to find.
const BLOCK_BYTES: usize = 256 << 10;

fn checksum(number: u64, parts: &[&[u8]]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = Hasher::new();
    hasher.update(&number.to_le_bytes());
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().to_le_bytes()
}

/// Writes a file from its head to its end.
pub(super) struct Writer<W> {
    out: W,
    /// The block that is being filled, behind room for its length.
    block: Vec<u8>,
    /// Of that block.
    number: u64,
    /// Bytes written.
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the head.
    pub(super) fn begin(mut out: W, now: Millis) -> io::Result<Writer<W>> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&[0; 2]);
        head.extend_from_slice(&now.0.to_le_bytes());
        let sum = checksum(0, &[&head]);
        head.extend_from_slice(&sum);
        out.write_all(&head)?;
        Ok(Writer { out, block: vec![0; LENGTH_BYTES], number: 0, bytes: head.len() as u64 })
    }

    /// Where the next records are to be appended, each of them whole.
    pub(super) fn block(&mut self) -> &mut Vec<u8> {
        &mut self.block
    }

    /// Writes the block if it is long enough.
    pub(super) fn write_full(&mut self) -> io::Result<()> {
        if self.block.len() < BLOCK_BYTES { Ok(()) } else { self.flush() }
    }

    /// Writes a record as a block of its own that ends with `value`, which is not copied.
    pub(super) fn write_alone(&mut self, record: &[u8], value: &[u8]) -> io::Result<()> {
        self.flush()?;
        let length = length_of(record.len() + value.len())?;
        let sum = checksum(self.number, &[&length, record, value]);
        for part in [&length[..], record, value, &sum] {
            self.out.write_all(part)?;
            self.bytes += part.len() as u64;
        }
        self.number += 1;
        Ok(())
    }

    /// Writes the end; the file's length.
    pub(super) fn end(mut self, items: u64) -> io::Result<u64> {
        self.flush()?;
        let mut end = vec![0; LENGTH_BYTES];
        end.extend_from_slice(&items.to_le_bytes());
        let sum = checksum(self.number, &[&end]);
        end.extend_from_slice(&sum);
        self.out.write_all(&end)?;
        Ok(self.bytes + end.len() as u64)
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(payload) = self.block.len().checked_sub(LENGTH_BYTES).filter(|left| *left > 0)
        else {
            return Ok(());
        };
        let length = length_of(payload)?;
        if let Some(room) = self.block.first_chunk_mut() {
            *room = length;
        }
        let sum = checksum(self.number, &[&self.block]);
        self.block.extend_from_slice(&sum);
        self.out.write_all(&self.block)?;
        self.bytes += self.block.len() as u64;
        self.number += 1;
        self.block.truncate(LENGTH_BYTES);
        // A record can be much longer than a block.
        self.block.shrink_to(2 * BLOCK_BYTES);
        Ok(())
    }
}

fn length_of(bytes: usize) -> io::Result<[u8; LENGTH_BYTES]> {
    let length = u32::try_from(bytes);
    let too_long = |_| io::Error::other("an item is longer than a block can be (4 GiB)");
    length.map(u32::to_le_bytes).map_err(too_long)
}

/// A block whose checksum is right.
#[derive(Debug)]
pub(super) struct Block {
    /// Where its payload begins in the file.
    pub(super) offset: u64,
    pub(super) payload: Bytes,
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Next {
    Block(Block),
    /// How many items there were to be.
    End {
        items: u64,
    },
}

/// Reads a file from its head to its end.
pub(super) struct Reader<R> {
    input: R,
    /// Of the file. No more than that is read, nor more memory taken.
    length: u64,
    /// Bytes read.
    offset: u64,
    number: u64,
    pub(super) saved_at: Millis,
}

impl<R: Read> Reader<R> {
    /// Reads the head.
    pub(super) fn begin(input: R, length: u64) -> Result<Reader<R>, LoadError> {
        let mut reader = Reader { input, length, offset: 0, number: 0, saved_at: Millis(0) };
        let shown = usize::try_from(length).unwrap_or(usize::MAX).min(MAGIC.len());
        let magic = reader.take(shown, "it is shorter than its head")?;
        if magic != MAGIC.get(..shown).unwrap_or_default() || shown == 0 {
            return Err(LoadError::Foreign);
        }
        let rest = reader.take(HEAD_BYTES - shown, "it is shorter than its head")?;
        let mut cursor = Cursor::new(&rest);
        let version = cursor.array().map(u16::from_le_bytes);
        if let Some(found) = version.filter(|version| *version != VERSION) {
            return Err(LoadError::Version { found, known: VERSION });
        }
        let (_, saved_at) = (cursor.array::<2>(), cursor.array().map(u64::from_le_bytes));
        let summed = rest.get(..rest.len() - CHECKSUM_BYTES).unwrap_or_default();
        if !rest.ends_with(&checksum(0, &[&magic, summed])) {
            return Err(reader.damaged(0, "the checksum of its head is wrong"));
        }
        reader.saved_at = Millis(saved_at.unwrap_or_default());
        Ok(reader)
    }

    /// Bytes that were read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn next(&mut self) -> Result<Next, LoadError> {
        let start = self.offset;
        let length = self.take(LENGTH_BYTES, "it ends without an end mark")?;
        let payload = length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        if payload == 0 {
            return self.end(start, &length);
        }
        let too_long = "a block goes on behind the end of the file";
        let payload = usize::try_from(payload).map_err(|_| self.damaged(start, too_long))?;
        let offset = self.offset;
        let bytes = self.take(payload, too_long)?;
        let sum = self.take(CHECKSUM_BYTES, "a block's checksum is missing")?;
        if sum != checksum(self.number, &[&length, &bytes]) {
            return Err(self.damaged(start, "a block's checksum is wrong"));
        }
        self.number += 1;
        Ok(Next::Block(Block { offset, payload: bytes.into() }))
    }

    fn end(&mut self, start: u64, length: &[u8]) -> Result<Next, LoadError> {
        let end = self.take(END_BYTES, "it ends within its end mark")?;
        let mut cursor = Cursor::new(&end);
        let items = cursor.array::<8>().unwrap_or_default();
        if !end.ends_with(&checksum(self.number, &[length, &items])) {
            return Err(self.damaged(start, "the checksum of its end mark is wrong"));
        }
        if self.offset != self.length {
            return Err(self.damaged(self.offset, "something follows its end mark"));
        }
        Ok(Next::End { items: u64::from_le_bytes(items) })
    }

    /// The next bytes; damaged where they begin, when the file has not as many.
    fn take(&mut self, count: usize, otherwise: &'static str) -> Result<Vec<u8>, LoadError> {
        if count as u64 > self.length - self.offset {
            return Err(self.damaged(self.offset, otherwise));
        }
        let mut bytes = vec![0; count];
        match self.input.read_exact(&mut bytes) {
            Ok(()) => {
                self.offset += count as u64;
                Ok(bytes)
            }
            // It has become shorter since.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(self.offset, otherwise))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn damaged(&self, offset: u64, what: &'static str) -> LoadError {
        LoadError::Damaged { offset, what }
    }
}
