//! Our own stream of results: blocks that stand alone, so that files can be joined, merged and cut.
//!
//! Every block starts with the magic number and carries its length and checksum; hits lie in blocks
//! of some tens of kilobytes with a table of strings each. Nothing refers to another block, so worker
//! threads encode their own, and a reader finds its way behind damage. docs/results.md has the bytes.

mod decode;
mod encode;
mod hits;
mod marks;
mod stream;
#[cfg(test)]
mod tests;

pub use decode::{Decoder, Next};
pub use encode::BlockEncoder;
pub use marks::{End, Start};
pub(super) use stream::Binary;

/// What every block starts with.
pub const MAGIC: &[u8; 8] = b"PLIMHITS";

/// Of the format, raised when old readers cannot make sense of new blocks.
pub const VERSION: u8 = 1;

/// Bytes from which on [`BlockEncoder::is_full`]: few enough for a pipe that somebody watches, enough
/// that a block's head and strings do not matter.
pub const BLOCK_FULL: usize = 64 << 10;

/// Bytes of one block's content; readers refuse more. A full block with one more hit of the largest
/// kind stays below it.
pub const BLOCK_LIMIT: usize = 32 << 20;

/// Bytes of one text (name, URL, error); longer ones are cut.
pub const TEXT_LIMIT: usize = 64 << 10;

/// Different texts of one block; readers refuse more. Each takes two bytes, so a full block has fewer.
pub const TEXTS_LIMIT: usize = 1 << 16;

/// Bytes of a response's body that are kept; longer ones are cut.
pub const BODY_LIMIT: usize = 16 << 20;

/// Bytes of a response's header names and values together; fields beyond them are left out.
pub const HEADERS_LIMIT: usize = 1 << 20;

/// Bytes before a block's content: magic, version, kind, length and checksum.
const HEAD: usize = MAGIC.len() + 1 + 1 + 4 + 4;

/// What a block holds. Readers skip kinds from [`kind::OPTIONAL`] on that they do not know.
mod kind {
    pub(super) const START: u8 = 1;
    pub(super) const HITS: u8 = 2;
    pub(super) const END: u8 = 3;
    pub(super) const OPTIONAL: u8 = 0x80;
}

/// What of a hit is left out because it is as in the hit before, or is there at all.
mod flag {
    pub(super) const SAME_TARGET: u8 = 1;
    pub(super) const NEXT_SEQ: u8 = 1 << 1;
    pub(super) const SAME_CODE: u8 = 1 << 2;
    pub(super) const SAME_BYTES_OUT: u8 = 1 << 3;
    pub(super) const SAME_BYTES_IN: u8 = 1 << 4;
    pub(super) const LATENESS: u8 = 1 << 5;
    pub(super) const ERROR: u8 = 1 << 6;
    pub(super) const RESPONSE: u8 = 1 << 7;
}

/// Of version, kind, length and content.
fn checksum(version: u8, kind: u8, content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[version, kind]);
    hasher.update(&(content.len() as u32).to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

/// Fills the head of a block whose content lies behind it in `block`.
fn seal(block: &mut [u8], kind: u8) {
    let Some((head, content)) = block.split_first_chunk_mut::<HEAD>() else { return };
    let checksum = checksum(VERSION, kind, content);
    let mut bytes = head.iter_mut();
    let values = MAGIC.iter().copied().chain([VERSION, kind]);
    let numbers = (content.len() as u32).to_le_bytes().into_iter().chain(checksum.to_le_bytes());
    for value in values.chain(numbers) {
        if let Some(byte) = bytes.next() {
            *byte = value;
        }
    }
}
