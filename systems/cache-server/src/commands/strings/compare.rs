//! Strings that are changed or removed only as long as they are what the client believes. That is how a lock
//! is given back: whose time is over does not remove the lock of the next one.

use crate::{
    commands::{
        call::{Call, Words},
        changes::EventClass,
        error::{Error, Outcome},
    },
    store::ValueRef,
};

/// What the string of a key has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison<'c> {
    Equals(&'c [u8]),
    Differs(&'c [u8]),
}

impl<'c> Comparison<'c> {
    /// Takes IFEQ or IFNE and the bytes behind it, if they are next.
    ///
    /// # Errors
    /// [`Error::Syntax`] when there are no bytes behind it.
    pub(super) fn take(words: &mut Words<'c>) -> Result<Option<Comparison<'c>>, Error> {
        if words.take("ifeq") {
            return Ok(Some(Comparison::Equals(words.demand()?)));
        }
        if words.take("ifne") {
            return Ok(Some(Comparison::Differs(words.demand()?)));
        }
        Ok(None)
    }

    /// Whether it is so. What is not there equals nothing.
    ///
    /// # Errors
    /// [`Error::WrongType`] for what is no string.
    pub(super) fn holds(self, value: Option<ValueRef<'_>>) -> Result<bool, Error> {
        let bytes = value.map(|value| value.as_bytes().ok_or(Error::WrongType)).transpose()?;
        Ok(match self {
            Comparison::Equals(wanted) => bytes == Some(wanted),
            Comparison::Differs(other) => bytes != Some(other),
        })
    }
}

pub(super) fn delex(call: &mut Call<'_, '_>) -> Outcome {
    let mut words = call.words(2);
    let comparison = Comparison::take(&mut words)?;
    if words.left() > 0 {
        return Err(Error::Syntax);
    }
    remove_if(call, comparison)
}

pub(super) fn delifeq(call: &mut Call<'_, '_>) -> Outcome {
    let comparison = Comparison::Equals(call.argument(2)?);
    remove_if(call, Some(comparison))
}

fn remove_if(call: &mut Call<'_, '_>, comparison: Option<Comparison<'_>>) -> Outcome {
    let key = call.key();
    let shard = call.shards.of(&key);
    let is_removed = match (shard.peek(&key, call.now), comparison) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(item), Some(comparison)) => comparison.holds(Some(item.value))?,
    };
    if is_removed {
        shard.remove(&key, call.now);
        call.changed(&key, EventClass::GENERIC, "del");
    } else if comparison.is_none() {
        call.shards.overtake(&key);
    }
    call.out.flag(is_removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::Protocol;

    use crate::commands::check::{Rig, check};

    #[test]
    fn strings_are_replaced_while_they_are_as_expected() {
        check(
            Protocol::Resp2,
            &[
                ("set k new ifeq old", "$-1"),
                ("get k", "$-1"),
                ("set k new ifne old", "+OK"),
                ("set k newer IFEQ old", "$-1"),
                ("set k newer ifeq new ex 100", "+OK"),
                ("ttl k", ":100"),
                ("set k last get ifne newer", "$5 newer"),
                ("set k last ifeq newer keepttl get", "$5 newer"),
                ("get k", "$4 last"),
                ("ttl k", ":100"),
                ("set k x ifeq", "-ERR syntax error"),
                ("set k x nx ifeq last", "-ERR syntax error"),
                ("set k x ifeq last ifne last", "-ERR syntax error"),
                // The value itself may be such a word.
                ("set k ifeq ifeq last", "+OK"),
                ("set k nx ifeq ifeq", "+OK"),
                ("get k", "$2 nx"),
                ("rpush l a", ":1"),
                (
                    "set l a ifeq a",
                    "-WRONGTYPE Operation against a key holding the wrong kind of value",
                ),
                (
                    "set l a ifne b",
                    "-WRONGTYPE Operation against a key holding the wrong kind of value",
                ),
            ],
        );
    }

    #[test]
    fn keys_are_removed_while_they_are_as_expected() {
        check(
            Protocol::Resp2,
            &[
                ("set lock mine nx px 30000", "+OK"),
                ("delifeq lock other", ":0"),
                ("delifeq lock mine", ":1"),
                ("delifeq lock mine", ":0"),
                ("delex lock ifne mine", ":0"),
                ("set lock mine", "+OK"),
                ("delex lock ifne mine", ":0"),
                ("delex lock ifeq other", ":0"),
                ("delex lock ifne other", ":1"),
                ("set lock mine", "+OK"),
                ("delex lock ifeq mine", ":1"),
                ("rpush l a", ":1"),
                (
                    "delifeq l a",
                    "-WRONGTYPE Operation against a key holding the wrong kind of value",
                ),
                ("delex l", ":1"),
                ("delex l", ":0"),
                ("delex l ifeq", "-ERR syntax error"),
                ("delex l ifdeq 0", "-ERR syntax error"),
                ("delex l ifeq a ifeq a", "-ERR syntax error"),
            ],
        );
    }

    #[test]
    fn only_a_removal_is_told() {
        let mut rig = Rig::new(Protocol::Resp2);
        rig.ask("set lock mine");
        rig.ask("delifeq lock other");
        assert!(rig.changes().is_empty());
        rig.ask("delifeq lock mine");
        assert_eq!(rig.changes(), ["del lock"]);
    }
}
