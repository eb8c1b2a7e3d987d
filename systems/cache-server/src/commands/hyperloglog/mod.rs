//! HyperLogLog: about how many different elements were added, in 12 KB or less.
//!
//! A value is a string in Redis's format, so it can be dumped, restored and copied between the two.

mod estimate;
mod hash;
mod registers;

use self::hash::place_of;
pub(crate) use self::registers::Registers;
use super::{
    call::Call,
    changes::EventClass,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
    steps::{KEYS_MAX, Steps, is_long},
};
use crate::store::{Deadline, Key, NewValue};

const GROUP: Group = Group::HyperLogLog;
/// What it costs to read what a key has counted, in entries of a collection.
const KEY_COST: usize = 64;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("pfadd", -2, Flags::GROW_FAST, KeyRule::ONE, GROUP, "Adds elements to what is counted.", add).since("2.8.9").complexity("O(N) with the number of elements"),
    Spec::new("pfcount", -2, Flags::READONLY, KeyRule::ALL, GROUP, "Tells about how many different elements were added to the keys.", count).since("2.8.9").complexity("O(N) with the number of keys"),
    Spec::new("pfmerge", -2, Flags::GROW, KeyRule::ALL, GROUP, "Adds what several keys have counted to the first.", merge).since("2.8.9").complexity("O(N) with the number of keys"),
];

/// What a key has counted, by its string; `None` when there is no such key.
fn find(call: &mut Call<'_, '_>, key: &Key<'_>) -> Result<Option<Registers>, Error> {
    let Some(item) = call.shards.of(key).find(key, call.now) else { return Ok(None) };
    let bytes = item.value.as_bytes().ok_or(Error::WrongType)?;
    Registers::read(bytes).map(Some)
}

fn put(call: &mut Call<'_, '_>, key: &Key<'_>, registers: &Registers) -> Outcome {
    let bytes = registers.write();
    call.shards.of(key).set(key, NewValue::Bytes(&bytes), Deadline::Keep, call.now)?;
    call.changed(key, EventClass::STRING, "pfadd");
    Ok(())
}

fn add(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let known = find(call, &key)?;
    let mut is_changed = known.is_none();
    let mut registers = known.unwrap_or_default();
    for element in call.words(2).rest() {
        let (register, run) = place_of(element);
        is_changed |= registers.raise(register, run);
    }
    if is_changed {
        put(call, &key, &registers)?;
    }
    call.out.flag(is_changed);
    Ok(())
}

/// What it costs to read one of so many keys. Each step hashes all of them, so very many take no more steps
/// than [`KEYS_MAX`] do.
fn key_cost(keys: usize) -> usize {
    (KEY_COST * KEYS_MAX / keys.max(KEYS_MAX)).max(1)
}

/// Goes on uniting what the keys have counted, or begins; `None` when the command comes back.
fn union(call: &mut Call<'_, '_>) -> Result<Option<Registers>, Error> {
    let keys = call.keys;
    let is_long = is_long(keys.len().saturating_mul(KEY_COST));
    // Of more keys than can be watched, each is of its own moment.
    let watched = if keys.len() > KEYS_MAX { &[] } else { keys };
    let Some(mut steps) = Steps::start(call, watched, is_long) else { return Ok(None) };
    let cost = key_cost(keys.len());
    let mut found = Ok(());
    let rest = keys.get(steps.place.1..).unwrap_or_default();
    let is_over = steps.each(rest.iter(), |union: &mut Registers, key| {
        match find(call, key) {
            Ok(Some(registers)) => union.merge(&registers),
            Ok(None) => {}
            Err(refused) => found = Err(refused),
        }
        cost
    });
    found?;
    if is_over {
        return Ok(Some(steps.made));
    }
    steps.put_off(call);
    Ok(None)
}

fn count(call: &mut Call<'_, '_>) -> Outcome {
    let Some(union) = union(call)? else { return Ok(()) };
    let count = estimate::count(&union.histogram());
    call.out.integer(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

fn merge(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let Some(mut union) = union(call)? else { return Ok(()) };
    // What was added to it since it was read must not be lost.
    if call.keys.len() > KEYS_MAX
        && let Some(since) = find(call, &key)?
    {
        union.merge(&since);
    }
    put(call, &key, &union)?;
    call.out.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::Protocol;

    use crate::commands::check::{Rig, check};

    #[test]
    fn adding_counting_and_merging() {
        check(
            Protocol::Resp2,
            &[
                ("PFADD a x y z", ":1"),
                ("PFADD a x y z", ":0"),
                ("PFADD empty", ":1"),
                ("PFADD empty", ":0"),
                ("PFCOUNT a", ":3"),
                ("PFCOUNT empty none", ":0"),
                ("PFADD b z u", ":1"),
                ("PFCOUNT a b", ":4"),
                ("PFMERGE c a b", "+OK"),
                ("PFCOUNT c", ":4"),
                ("TYPE c", "+string"),
                ("SET s text", "+OK"),
                ("PFADD s x", "-WRONGTYPE Key is not a valid HyperLogLog string value."),
                ("PFCOUNT a s", "-WRONGTYPE Key is not a valid HyperLogLog string value."),
                ("SET s HYLLx", "+OK"),
                ("PFCOUNT s", "-WRONGTYPE Key is not a valid HyperLogLog string value."),
            ],
        );
    }

    #[test]
    fn many_are_counted_within_some_percent() {
        let mut rig = Rig::new(Protocol::Resp2);
        for start in (0..100_000).step_by(1_000) {
            let words: Vec<String> = (start..start + 1_000).map(|n| format!("user:{n}")).collect();
            let mut command = vec!["PFADD", "k"];
            command.extend(words.iter().map(String::as_str));
            rig.ask_words(&command);
        }
        let count: f64 = rig.ask("PFCOUNT k").trim_start_matches(':').parse().unwrap();
        assert!((count - 100_000.0).abs() < 3_000.0, "{count}");
        assert_eq!(rig.ask("STRLEN k"), ":12304");
    }
}
