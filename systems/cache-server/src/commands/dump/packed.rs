//! The packed forms in which Redis keeps small collections: listpacks, the older ziplists, and sorted
//! integers. All of them are read, none is written.

use super::reader::Reader;

/// Behind the last entry of a listpack or a ziplist.
const END: u8 = 0xff;

/// The entries of a listpack.
pub(super) fn listpack(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(bytes);
    // The length in bytes and the number of entries, which is not kept when it is large.
    reader.take(6)?;
    let mut entries = Vec::new();
    loop {
        let first = reader.byte()?;
        let (entry, length) = match first {
            END => return reader.is_at_end().then_some(entries),
            0x00..=0x7f => (integer(i64::from(first)), 1),
            0x80..=0xbf => text(&mut reader, usize::from(first & 0x3f), 1)?,
            0xc0..=0xdf => {
                let value = i64::from(first & 0x1f) << 8 | i64::from(reader.byte()?);
                // 13 bits, the highest of which is the sign.
                (integer(if value >> 12 == 1 { value - (1 << 13) } else { value }), 2)
            }
            0xe0..=0xef => {
                let length = usize::from(first & 0x0f) << 8 | usize::from(reader.byte()?);
                text(&mut reader, length, 2)?
            }
            0xf0 => {
                let length = u32::from_le_bytes(reader.array()?) as usize;
                text(&mut reader, length, 5)?
            }
            0xf1 => (integer(i64::from(i16::from_le_bytes(reader.array()?))), 3),
            0xf2 => (integer(three_bytes(reader.array()?)), 4),
            0xf3 => (integer(i64::from(i32::from_le_bytes(reader.array()?))), 5),
            0xf4 => (integer(i64::from_le_bytes(reader.array()?)), 9),
            _ => return None,
        };
        entries.push(entry);
        // The entry's length once more, for reading backwards.
        reader.take(match length {
            0..=127 => 1,
            128..16_383 => 2,
            16_383..2_097_151 => 3,
            2_097_151..268_435_455 => 4,
            _ => 5,
        })?;
    }
}

/// The entries of a ziplist.
pub(super) fn ziplist(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(bytes);
    // The length in bytes, the place of the last entry, and the number of entries.
    reader.take(10)?;
    let mut entries = Vec::new();
    while reader.peek()? != END {
        // The length of the entry before.
        if reader.byte()? == 0xfe {
            reader.take(4)?;
        }
        let first = reader.byte()?;
        let (entry, _) = match first {
            0x00..=0x3f => text(&mut reader, usize::from(first), 0)?,
            0x40..=0x7f => {
                let length = usize::from(first & 0x3f) << 8 | usize::from(reader.byte()?);
                text(&mut reader, length, 0)?
            }
            0x80 => {
                let length = u32::from_be_bytes(reader.array()?) as usize;
                text(&mut reader, length, 0)?
            }
            0xc0 => (integer(i64::from(i16::from_le_bytes(reader.array()?))), 0),
            0xd0 => (integer(i64::from(i32::from_le_bytes(reader.array()?))), 0),
            0xe0 => (integer(i64::from_le_bytes(reader.array()?)), 0),
            0xf0 => (integer(three_bytes(reader.array()?)), 0),
            0xfe => (integer(i64::from(i8::from_le_bytes(reader.array()?))), 0),
            0xf1..=0xfd => (integer(i64::from(first & 0x0f) - 1), 0),
            _ => return None,
        };
        entries.push(entry);
    }
    reader.take(1)?;
    reader.is_at_end().then_some(entries)
}

/// Sorted integers of one width.
pub(super) fn integers(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(bytes);
    let width = u32::from_le_bytes(reader.array()?);
    let count = u32::from_le_bytes(reader.array()?);
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(integer(match width {
            2 => i64::from(i16::from_le_bytes(reader.array()?)),
            4 => i64::from(i32::from_le_bytes(reader.array()?)),
            8 => i64::from_le_bytes(reader.array()?),
            _ => return None,
        }));
    }
    reader.is_at_end().then_some(entries)
}

fn integer(value: i64) -> Vec<u8> {
    itoa::Buffer::new().format(value).into()
}

/// The string, and its length with that of its head.
fn text(reader: &mut Reader<'_>, length: usize, head: usize) -> Option<(Vec<u8>, usize)> {
    Some((reader.take(length)?.to_vec(), length + head))
}

fn three_bytes([a, b, c]: [u8; 3]) -> i64 {
    i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)
}
