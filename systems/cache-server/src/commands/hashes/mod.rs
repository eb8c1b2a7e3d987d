//! Hashes: fields and their values under one key.

mod counter;
mod random;
mod read;
mod write;

use super::{Flags, Group, Handler, KeyRule, Spec};

const fn spec(
    name: &'static str,
    arity: i8,
    flags: Flags,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec::new(name, arity, flags, KeyRule::ONE, Group::Hash, summary, handler).since("2.0.0")
}

pub(super) const TABLE: &[Spec] = &[
    spec("hdel", -3, Flags::WRITE_FAST, "Removes fields of a hash.", write::delete)
        .complexity("O(N) with the number of fields to remove"),
    spec("hexists", 3, Flags::READ_FAST, "Tells whether a hash has a field.", read::exists),
    spec("hget", 3, Flags::READ_FAST, "Returns the value of a field.", read::get),
    spec("hgetall", 2, Flags::READONLY, "Returns all fields and values.", read::all)
        .complexity("O(N) with the size of the hash"),
    spec("hincrby", 4, Flags::GROW_FAST, "Adds an integer to a field.", counter::add_integer),
    spec("hincrbyfloat", 4, Flags::GROW_FAST, "Adds a number to a field.", counter::add_float)
        .since("2.6.0"),
    spec("hkeys", 2, Flags::READONLY, "Returns all fields.", read::fields)
        .complexity("O(N) with the size of the hash"),
    spec("hlen", 2, Flags::READ_FAST, "Returns the number of fields.", read::length),
    spec("hmget", -3, Flags::READ_FAST, "Returns the values of fields.", read::get_many)
        .complexity("O(N) with the number of fields asked for"),
    spec("hmset", -4, Flags::GROW_FAST, "Sets fields; HSET does the same.", write::set_many)
        .complexity("O(N) with the number of fields to set"),
    spec("hrandfield", -2, Flags::READONLY, "Returns fields drawn by chance.", random::draw)
        .since("6.2.0")
        .complexity("O(N) with the number of fields drawn"),
    spec("hscan", -3, Flags::READONLY, "Walks over fields and values.", read::scan)
        .since("2.8.0")
        .complexity("O(1) for every call, O(N) for a whole walk"),
    spec("hset", -4, Flags::GROW_FAST, "Sets fields.", write::set)
        .complexity("O(N) with the number of fields to set"),
    spec("hsetnx", 4, Flags::GROW_FAST, "Sets a field that is not there.", write::set_new),
    spec("hstrlen", 3, Flags::READ_FAST, "Returns the length of a value.", read::value_length)
        .since("3.2.0"),
    spec("hvals", 2, Flags::READONLY, "Returns all values.", read::values)
        .complexity("O(N) with the size of the hash"),
];

#[cfg(test)]
mod tests;
