//! From values to the dump format: the plain form of each type, a step at a time.

use bytes::Bytes;

use super::crc64;
use crate::{
    commands::steps::{Steps, cost},
    store::ValueRef,
    values::Object,
};

/// Bytes that stand in one piece.
const PIECE_BYTES: usize = 256 << 10;
/// Bytes of a string that are looked at together.
const SUMMED_BYTES: usize = 4 << 10;

/// What DUMP has written so far.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    pieces: Vec<Bytes>,
    last: Vec<u8>,
    /// Of all that.
    checksum: u64,
}

impl Payload {
    /// Writes something; how many bytes it was.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        let start = self.last.len();
        write(&mut self.last);
        let written = self.last.get(start..).unwrap_or_default();
        self.checksum = crc64::checksum(self.checksum, written);
        let length = written.len();
        if self.last.len() >= PIECE_BYTES {
            self.end_piece();
        }
        length
    }

    /// Adds a piece that counts in the checksum already.
    fn add_summed(&mut self, piece: Bytes) {
        self.end_piece();
        self.pieces.push(piece);
    }

    fn end_piece(&mut self) {
        if !self.last.is_empty() {
            self.pieces.push(Bytes::from(std::mem::take(&mut self.last)));
        }
    }

    /// All of it, with the checksum at its end.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.last.extend_from_slice(&self.checksum.to_le_bytes());
        self.end_piece();
        self.pieces
    }
}

/// Goes on writing the type's byte and the value; whether that was all.
pub(super) fn step(steps: &mut Steps<Payload>, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Bytes(bytes) => {
            steps.made.write(|out| {
                out.push(0);
                write_string(out, bytes);
            });
            true
        }
        ValueRef::Large(bytes) => step_large(steps, bytes),
        ValueRef::Object(object) => step_object(steps, object),
    }
}

/// A large string is not copied, but all of it counts in the checksum.
fn step_large(steps: &mut Steps<Payload>, bytes: &Bytes) -> bool {
    if steps.place == (0, 0) {
        steps.made.write(|out| {
            out.push(0);
            write_length(out, bytes.len());
        });
        steps.next_place();
    }
    let rest = bytes.get(steps.place.1 * SUMMED_BYTES..).unwrap_or_default();
    let is_over = steps.each(rest.chunks(SUMMED_BYTES), |payload, chunk| {
        payload.checksum = crc64::checksum(payload.checksum, chunk);
        cost(chunk.len())
    });
    if is_over {
        steps.made.add_summed(bytes.clone());
    }
    is_over
}

fn step_object(steps: &mut Steps<Payload>, object: &Object) -> bool {
    if steps.place == (0, 0) {
        steps.made.write(|out| {
            out.push(match object {
                Object::List(_) => 1,
                Object::Set(_) => 2,
                Object::Hash(_) => 4,
                Object::SortedSet(_) => 5,
            });
            write_length(out, object.len());
        });
        steps.next_place();
    }
    let from = steps.place.1;
    match object {
        Object::List(list) => steps.each(list.range(from..list.len()), |payload, element| {
            cost(payload.write(|out| write_string(out, element)))
        }),
        Object::Set(set) => steps.each(set.iter_from(from), |payload, member| {
            cost(payload.write(|out| write_string(out, &member)))
        }),
        Object::Hash(hash) => steps.each(hash.iter_from(from), |payload, (field, value)| {
            cost(payload.write(|out| {
                write_string(out, field);
                write_string(out, value);
            }))
        }),
        Object::SortedSet(members) => {
            let members = members.range(from..members.len());
            steps.each(members, |payload, (member, score)| {
                cost(payload.write(|out| {
                    write_string(out, member);
                    out.extend_from_slice(&score.to_le_bytes());
                }))
            })
        }
    }
}

fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    match length {
        0..0x40 => out.push(length as u8),
        0x40..0x4000 => out.extend_from_slice(&(length as u16 | 0x4000).to_be_bytes()),
        _ => match u32::try_from(length) {
            Ok(length) => {
                out.push(0x80);
                out.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                out.push(0x81);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        },
    }
}
