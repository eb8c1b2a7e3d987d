//! DUMP and RESTORE, in the form that Redis gives them: a value as its database files have it, the
//! version of that form, and a checksum. Values can be moved from Redis 4 to 7 to here, and back.

mod crc64;
mod lzf;
mod packed;
mod read;
mod reader;
mod write;

use super::{
    call::Call,
    changes::EventClass,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};
use crate::store::{Deadline, Millis};

/// The form of Redis 5, which all later ones read.
const WRITTEN_VERSION: u16 = 9;
/// The latest that is read: that of Redis 7.4, of which not all types are known here.
const READ_VERSION_LIMIT: u16 = 12;
/// Bytes of version and checksum.
const FOOTER: usize = 2 + 8;

const GROW: Flags = Flags::GROW.and(Flags::DANGEROUS);
const GROUP: Group = Group::Generic;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("dump", 2, Flags::READONLY, KeyRule::ONE, GROUP, "Gives what a key holds in the form that RESTORE takes.", dump).since("2.6.0").complexity("O(N)"),
    Spec::new("restore", -4, GROW, KeyRule::ONE, GROUP, "Makes a key of what DUMP gave.", restore).since("2.6.0").complexity("O(N)"),
    Spec::new("restore-asking", -4, GROW, KeyRule::ONE, GROUP, "RESTORE for a slot that is moving.", restore).since("3.0.0").complexity("O(N)"),
];

fn dump(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let Some(item) = call.shards.of(&key).find(&key, call.now) else {
        call.out.null();
        return Ok(());
    };
    let mut payload = Vec::new();
    write::write(&mut payload, item.value);
    payload.extend_from_slice(&WRITTEN_VERSION.to_le_bytes());
    payload.extend_from_slice(&crc64::checksum(&payload).to_le_bytes());
    call.out.large_bulk(&payload.into());
    Ok(())
}

/// What RESTORE was told besides key, time and payload.
#[derive(Default)]
struct Options {
    replaces: bool,
    is_absolute: bool,
}

fn options(call: &Call<'_, '_>) -> Result<Options, Error> {
    let mut options = Options::default();
    let mut words = call.words(4);
    while words.peek().is_some() {
        if words.take("replace") {
            options.replaces = true;
        } else if words.take("absttl") {
            options.is_absolute = true;
        } else if words.left() > 1 && words.take("idletime") {
            // Neither is kept here; both are checked.
            if words.integer()? < 0 {
                return Err(Error::text("ERR Invalid IDLETIME value, must be >= 0"));
            }
        } else if words.left() > 1 && words.take("freq") {
            if !(0..=255).contains(&words.integer()?) {
                return Err(Error::text("ERR Invalid FREQ value, must be >= 0 and <= 255"));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(options)
}

fn restore(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let options = options(call)?;
    let exists = call.shards.of(&key).peek(&key, call.now).is_some();
    if exists && !options.replaces {
        return Err(Error::KeyExists);
    }
    let ttl = u64::try_from(call.integer(2)?)
        .map_err(|_| Error::text("ERR Invalid TTL value, must be >= 0"))?;
    let payload = checked(call.argument(3)?)
        .ok_or(Error::text("ERR DUMP payload version or checksum are wrong"))?;
    let value = read::read(payload).ok_or(Error::text("ERR Bad data format"))?;
    let deadline = match (ttl, options.is_absolute) {
        (0, _) => None,
        (ttl, true) => Some(Millis(ttl)),
        (ttl, false) => Some(Millis(call.now.0.saturating_add(ttl))),
    };
    if deadline.is_some_and(|deadline| deadline <= call.now) {
        if call.shards.of(&key).remove(&key, call.now) {
            call.changed(&key, EventClass::GENERIC, "del");
        }
        call.out.ok();
        return Ok(());
    }
    let deadline = deadline.map_or(Deadline::None, Deadline::At);
    call.shards.of(&key).set(&key, value, deadline, call.now)?;
    call.changed(&key, EventClass::GENERIC, "restore");
    call.out.ok();
    Ok(())
}

/// The value of a payload whose version and checksum are right.
fn checked(payload: &[u8]) -> Option<&[u8]> {
    let (value, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER)?)?;
    let (version, checksum) = footer.split_first_chunk::<2>()?;
    let checksum = u64::from_le_bytes(checksum.try_into().ok()?);
    let (summed, _) = payload.split_at_checked(payload.len() - checksum.to_le_bytes().len())?;
    // Redis writes 0 when checksums are switched off.
    let is_right = checksum == 0 || checksum == crc64::checksum(summed);
    (is_right && u16::from_le_bytes(*version) <= READ_VERSION_LIMIT).then_some(value)
}

#[cfg(test)]
mod tests;
