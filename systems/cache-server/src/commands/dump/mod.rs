//! DUMP and RESTORE, in the form that Redis gives them: a value as its database files have it, the
//! version of that form, and a checksum. Values can be moved from Redis 4 to 7 to here, and back.

mod crc64;
mod lzf;
mod packed;
mod read;
mod reader;
mod restoring;
mod write;

use self::read::Restored;
pub(crate) use self::{restoring::Restoring, write::Payload};
use super::{
    call::Call,
    changes::EventClass,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
    steps::{Steps, is_large},
};
use crate::store::{Deadline, Millis, NewValue, ValueRef};

/// The form of Redis 5, which all later ones read.
const WRITTEN_VERSION: u16 = 9;
/// The latest that is read: that of Redis 7.4, of which not all types are known here.
const READ_VERSION_LIMIT: u16 = 12;
/// Payloads of so many bytes are read in one go.
const AT_ONCE_BYTES: usize = 64 << 10;

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
    if call.walk.is_none() {
        // Counts the use.
        call.shards.of(&key).find(&key, call.now);
    }
    let is_large = match call.shards.look(&key).peek(&key, call.now).map(|item| item.value) {
        None | Some(ValueRef::Bytes(_)) => false,
        Some(ValueRef::Large(_)) => true,
        Some(ValueRef::Object(object)) => is_large(object),
    };
    let Some(mut steps) = Steps::start(call, &[key], is_large) else { return Ok(()) };
    let Some(item) = call.shards.look(&key).peek(&key, call.now) else {
        call.out.null();
        return Ok(());
    };
    if !write::step(&mut steps, item.value) {
        steps.put_off(call);
        return Ok(());
    }
    let mut payload: Payload = steps.made;
    payload.write(|out| out.extend_from_slice(&WRITTEN_VERSION.to_le_bytes()));
    call.out.large_bulk_of(&payload.finish());
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
    let payload = call.argument(3)?;
    let Some(mut steps) = resume(call, payload) else { return Ok(()) };
    match restoring::step(&mut steps, payload) {
        Ok(true) => {}
        Ok(false) => {
            steps.put_off(call);
            return Ok(());
        }
        Err(refused) => {
            steps.abandon(call);
            return Err(refused);
        }
    }
    let deadline = match (ttl, options.is_absolute) {
        (0, _) => None,
        (ttl, true) => Some(Millis(ttl)),
        (ttl, false) => Some(Millis(call.now.0.saturating_add(ttl))),
    };
    if deadline.is_some_and(|deadline| deadline <= call.now) {
        steps.abandon(call);
        if call.shards.of(&key).remove(&key, call.now) {
            call.changed(&key, EventClass::GENERIC, "del");
        }
        call.out.ok();
        return Ok(());
    }
    if !steps.has_room(call, &key, steps.made.bytes()) {
        steps.put_off(call);
        return Ok(());
    }
    let value = match steps.made.restored() {
        Restored::Nothing => NewValue::Bytes(&[]),
        Restored::Place(place) => call.value(payload.get(place).unwrap_or_default()),
        Restored::Text(text) => NewValue::Large(text.into()),
        Restored::Object(object) => NewValue::Object(Box::new(object)),
    };
    let deadline = deadline.map_or(Deadline::None, Deadline::At);
    call.shards.of(&key).set(&key, value, deadline, call.now)?;
    call.changed(&key, EventClass::GENERIC, "restore");
    call.out.ok();
    Ok(())
}

/// Goes on with a RESTORE, or begins it; `None` when it has to wait for its first step. It reads no key, so
/// it is of any moment.
fn resume(call: &mut Call<'_, '_>, payload: &[u8]) -> Option<Steps<Restoring>> {
    Steps::start(call, &[], payload.len() > AT_ONCE_BYTES)
}

#[cfg(test)]
mod tests;
