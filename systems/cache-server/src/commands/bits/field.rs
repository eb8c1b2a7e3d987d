//! BITFIELD: several reads and writes of integers in one string.

use super::field_type::{FieldType, Overflow};
use crate::{
    commands::{
        call::{Call, Words},
        changes::EventClass,
        error::{Error, Outcome},
        reply::Reply,
        strings::{length, overwrite},
    },
    store::Key,
};

/// One read or write.
struct Step {
    field: FieldType,
    offset: usize,
    action: Action,
}

enum Action {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

fn steps(mut words: Words<'_>, is_read_only: bool) -> Result<Vec<Step>, Error> {
    let mut overflow = Overflow::Wrap;
    let mut steps = Vec::new();
    while words.peek().is_some() {
        if words.take("overflow") {
            overflow = if words.take("wrap") {
                Overflow::Wrap
            } else if words.take("sat") {
                Overflow::Saturate
            } else if words.take("fail") {
                Overflow::Fail
            } else {
                words.demand()?;
                return Err(Error::text("ERR Invalid OVERFLOW type specified"));
            };
            continue;
        }
        let is_get = words.take("get");
        let is_set = !is_get && words.take("set");
        if !is_get && !is_set && !words.take("incrby") {
            return Err(Error::Syntax);
        }
        // The command is not well formed when arguments are missing, whatever they would be.
        if words.left() < if is_get { 2 } else { 3 } {
            return Err(Error::Syntax);
        }
        let field = FieldType::parse(words.demand()?)?;
        let offset = field.offset(words.demand()?)?;
        let action = match (is_get, is_set) {
            (true, _) => Action::Get,
            (_, true) => Action::Set(words.integer()?, overflow),
            _ => Action::Add(words.integer()?, overflow),
        };
        if is_read_only && !is_get {
            return Err(Error::text("ERR BITFIELD_RO only supports the GET subcommand"));
        }
        steps.push(Step { field, offset, action });
    }
    Ok(steps)
}

impl Step {
    /// Writes the reply; whether `bytes` were written to.
    fn run(&self, bytes: &mut [u8], out: &mut Reply) -> bool {
        let old = self.field.read(bytes, self.offset);
        let (new, reply) = match self.action {
            Action::Get => (None, Some(old)),
            Action::Set(value, overflow) => {
                let new = self.field.sum(value, 0, overflow);
                (new, new.map(|_| old))
            }
            Action::Add(amount, overflow) => {
                let new = self.field.sum(old, amount, overflow);
                (new, new)
            }
        };
        match reply {
            Some(value) => out.integer(value),
            None => out.null(),
        }
        if let Some(new) = new {
            self.field.write(bytes, self.offset, new);
        }
        new.is_some()
    }
}

pub(super) fn bitfield(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let steps = steps(call.words(2), false)?;
    let written = steps.iter().filter(|step| !matches!(step.action, Action::Get));
    match written.map(|step| step.field.end(step.offset)).max() {
        None => read(call, &key, &steps),
        Some(end) => write(call, &key, &steps, end),
    }
}

pub(super) fn bitfield_ro(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let steps = steps(call.words(2), true)?;
    read(call, &key, &steps)
}

fn read(call: &mut Call<'_, '_>, key: &Key<'_>, steps: &[Step]) -> Outcome {
    let bytes = match call.shards.of(key).find(key, call.now) {
        Some(item) => item.value.as_bytes().ok_or(Error::WrongType)?,
        None => b"",
    };
    call.out.array(steps.len());
    for step in steps {
        call.out.integer(step.field.read(bytes, step.offset));
    }
    Ok(())
}

/// Makes the string reach to `end` first: a write that fails leaves it so, as in Redis.
fn write(call: &mut Call<'_, '_>, key: &Key<'_>, steps: &[Step], end: usize) -> Outcome {
    let length = length(call, key)?;
    if length.is_none_or(|length| length < end) {
        let last = end - 1;
        overwrite(call, key, length, last, &[0])?;
    }
    call.out.array(steps.len());
    let out = &mut *call.out;
    let is_changed = call.shards.of(key).edit(key, 0, call.now, |bytes| {
        // Each step runs, whatever the others have changed.
        steps.iter().filter(|step| step.run(bytes, out)).count() > 0
    })?;
    if is_changed.unwrap_or(false) {
        call.changed(key, EventClass::STRING, "setbit");
    }
    Ok(())
}
