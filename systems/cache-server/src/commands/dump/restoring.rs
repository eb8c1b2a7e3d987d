//! RESTORE's steps: the payload's checksum, and then its value.

use super::{
    READ_VERSION_LIMIT, crc64,
    read::{Reading, Restored},
};
use crate::{
    commands::{
        error::Error,
        steps::{Steps, cost},
    },
    values::Object,
};

/// Bytes of version and checksum.
const FOOTER: usize = 2 + 8;
/// Bytes that are summed up together.
const SUMMED_BYTES: usize = 4 << 10;

const NOT_RIGHT: Error = Error::text("ERR DUMP payload version or checksum are wrong");
const NO_VALUE: Error = Error::text("ERR Bad data format");

/// How far a RESTORE is.
#[derive(Debug, Default)]
pub(crate) struct Restoring {
    checksum: u64,
    reading: Reading,
}

/// What stands in a payload.
struct Payload<'a> {
    value: &'a [u8],
    /// What the checksum is of.
    summed: &'a [u8],
    checksum: u64,
}

impl Restoring {
    /// What has been read, once that is all.
    pub(super) fn restored(&mut self) -> Restored {
        std::mem::take(&mut self.reading.restored)
    }

    /// Takes out the collection, if it is one.
    pub(in crate::commands) fn take(&mut self) -> Option<Object> {
        if let Restored::Object(object) = self.restored() { Some(object) } else { None }
    }

    /// Bytes of memory that it needs.
    pub(super) fn bytes(&self) -> usize {
        match &self.reading.restored {
            Restored::Nothing => 0,
            Restored::Place(place) => place.len(),
            Restored::Text(text) => text.len(),
            Restored::Object(object) => object.bytes(),
        }
    }
}

/// `None` when it is too short, or of a version that is not known.
fn parse(payload: &[u8]) -> Option<Payload<'_>> {
    let (value, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER)?)?;
    let (version, checksum) = footer.split_first_chunk::<2>()?;
    let checksum = u64::from_le_bytes(checksum.try_into().ok()?);
    let (summed, _) = payload.split_at_checked(payload.len() - checksum.to_le_bytes().len())?;
    let is_known = u16::from_le_bytes(*version) <= READ_VERSION_LIMIT;
    is_known.then_some(Payload { value, summed, checksum })
}

/// Goes on with a payload; whether all of it is read.
///
/// # Errors
/// When it is none.
pub(super) fn step(steps: &mut Steps<Restoring>, payload: &[u8]) -> Result<bool, Error> {
    let Payload { value, summed, checksum } = parse(payload).ok_or(NOT_RIGHT)?;
    // Redis writes 0 when checksums are switched off.
    if steps.place.0 == 0 && checksum != 0 {
        let rest = summed.get(steps.place.1 * SUMMED_BYTES..).unwrap_or_default();
        let is_over = steps.each(rest.chunks(SUMMED_BYTES), |restoring, chunk| {
            restoring.checksum = crc64::checksum(restoring.checksum, chunk);
            cost(chunk.len())
        });
        if !is_over {
            return Ok(false);
        }
        if steps.made.checksum != checksum {
            return Err(NOT_RIGHT);
        }
    }
    if steps.place.0 == 0 {
        steps.next_place();
    }
    let mut is_value = true;
    let is_over = steps.work(|restoring, budget| {
        let left = restoring.reading.step(value, budget);
        is_value = left.is_some();
        left.unwrap_or(budget)
    });
    if is_value { Ok(is_over) } else { Err(NO_VALUE) }
}
