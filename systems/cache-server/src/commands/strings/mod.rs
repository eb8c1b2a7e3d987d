//! Strings: whole values, ranges of them, and counters.

mod compare;
mod counters;
mod lcs;
mod many;
mod ranges;
mod set;
mod single;

pub(super) use ranges::{length, overwrite, range};

use super::{
    call::Call,
    changes::EventClass,
    error::Error,
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};
use crate::store::{Deadline, Key, NewValue, Stored};

/// Longest string, in bytes: Redis's default for `proto-max-bulk-len`.
pub(super) const STRING_LIMIT: usize = 512 << 20;

const READ: Flags = Flags::READONLY;
const THROUGH: Flags = Flags::THROUGH;
const THROUGH_FAST: Flags = Flags::THROUGH_FAST;
const WRITE_FAST: Flags = Flags::WRITE_FAST;
const GROW: Flags = Flags::GROW;
const GROW_FAST: Flags = Flags::GROW_FAST;
const ONE: KeyRule = KeyRule::ONE;
const GROUP: Group = Group::String;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("get", 2, THROUGH_FAST.and(Flags::COPIED), ONE, GROUP, "Gives the string of a key.", single::get),
    Spec::new("set", -3, GROW, ONE, GROUP, "Stores a string, perhaps with a deadline and a condition.", set::set),
    Spec::new("setnx", 3, GROW_FAST, ONE, GROUP, "Stores a string if the key is free.", set::setnx),
    Spec::new("setex", 4, GROW, ONE, GROUP, "Stores a string for some seconds.", set::setex).since("2.0.0"),
    Spec::new("psetex", 4, GROW, ONE, GROUP, "Stores a string for some milliseconds.", set::psetex).since("2.6.0"),
    Spec::new("getset", 3, GROW_FAST, ONE, GROUP, "Stores a string and gives the one before it.", set::getset),
    Spec::new("getdel", 2, WRITE_FAST, ONE, GROUP, "Gives the string of a key and removes it.", single::getdel).since("6.2.0"),
    Spec::new("delex", -2, WRITE_FAST, ONE, GROUP, "Removes a key, with IFEQ or IFNE only if its string is that, or is not.", compare::delex).since("8.4.0"),
    Spec::new("delifeq", 3, WRITE_FAST, ONE, GROUP, "Removes a key if its string is that: gives back a lock.", compare::delifeq).since("9.0.0"),
    Spec::new("getex", -2, WRITE_FAST.and(Flags::READ_THROUGH), ONE, GROUP, "Gives the string of a key and changes its deadline.", single::getex).since("6.2.0"),
    Spec::new("strlen", 2, THROUGH_FAST, ONE, GROUP, "Gives the length of a string.", single::strlen).since("2.2.0"),
    Spec::new("mget", -2, THROUGH_FAST.and(Flags::PARTED), KeyRule::ALL, GROUP, "Gives the strings of several keys.", many::mget).complexity("O(N)"),
    Spec::new("mset", -3, GROW, KeyRule::PAIRS, GROUP, "Stores several strings.", many::mset).since("1.0.1").complexity("O(N)"),
    Spec::new("msetnx", -3, GROW, KeyRule::PAIRS, GROUP, "Stores several strings if all the keys are free.", many::msetnx).since("1.0.1").complexity("O(N)"),
    Spec::new("append", 3, GROW_FAST, ONE, GROUP, "Adds to the end of a string.", ranges::append).since("2.0.0"),
    Spec::new("setrange", 4, GROW, ONE, GROUP, "Overwrites a part of a string.", ranges::setrange).since("2.2.0"),
    Spec::new("getrange", 4, THROUGH, ONE, GROUP, "Gives a part of a string.", ranges::getrange).since("2.4.0").complexity("O(N)"),
    Spec::new("substr", 4, THROUGH, ONE, GROUP, "Gives a part of a string; the older name of GETRANGE.", ranges::getrange).complexity("O(N)"),
    Spec::new("incr", 2, GROW_FAST, ONE, GROUP, "Adds one to an integer.", counters::incr),
    Spec::new("decr", 2, GROW_FAST, ONE, GROUP, "Takes one from an integer.", counters::decr),
    Spec::new("incrby", 3, GROW_FAST, ONE, GROUP, "Adds to an integer.", counters::incrby),
    Spec::new("decrby", 3, GROW_FAST, ONE, GROUP, "Takes from an integer.", counters::decrby),
    Spec::new("incrbyfloat", 3, GROW_FAST, ONE, GROUP, "Adds to a decimal number.", counters::incrbyfloat).since("2.6.0"),
    Spec::new("lcs", -3, READ, KeyRule::TWO, GROUP, "Finds the longest common subsequence of two strings.", lcs::lcs).since("7.0.0").complexity("O(N*M)"),
];

/// Stores a string and tells of it.
#[inline]
pub(super) fn put(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    value: NewValue<'_>,
    deadline: Deadline,
    event: &'static str,
) -> Result<Stored, Error> {
    let stored = call.shards.of(key).set(key, value, deadline, call.now)?;
    tell(call, key, stored, event);
    Ok(stored)
}

/// Tells that a string was stored.
fn tell(call: &mut Call<'_, '_>, key: &Key<'_>, stored: Stored, event: &'static str) {
    call.changed(key, EventClass::STRING, event);
    if stored == Stored::New {
        call.noticed(key, EventClass::NEW, "new");
    }
}

/// Tells of a key that was asked for and is not there.
#[inline]
pub(super) fn missed(call: &mut Call<'_, '_>, key: &Key<'_>) {
    call.noticed(key, EventClass::KEY_MISS, "keymiss");
}
