//! FUNCTION and SCRIPT: there are no scripts, so forgetting all of them is done at once. Clients and their
//! test suites ask for that when they begin.

use super::{Handlers, ServerCall};
use crate::commands::{Flags, Group, KeyRule, Outcome, Spec};

const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Scripting;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("function", -2, Flags::NONE, NONE, GROUP, "A container: there are no functions.").since("7.0.0").containing(FUNCTION),
    Spec::server("script", -2, Flags::NONE, NONE, GROUP, "A container: there are no scripts.").since("2.6.0").containing(SCRIPT),
];

#[rustfmt::skip]
const FUNCTION: &[Spec] = &[
    Spec::server("function|flush", -2, Flags::NOSCRIPT.and(Flags::WRITE), NONE, GROUP, "Does nothing.").since("7.0.0"),
    Spec::server("function|list", -2, Flags::NOSCRIPT, NONE, GROUP, "Gives an empty list.").since("7.0.0"),
    Spec::server("function|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("7.0.0"),
];

#[rustfmt::skip]
const SCRIPT: &[Spec] = &[
    Spec::server("script|flush", -2, Flags::NOSCRIPT, NONE, GROUP, "Does nothing.").since("2.6.0"),
    Spec::server("script|exists", -3, Flags::NOSCRIPT, NONE, GROUP, "Gives 0 for each digest.").since("2.6.0").complexity("O(N)"),
    Spec::server("script|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("5.0.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("function|flush", flush),
    ("function|list", list),
    ("script|flush", flush),
    ("script|exists", exists),
];

fn flush(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.ok();
    Ok(())
}

fn list(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.array(0);
    Ok(())
}

fn exists(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let count = call.arguments.len() - 2;
    call.out.array(count);
    (0..count).for_each(|_| call.out.integer(0));
    Ok(())
}
