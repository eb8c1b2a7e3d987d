//! Sets: members without order under one key.

mod algebra;
mod random;
mod read;
mod write;

use super::{Flags, Group, Handler, KeyRule, Spec};

const fn spec(
    name: &'static str,
    arity: i8,
    flags: Flags,
    keys: KeyRule,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec::new(name, arity, flags, keys, Group::Set, summary, handler)
}

const ALL_MEMBERS: &str = "O(N) with the members of all sets";
const INTERSECTED: &str = "O(N*M) with the members of the smallest set and the number of sets";

pub(super) const TABLE: &[Spec] = &[
    spec("sadd", -3, Flags::GROW_FAST, KeyRule::ONE, "Adds members.", write::add)
        .complexity("O(N) with the number of members to add"),
    spec("scard", 2, Flags::READ_FAST, KeyRule::ONE, "Counts members.", read::length),
    spec("sdiff", -2, Flags::READONLY, KeyRule::ALL, "Subtracts sets.", algebra::difference)
        .complexity(ALL_MEMBERS),
    spec(
        "sdiffstore",
        -3,
        Flags::GROW,
        KeyRule::ALL,
        "Stores what is left of a set without others.",
        algebra::store_difference,
    )
    .complexity(ALL_MEMBERS),
    spec("sinter", -2, Flags::READONLY, KeyRule::ALL, "Intersects sets.", algebra::intersection)
        .complexity(INTERSECTED),
    spec(
        "sintercard",
        -3,
        Flags::READONLY.and(Flags::MOVABLE_KEYS),
        KeyRule::COUNTED,
        "Counts the members that sets share.",
        algebra::count_intersection,
    )
    .since("7.0.0")
    .complexity(INTERSECTED),
    spec(
        "sinterstore",
        -3,
        Flags::GROW,
        KeyRule::ALL,
        "Stores the members that sets share.",
        algebra::store_intersection,
    )
    .complexity(INTERSECTED),
    spec("sismember", 3, Flags::READ_FAST, KeyRule::ONE, "Looks for a member.", read::contains),
    spec("smembers", 2, Flags::READONLY, KeyRule::ONE, "Returns all members.", algebra::union)
        .complexity("O(N) with the size of the set"),
    spec(
        "smismember",
        -3,
        Flags::READ_FAST,
        KeyRule::ONE,
        "Looks for members.",
        read::contains_each,
    )
    .since("6.2.0")
    .complexity("O(N) with the number of members asked for"),
    spec("smove", 4, Flags::WRITE_FAST, KeyRule::TWO, "Moves a member over.", write::transfer),
    spec("spop", -2, Flags::WRITE_FAST, KeyRule::ONE, "Takes members by chance.", random::pop)
        .complexity("O(N) with the number of members taken"),
    spec("srandmember", -2, Flags::READONLY, KeyRule::ONE, "Draws members.", random::draw)
        .complexity("O(N) with the number of members drawn"),
    spec("srem", -3, Flags::WRITE_FAST, KeyRule::ONE, "Removes members.", write::remove)
        .complexity("O(N) with the number of members to remove"),
    spec("sscan", -3, Flags::READONLY, KeyRule::ONE, "Walks over members.", read::scan)
        .since("2.8.0")
        .complexity("O(1) for every call, O(N) for a whole walk"),
    spec("sunion", -2, Flags::READONLY, KeyRule::ALL, "Unites sets.", algebra::union)
        .complexity(ALL_MEMBERS),
    spec(
        "sunionstore",
        -3,
        Flags::GROW,
        KeyRule::ALL,
        "Stores the members of all of the sets.",
        algebra::store_union,
    )
    .complexity(ALL_MEMBERS),
];

#[cfg(test)]
mod tests;
