//! MULTI, EXEC, DISCARD, WATCH and UNWATCH. EXEC and WATCH need the locks of the batch, so they are run
//! where that is.

use super::{Handlers, ServerCall};
use crate::commands::{Flags, Group, KeyRule, Outcome, Spec, Step};

const EASY: Flags =
    Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY);
/// Of those that are not queued.
const AT_ONCE: Flags = EASY.and(Flags::IMMEDIATE);
const EXEC: Flags = Flags::NOSCRIPT
    .and(Flags::LOADING)
    .and(Flags::STALE)
    .and(Flags::SKIP_SLOWLOG)
    .and(Flags::IMMEDIATE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Transactions;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("multi", 1, AT_ONCE, NONE, GROUP, "Begins a transaction: commands are queued from now on.").since("1.2.0"),
    Spec::server("exec", 1, EXEC, NONE, GROUP, "Runs what is queued, with nothing in between.").since("1.2.0").complexity("that of the commands").step(Step::Exec),
    Spec::server("discard", 1, AT_ONCE, NONE, GROUP, "Forgets what is queued.").since("2.0.0"),
    Spec::server("watch", -2, AT_ONCE, KeyRule::ALL, GROUP, "Lets EXEC do nothing if one of these keys is changed by then.").since("2.2.0").complexity("O(1) per key").step(Step::Watch),
    Spec::server("unwatch", 1, EASY, NONE, GROUP, "Watches no key any longer.").since("2.2.0"),
];

pub(super) const HANDLERS: Handlers =
    &[("multi", multi), ("discard", discard), ("unwatch", unwatch)];

fn multi(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.session.transaction.begin(call.out)
}

fn discard(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.session.transaction.discard(call.out)
}

fn unwatch(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.session.transaction.unwatch(call.out);
    Ok(())
}
