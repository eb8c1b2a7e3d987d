//! BITOP: whole strings combined.

use crate::{
    commands::{
        call::{Call, is},
        changes::EventClass,
        error::{Error, Outcome},
    },
    store::{Deadline, NewValue},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

pub(super) fn bitop(call: &mut Call<'_, '_>) -> Outcome {
    let operation = match call.argument(1)? {
        word if is(word, "and") => Operation::And,
        word if is(word, "or") => Operation::Or,
        word if is(word, "xor") => Operation::Xor,
        word if is(word, "not") => Operation::Not,
        _ => return Err(Error::Syntax),
    };
    let (destination, sources) = call.keys.split_first().ok_or(Error::Syntax)?;
    if operation == Operation::Not && sources.len() != 1 {
        return Err(Error::text("ERR BITOP NOT must be called with a single source key."));
    }
    let mut strings: Vec<&[u8]> = Vec::with_capacity(sources.len());
    for key in sources {
        strings.push(match call.shards.look(key).peek(key, call.now) {
            Some(item) => item.value.as_bytes().ok_or(Error::WrongType)?,
            None => b"",
        });
    }
    let result = combine(operation, &strings);
    let length = result.len();
    let shard = call.shards.of(destination);
    if length > 0 {
        shard.set(destination, NewValue::Large(result.into()), Deadline::None, call.now)?;
        call.changed(destination, EventClass::STRING, "set");
    } else if shard.remove(destination, call.now) {
        call.changed(destination, EventClass::GENERIC, "del");
    }
    call.out.count(length);
    Ok(())
}

/// Shorter strings are continued by zeros.
fn combine(operation: Operation, strings: &[&[u8]]) -> Vec<u8> {
    let length = strings.iter().map(|string| string.len()).max().unwrap_or(0);
    let (first, others) = strings.split_first().map_or((&[][..], &[][..]), |(f, o)| (*f, o));
    let mut result = first.to_vec();
    result.resize(length, 0);
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    for other in others {
        let (common, beyond) = result.split_at_mut(other.len().min(length));
        for (byte, other) in common.iter_mut().zip(*other) {
            match operation {
                Operation::And => *byte &= other,
                Operation::Or => *byte |= other,
                Operation::Xor => *byte ^= other,
                Operation::Not => {}
            }
        }
        if operation == Operation::And {
            beyond.fill(0);
        }
    }
    result
}
