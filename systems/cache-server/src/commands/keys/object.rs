//! OBJECT: the inner side of values.

use super::find::is_integer;
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
    },
    store::{Item, ValueRef},
};

/// Longest string that Redis keeps in one piece with its header.
const EMBEDDED_LIMIT: usize = 44;

const HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    How the value of <key> is kept.",
    "FREQ <key>",
    "    How often <key> was used of late, from 0 to 3.",
    "REFCOUNT <key>",
    "    1 for a key that is there.",
    "HELP",
    "    Print this help.",
];

pub(super) fn help(call: &mut Call<'_, '_>) -> Outcome {
    if call.arguments.len() < 2 {
        return Err(Error::Arity(call.spec.name));
    }
    call.out.array(HELP.len());
    HELP.iter().for_each(|line| call.out.simple(line));
    Ok(())
}

pub(super) fn encoding(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    match call.shards.of(&key).peek(&key, call.now) {
        Some(item) => call.out.bulk(encoding_of(&item).as_bytes()),
        None => call.out.null(),
    }
    Ok(())
}

/// Strings are kept in one way here; the names are those that Redis would have for them when they
/// are set.
fn encoding_of(item: &Item<'_>) -> &'static str {
    match item.value {
        ValueRef::Object(object) => object.encoding(),
        ValueRef::Bytes(bytes) if is_integer(bytes) => "int",
        ValueRef::Bytes(bytes) if bytes.len() <= EMBEDDED_LIMIT => "embstr",
        ValueRef::Bytes(_) | ValueRef::Large(_) => "raw",
    }
}

pub(super) fn freq(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    match call.shards.of(&key).peek(&key, call.now) {
        Some(item) => call.out.integer(i64::from(item.frequency)),
        None => call.out.null(),
    }
    Ok(())
}

pub(super) fn idletime(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    if call.shards.of(&key).peek(&key, call.now).is_none() {
        call.out.null();
        return Ok(());
    }
    Err(Error::text("ERR idle time is not tracked; OBJECT FREQ tells how often a key is used"))
}

pub(super) fn refcount(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    match call.shards.of(&key).peek(&key, call.now) {
        Some(_) => call.out.integer(1),
        None => call.out.null(),
    }
    Ok(())
}
