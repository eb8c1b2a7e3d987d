//! COMMAND: what the table of commands tells of itself.

mod arguments;
mod details;
mod keys;
mod list;
mod syntax;

use super::{
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};

const FLAGS: Flags = Flags::LOADING.and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("command", -1, FLAGS, NONE, GROUP, "Tells all about all commands.", details::command).since("2.8.13").complexity("O(N)").containing(&[
        Spec::new("command|count", 2, FLAGS, NONE, GROUP, "Counts the commands.", list::count).since("2.8.13"),
        Spec::new("command|docs", -2, FLAGS, NONE, GROUP, "Describes commands to people.", details::docs).since("7.0.0").complexity("O(N)"),
        Spec::new("command|getkeys", -3, FLAGS, NONE, GROUP, "Finds the keys of a command.", keys::getkeys).since("2.8.13").complexity("O(N)"),
        Spec::new("command|getkeysandflags", -3, FLAGS, NONE, GROUP, "Finds the keys of a command, and what it does with them.", keys::getkeysandflags).since("7.0.0").complexity("O(N)"),
        Spec::new("command|info", -2, FLAGS, NONE, GROUP, "Tells what a client needs to know of commands.", details::info).since("2.8.13").complexity("O(N)"),
        Spec::server("command|help", 2, FLAGS, NONE, GROUP, "Lists the subcommands.").since("5.0.0"),
        Spec::new("command|list", -2, FLAGS, NONE, GROUP, "Names all commands, or some.", list::list).since("7.0.0").complexity("O(N)"),
    ]),
];
