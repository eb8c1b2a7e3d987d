//! SLOWLOG.

use super::{Handlers, ServerCall};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec},
    serve::locked,
};

/// Entries that GET gives unless told: Redis's own.
const COUNT: usize = 10;

const ADMIN: Flags = Flags::ADMIN.and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("slowlog", -2, Flags::NONE, NONE, GROUP, "A container for the log of slow commands.").since("2.2.12").containing(SLOWLOG),
];

#[rustfmt::skip]
const SLOWLOG: &[Spec] = &[
    Spec::server("slowlog|get", -2, ADMIN, NONE, GROUP, "Gives the newest slow commands.").since("2.2.12").complexity("O(N)"),
    Spec::server("slowlog|len", 2, ADMIN, NONE, GROUP, "Counts the slow commands in the log.").since("2.2.12"),
    Spec::server("slowlog|reset", 2, ADMIN, NONE, GROUP, "Empties the log.").since("2.2.12").complexity("O(N)"),
    Spec::server("slowlog|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("6.2.0"),
];

pub(super) const HANDLERS: Handlers =
    &[("slowlog|get", get), ("slowlog|len", len), ("slowlog|reset", reset)];

fn get(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let count = match call.arguments.len() {
        2 => COUNT,
        3 => match call.integer(2)? {
            -1 => usize::MAX,
            count => usize::try_from(count)
                .map_err(|_| Error::text("ERR count should be greater than or equal to -1"))?,
        },
        _ => return Err(Error::Arity(call.spec.name)),
    };
    let log = locked(&call.node.slowlog);
    call.out.array(log.len().min(count));
    for slow in log.entries().take(count) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        call.out.array(6);
        call.out.integer(number(slow.id));
        call.out.integer(number(slow.when.0 / 1_000));
        call.out.integer(number(slow.micros));
        call.out.array(slow.arguments.len());
        slow.arguments.iter().for_each(|argument| call.out.bulk(argument));
        call.out.bulk(slow.peer.as_bytes());
        call.out.bulk(slow.name.as_bytes());
    }
    Ok(())
}

fn len(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.count(locked(&call.node.slowlog).len());
    Ok(())
}

fn reset(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    locked(&call.node.slowlog).clear();
    call.out.ok();
    Ok(())
}
