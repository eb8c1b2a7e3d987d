//! Keys whatever they hold.

mod find;
mod object;
mod rename;
mod single;
mod walk;

pub(crate) use walk::KeysWalk;

use super::{
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READ_FAST;
const WRITE: Flags = Flags::WRITE;
const GROW: Flags = Flags::GROW;
const WHOLE: Flags = Flags::READONLY.and(Flags::WHOLE);
const ONE: KeyRule = KeyRule::ONE;
const TWO: KeyRule = KeyRule::TWO;
const ALL: KeyRule = KeyRule::ALL;
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Generic;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("del", -2, WRITE.and(Flags::PARTED), ALL, GROUP, "Removes keys.", single::del).complexity("O(N)"),
    Spec::new("unlink", -2, Flags::WRITE_FAST.and(Flags::PARTED), ALL, GROUP, "Removes keys.", single::del).since("4.0.0").complexity("O(N)"),
    Spec::new("exists", -2, READ_FAST.and(Flags::PARTED), ALL, GROUP, "Counts the keys that are there.", single::exists).complexity("O(N)"),
    Spec::new("touch", -2, READ_FAST.and(Flags::PARTED), ALL, GROUP, "Counts the keys that are there, as a use of them.", single::touch).since("3.2.1").complexity("O(N)"),
    Spec::new("type", 2, READ_FAST, ONE, GROUP, "Names the type of what a key holds.", single::type_of),
    Spec::new("rename", 3, WRITE, TWO, GROUP, "Gives a key another name, whose own value is lost.", rename::rename),
    Spec::new("renamenx", 3, Flags::WRITE_FAST, TWO, GROUP, "Gives a key another name if that is free.", rename::renamenx),
    Spec::new("copy", -3, GROW, TWO, GROUP, "Copies what a key holds to another key.", rename::copy).since("6.2.0").complexity("O(N)"),
    Spec::new("randomkey", 1, WHOLE, NONE, GROUP, "Gives any key.", find::randomkey),
    Spec::new("keys", 2, WHOLE.and(Flags::DANGEROUS), NONE, GROUP, "Gives all keys that match a pattern.", walk::keys).complexity("O(N)"),
    Spec::new("scan", -2, WHOLE, NONE, GROUP, "Gives the keys bit by bit.", find::scan).since("2.8.0").complexity("O(1) each"),
    Spec::new("object", -2, Flags::NONE, NONE, GROUP, "A container for commands on a value's inner side.", object::help).since("2.2.3").containing(OBJECT),
];

#[rustfmt::skip]
const OBJECT: &[Spec] = &[
    Spec::new("object|encoding", 3, READ, KeyRule::SECOND, GROUP, "Names how a value is kept.", object::encoding).since("2.2.3"),
    Spec::new("object|freq", 3, READ, KeyRule::SECOND, GROUP, "Gives how often a key was used of late, from 0 to 3.", object::freq).since("4.0.0"),
    Spec::new("object|idletime", 3, READ, KeyRule::SECOND, GROUP, "Refused: the time of the last use is not kept.", object::idletime).since("2.2.3"),
    Spec::new("object|refcount", 3, READ, KeyRule::SECOND, GROUP, "Gives 1 for a key that is there.", object::refcount).since("2.2.3"),
    Spec::new("object|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.", object::help).since("6.2.0"),
];

/// As `TYPE` names it.
fn type_name(value: crate::store::ValueRef<'_>) -> &'static str {
    value.as_object().map_or("string", crate::values::Object::type_name)
}
