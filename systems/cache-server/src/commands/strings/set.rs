//! SET and its older forms.

use super::{compare::Comparison, put};
use crate::{
    commands::{
        call::{Call, Words},
        changes::EventClass,
        error::{Error, Outcome},
        expiry::{Unit, When},
    },
    store::{Deadline, Key, Millis, NewValue, ValueRef},
};

/// What SET was told besides key and value.
#[derive(Default)]
struct Options<'c> {
    condition: Option<Condition<'c>>,
    gives_old: bool,
    keeps_deadline: bool,
    when: Option<When<'c>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition<'c> {
    IsFree,
    Exists,
    Is(Comparison<'c>),
}

impl Condition<'_> {
    /// Whether what is there, if anything, may be replaced.
    ///
    /// # Errors
    /// [`Error::WrongType`] for what is compared and no string.
    fn is_met(self, old: Option<ValueRef<'_>>) -> Result<bool, Error> {
        match self {
            Condition::IsFree => Ok(old.is_none()),
            Condition::Exists => Ok(old.is_some()),
            Condition::Is(comparison) => comparison.holds(old),
        }
    }
}

impl<'c> Options<'c> {
    fn parse(mut words: Words<'c>) -> Result<Options<'c>, Error> {
        let mut options = Options::default();
        while words.peek().is_some() {
            let is_open = options.condition.is_none();
            if is_open && words.take("nx") {
                options.condition = Some(Condition::IsFree);
            } else if is_open && words.take("xx") {
                options.condition = Some(Condition::Exists);
            } else if options.condition == Some(Condition::IsFree) && words.take("nx")
                || options.condition == Some(Condition::Exists) && words.take("xx")
            {
                // Saying it again is no contradiction.
            } else if is_open && let Some(comparison) = Comparison::take(&mut words)? {
                options.condition = Some(Condition::Is(comparison));
            } else if words.take("get") {
                options.gives_old = true;
            } else if options.when.is_none() && words.take("keepttl") {
                options.keeps_deadline = true;
            } else {
                if options.keeps_deadline || options.when.is_some() {
                    return Err(Error::Syntax);
                }
                options.when = Some(When::take(&mut words)?.ok_or(Error::Syntax)?);
            }
        }
        Ok(options)
    }
}

pub(super) fn set(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let value = call.value(call.argument(2)?);
    if call.arguments.len() == 3 {
        put(call, &key, value, Deadline::None, "set")?;
        call.out.ok();
        return Ok(());
    }
    let options = Options::parse(call.words(3))?;
    let at = options.when.map(|when| when.resolve("set", call.now)).transpose()?;
    let is_met = if options.gives_old {
        let old = call.shards.of(&key).find(&key, call.now).map(|item| item.value);
        match old {
            Some(old) => call.out.string(old)?,
            None => call.out.null(),
        }
        options.condition.map(|condition| condition.is_met(old)).transpose()?
    } else if let Some(condition) = options.condition {
        let old = call.shards.of(&key).peek(&key, call.now);
        Some(condition.is_met(old.map(|item| item.value))?)
    } else {
        None
    };
    let is_met = is_met.unwrap_or(true);
    if is_met {
        store(call, &key, value, options.keeps_deadline, at)?;
    }
    match (options.gives_old, is_met) {
        (true, _) => {}
        (false, true) => call.out.ok(),
        (false, false) => call.out.null(),
    }
    Ok(())
}

/// Stores; a deadline that has passed already leaves no item.
fn store(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    value: NewValue<'_>,
    keeps_deadline: bool,
    at: Option<Millis>,
) -> Outcome {
    let deadline = match at {
        Some(at) => Deadline::At(at),
        None if keeps_deadline => Deadline::Keep,
        None => Deadline::None,
    };
    put(call, key, value, deadline, "set")?;
    if let Some(at) = at {
        call.changed(key, EventClass::GENERIC, "expire");
        if at <= call.now {
            call.shards.of(key).remove(key, call.now);
        }
    }
    Ok(())
}

pub(super) fn setnx(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let value = call.value(call.argument(2)?);
    let is_free = call.shards.of(&key).peek(&key, call.now).is_none();
    if is_free {
        put(call, &key, value, Deadline::None, "set")?;
    }
    call.out.flag(is_free);
    Ok(())
}

pub(super) fn setex(call: &mut Call<'_, '_>) -> Outcome {
    set_for(call, Unit::Seconds)
}

pub(super) fn psetex(call: &mut Call<'_, '_>) -> Outcome {
    set_for(call, Unit::Milliseconds)
}

fn set_for(call: &mut Call<'_, '_>, unit: Unit) -> Outcome {
    let key = call.key();
    let when = When { amount: call.argument(2)?, unit, is_absolute: false };
    let at = when.resolve(call.spec.name, call.now)?;
    let value = call.value(call.argument(3)?);
    store(call, &key, value, false, Some(at))?;
    call.out.ok();
    Ok(())
}

pub(super) fn getset(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let value = call.value(call.argument(2)?);
    match call.shards.of(&key).find(&key, call.now) {
        Some(item) => call.out.string(item.value)?,
        None => call.out.null(),
    }
    put(call, &key, value, Deadline::None, "set")?;
    Ok(())
}
