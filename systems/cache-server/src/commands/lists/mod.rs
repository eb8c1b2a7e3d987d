//! Lists: elements in order under one key.

mod blocking;
mod ends;
mod middle;
mod position;
mod read;
mod transfer;

pub(crate) use self::position::Places;
use super::{Flags, Group, Handler, KeyRule, Spec, is};

const fn spec(
    name: &'static str,
    arity: i8,
    flags: Flags,
    keys: KeyRule,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec::new(name, arity, flags, keys, Group::List, summary, handler)
}

const BLOCKING: Flags = Flags::WRITE.and(Flags::BLOCKING);
const GROW_BLOCKING: Flags = Flags::GROW.and(Flags::BLOCKING);
const NEAR_ENDS: &str = "O(N) with the distance from the nearer end";
const TAKEN: &str = "O(N) with the number of elements";

pub(super) const TABLE: &[Spec] = &[
    spec(
        "blmove",
        6,
        GROW_BLOCKING,
        KeyRule::TWO,
        "As LMOVE, waiting for one.",
        blocking::transfer,
    )
    .since("6.2.0"),
    spec(
        "blmpop",
        -5,
        BLOCKING.and(Flags::MOVABLE_KEYS),
        KeyRule::COUNTED_SECOND,
        "As LMPOP, waiting for one.",
        blocking::pop_many,
    )
    .since("7.0.0")
    .complexity(TAKEN),
    spec("blpop", -3, BLOCKING, KeyRule::ALL_BUT_LAST, "As LPOP, waiting for one.", blocking::pop)
        .since("2.0.0"),
    spec("brpop", -3, BLOCKING, KeyRule::ALL_BUT_LAST, "As RPOP, waiting for one.", blocking::pop)
        .since("2.0.0"),
    spec(
        "brpoplpush",
        4,
        GROW_BLOCKING,
        KeyRule::TWO,
        "As RPOPLPUSH, waiting for one.",
        blocking::transfer,
    )
    .since("2.2.0"),
    spec("lindex", 3, Flags::READONLY, KeyRule::ONE, "Returns one element.", read::get)
        .complexity(NEAR_ENDS),
    spec("linsert", 5, Flags::GROW, KeyRule::ONE, "Inserts beside an element.", middle::insert)
        .since("2.2.0")
        .complexity("O(N) with the elements before the one that is looked for"),
    spec("llen", 2, Flags::READ_FAST, KeyRule::ONE, "Returns the length.", read::length),
    spec("lmove", 5, Flags::GROW, KeyRule::TWO, "Moves an element over.", transfer::transfer)
        .since("6.2.0"),
    spec(
        "lmpop",
        -4,
        Flags::WRITE.and(Flags::MOVABLE_KEYS),
        KeyRule::COUNTED,
        "Takes elements from the first list that has any.",
        transfer::pop_many,
    )
    .since("7.0.0")
    .complexity(TAKEN),
    spec("lpop", -2, Flags::WRITE_FAST, KeyRule::ONE, "Takes from the front.", ends::pop)
        .complexity(TAKEN),
    spec("lpos", -3, Flags::READONLY, KeyRule::ONE, "Finds an element.", position::find_places)
        .since("6.0.6")
        .complexity("O(N) with the elements that are compared"),
    spec("lpush", -3, Flags::GROW_FAST, KeyRule::ONE, "Puts at the front.", ends::push)
        .complexity(TAKEN),
    spec("lpushx", -3, Flags::GROW_FAST, KeyRule::ONE, "As LPUSH, if there is a list.", ends::push)
        .since("2.2.0")
        .complexity(TAKEN),
    spec("lrange", 4, Flags::READONLY, KeyRule::ONE, "Returns elements.", read::range)
        .complexity("O(S+N) with the distance from the nearer end and the number of elements"),
    spec("lrem", 4, Flags::WRITE, KeyRule::ONE, "Removes equal elements.", middle::remove)
        .complexity("O(N) with the length of the list"),
    spec("lset", 4, Flags::GROW, KeyRule::ONE, "Overwrites an element.", middle::set)
        .complexity(NEAR_ENDS),
    spec("ltrim", 4, Flags::WRITE, KeyRule::ONE, "Keeps a part of the list.", middle::trim)
        .complexity("O(N) with the number of elements that go"),
    spec("rpop", -2, Flags::WRITE_FAST, KeyRule::ONE, "Takes from the back.", ends::pop)
        .complexity(TAKEN),
    spec(
        "rpoplpush",
        3,
        Flags::GROW,
        KeyRule::TWO,
        "Moves an element from the back of a list to the front of another.",
        transfer::transfer,
    )
    .since("1.2.0"),
    spec("rpush", -3, Flags::GROW_FAST, KeyRule::ONE, "Puts at the back.", ends::push)
        .complexity(TAKEN),
    spec("rpushx", -3, Flags::GROW_FAST, KeyRule::ONE, "As RPUSH, if there is a list.", ends::push)
        .since("2.2.0")
        .complexity(TAKEN),
];

/// One of a list's two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Front,
    Back,
}

impl Side {
    /// `LEFT` or `RIGHT`.
    fn of_word(word: &[u8]) -> Option<Side> {
        match word {
            word if is(word, "left") => Some(Side::Front),
            word if is(word, "right") => Some(Side::Back),
            _ => None,
        }
    }

    /// As in `LPUSH` and `RPUSH`, by the letter at `at` of the command's name.
    fn of_name(name: &str, at: usize) -> Side {
        if name.as_bytes().get(at) == Some(&b'l') { Side::Front } else { Side::Back }
    }

    fn push_event(self) -> &'static str {
        if self == Side::Front { "lpush" } else { "rpush" }
    }

    fn pop_event(self) -> &'static str {
        if self == Side::Front { "lpop" } else { "rpop" }
    }
}

#[cfg(test)]
mod tests;
