//! Sorted sets: members in the order of their scores under one key.

mod add;
mod algebra;
mod bounds;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod remove;

use super::{Flags, Group, Handler, KeyRule, Reply, Spec};

const fn spec(
    name: &'static str,
    arity: i8,
    flags: Flags,
    keys: KeyRule,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec::new(name, arity, flags, keys, Group::SortedSet, summary, handler).complexity(RANKED)
}

/// Of one key.
const fn single(
    name: &'static str,
    arity: i8,
    flags: Flags,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    spec(name, arity, flags, KeyRule::ONE, summary, handler)
}

/// Of as many keys as an argument says.
const fn counted(name: &'static str, arity: i8, summary: &'static str, handler: Handler) -> Spec {
    let flags = Flags::READONLY.and(Flags::MOVABLE_KEYS);
    spec(name, arity, flags, KeyRule::COUNTED, summary, handler).since("6.2.0").complexity(COMBINED)
}

/// The same, stored.
const fn stored(name: &'static str, summary: &'static str, handler: Handler) -> Spec {
    let flags = Flags::GROW.and(Flags::MOVABLE_KEYS);
    spec(name, -4, flags, KeyRule::STORE_COUNTED, summary, handler).complexity(COMBINED)
}

const RANKED: &str = "O(log(N)) with the size of the sorted set";
const RANGED: &str = "O(log(N)+M) with the size of the sorted set and the members returned";
const REMOVED: &str = "O(log(N)*M) with the size of the sorted set and the members that go";
const COMBINED: &str = "O(N)+O(M*log(M)) with the members of all sources and of the result";
const POP_BLOCKING: Flags = Flags::WRITE_FAST.and(Flags::BLOCKING);

pub(super) const TABLE: &[Spec] = &[
    spec(
        "bzmpop",
        -5,
        Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLE_KEYS),
        KeyRule::COUNTED_SECOND,
        "As ZMPOP, waiting for a member.",
        pop::wait_for_many,
    )
    .since("7.0.0"),
    spec(
        "bzpopmax",
        -3,
        POP_BLOCKING,
        KeyRule::ALL_BUT_LAST,
        "As ZPOPMAX, waiting for a member.",
        pop::wait_for_one,
    )
    .since("5.0.0"),
    spec(
        "bzpopmin",
        -3,
        POP_BLOCKING,
        KeyRule::ALL_BUT_LAST,
        "As ZPOPMIN, waiting for a member.",
        pop::wait_for_one,
    )
    .since("5.0.0"),
    single("zadd", -4, Flags::GROW_FAST, "Adds members or changes their scores.", add::add)
        .since("1.2.0"),
    single("zcard", 2, Flags::READ_FAST, "Counts members.", read::length)
        .since("1.2.0")
        .complexity("O(1)"),
    single("zcount", 4, Flags::READ_FAST, "Counts members by score.", read::count_by_score)
        .since("2.0.0"),
    counted("zdiff", -3, "Subtracts sorted sets.", algebra::difference),
    stored("zdiffstore", "Stores a sorted set without others.", algebra::store_difference)
        .since("6.2.0"),
    single("zincrby", 4, Flags::GROW_FAST, "Adds to a score.", add::increment).since("1.2.0"),
    counted("zinter", -3, "Intersects sorted sets.", algebra::intersection),
    counted("zintercard", -3, "Counts shared members.", algebra::count_intersection).since("7.0.0"),
    stored("zinterstore", "Stores shared members.", algebra::store_intersection).since("2.0.0"),
    single("zlexcount", 4, Flags::READ_FAST, "Counts members by their bytes.", read::count_by_lex)
        .since("2.8.9"),
    spec(
        "zmpop",
        -4,
        Flags::WRITE.and(Flags::MOVABLE_KEYS),
        KeyRule::COUNTED,
        "Takes members from the first sorted set that has any.",
        pop::pop_many,
    )
    .since("7.0.0"),
    single("zmscore", -3, Flags::READ_FAST, "Returns scores.", read::scores)
        .since("6.2.0")
        .complexity("O(N) with the number of members asked for"),
    single("zpopmax", -2, Flags::WRITE_FAST, "Takes the highest members.", pop::pop).since("5.0.0"),
    single("zpopmin", -2, Flags::WRITE_FAST, "Takes the lowest members.", pop::pop).since("5.0.0"),
    single("zrandmember", -2, Flags::READONLY, "Draws members.", random::draw).since("6.2.0"),
    single("zrange", -4, Flags::READONLY, "Returns members in order.", range::range)
        .since("1.2.0")
        .complexity(RANGED),
    single("zrangebylex", -4, Flags::READONLY, "Returns members by their bytes.", range::range)
        .since("2.8.9")
        .complexity(RANGED),
    single("zrangebyscore", -4, Flags::READONLY, "Returns members by score.", range::range)
        .since("1.0.5")
        .complexity(RANGED),
    spec("zrangestore", -5, Flags::GROW, KeyRule::TWO, "Stores a range.", range::store_range)
        .since("6.2.0")
        .complexity(RANGED),
    single("zrank", -3, Flags::READ_FAST, "Returns the rank of a member.", read::rank)
        .since("2.0.0"),
    single("zrem", -3, Flags::WRITE_FAST, "Removes members.", remove::remove)
        .since("1.2.0")
        .complexity(REMOVED),
    single("zremrangebylex", 4, Flags::WRITE, "Removes members by their bytes.", remove::by_lex)
        .since("2.8.9")
        .complexity(REMOVED),
    single("zremrangebyrank", 4, Flags::WRITE, "Removes members by rank.", remove::by_rank)
        .since("2.0.0")
        .complexity(REMOVED),
    single("zremrangebyscore", 4, Flags::WRITE, "Removes members by score.", remove::by_score)
        .since("1.2.0")
        .complexity(REMOVED),
    single("zrevrange", -4, Flags::READONLY, "Returns members backwards.", range::range)
        .since("1.2.0")
        .complexity(RANGED),
    single("zrevrangebylex", -4, Flags::READONLY, "As ZRANGEBYLEX, backwards.", range::range)
        .since("2.8.9")
        .complexity(RANGED),
    single("zrevrangebyscore", -4, Flags::READONLY, "As ZRANGEBYSCORE, backwards.", range::range)
        .since("2.2.0")
        .complexity(RANGED),
    single("zrevrank", -3, Flags::READ_FAST, "Returns the rank from the end.", read::rank)
        .since("2.0.0"),
    single("zscan", -3, Flags::READONLY, "Walks over members and scores.", read::scan)
        .since("2.8.0")
        .complexity("O(1) for every call, O(N) for a whole walk"),
    single("zscore", 3, Flags::READ_FAST, "Returns the score of a member.", read::score)
        .since("1.2.0")
        .complexity("O(1)"),
    counted("zunion", -3, "Unites sorted sets.", algebra::union),
    stored("zunionstore", "Stores the members of all of them.", algebra::store_union)
        .since("2.0.0"),
];

/// What it costs to add a member, in members that are looked at.
const INSERT_COST: usize = 2;

/// Members, with their scores where asked for: as pairs in RESP3, one after the other in RESP2.
fn write_members<'a>(
    out: &mut Reply,
    members: impl Iterator<Item = (&'a [u8], f64)>,
    count: usize,
    with_scores: bool,
) {
    write_head(out, count, with_scores);
    for (member, score) in members {
        write_member(out, member, score, with_scores);
    }
}

fn write_head(out: &mut Reply, count: usize, with_scores: bool) {
    let in_pairs = with_scores && out.is_resp3();
    out.array(if with_scores && !in_pairs { 2 * count } else { count });
}

fn write_member(out: &mut Reply, member: &[u8], score: f64, with_scores: bool) {
    if with_scores && out.is_resp3() {
        out.array(2);
    }
    out.bulk(member);
    if with_scores {
        out.double(score);
    }
}

#[cfg(test)]
mod tests;
