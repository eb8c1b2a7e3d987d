//! Giving a key a deadline, and taking it away.

use super::{Unit, When};
use crate::{
    commands::{
        call::{Call, Words, is},
        changes::EventClass,
        error::{Error, Outcome},
    },
    store::{Deadline, Millis},
};

pub(super) fn expire(call: &mut Call<'_, '_>) -> Outcome {
    set(call, Unit::Seconds, false)
}

pub(super) fn pexpire(call: &mut Call<'_, '_>) -> Outcome {
    set(call, Unit::Milliseconds, false)
}

pub(super) fn expireat(call: &mut Call<'_, '_>) -> Outcome {
    set(call, Unit::Seconds, true)
}

pub(super) fn pexpireat(call: &mut Call<'_, '_>) -> Outcome {
    set(call, Unit::Milliseconds, true)
}

/// When a new deadline is taken at all.
#[derive(Default)]
struct Condition {
    has_none: bool,
    has_one: bool,
    is_later: bool,
    is_earlier: bool,
}

impl Condition {
    fn parse(words: Words<'_>) -> Result<Condition, Error> {
        let mut condition = Condition::default();
        for word in words.rest() {
            let flag = match word {
                word if is(word, "nx") => &mut condition.has_none,
                word if is(word, "xx") => &mut condition.has_one,
                word if is(word, "gt") => &mut condition.is_later,
                word if is(word, "lt") => &mut condition.is_earlier,
                _ => {
                    let word = String::from_utf8_lossy(word);
                    return Err(Error::Text(format!("ERR Unsupported option {word}").into()));
                }
            };
            *flag = true;
        }
        if condition.has_none && (condition.has_one || condition.is_later || condition.is_earlier) {
            return Err(Error::text(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if condition.is_later && condition.is_earlier {
            return Err(Error::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(condition)
    }

    /// No deadline counts as the latest of all.
    fn is_met(&self, old: Option<Millis>, new: i64) -> bool {
        let old = old.map(|old| i64::try_from(old.0).unwrap_or(i64::MAX));
        !(self.has_none && old.is_some()
            || self.has_one && old.is_none()
            || self.is_later && old.is_none_or(|old| new <= old)
            || self.is_earlier && old.is_some_and(|old| new >= old))
    }
}

fn set(call: &mut Call<'_, '_>, unit: Unit, is_absolute: bool) -> Outcome {
    let key = call.key();
    let condition = Condition::parse(call.words(3))?;
    let when = When { amount: call.argument(2)?, unit, is_absolute };
    let at = when.milliseconds(call.spec.name, call.now)?;
    let now = call.now;
    let shard = call.shards.of(&key);
    let old = shard.peek(&key, now).map(|item| item.deadline);
    let Some(old) = old.filter(|old| condition.is_met(*old, at)) else {
        call.out.flag(false);
        return Ok(());
    };
    debug_assert!(old.is_none_or(|old| now < old));
    // A moment that has passed removes the key.
    match u64::try_from(at).map(Millis).ok().filter(|at| now < *at) {
        Some(at) => {
            shard.set_deadline(&key, Deadline::At(at), now);
            call.changed(&key, EventClass::GENERIC, "expire");
        }
        None => {
            shard.remove(&key, now);
            call.changed(&key, EventClass::GENERIC, "del");
        }
    }
    call.out.flag(true);
    Ok(())
}

pub(super) fn persist(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let now = call.now;
    let shard = call.shards.of(&key);
    let has_deadline = shard.peek(&key, now).is_some_and(|item| item.deadline.is_some());
    if has_deadline {
        shard.set_deadline(&key, Deadline::None, now);
        call.changed(&key, EventClass::GENERIC, "persist");
    }
    call.out.flag(has_deadline);
    Ok(())
}
