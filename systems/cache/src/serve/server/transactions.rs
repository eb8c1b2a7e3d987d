//! MULTI, EXEC, DISCARD, WATCH and UNWATCH. EXEC and WATCH need the locks of the batch, so they are run
//! where that is.

use super::{Handlers, ServerCall};
use crate::commands::{Flags, Group, KeyRule, Outcome, Spec};

const EASY: Flags =
    Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Transactions;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("multi", 1, EASY, NONE, GROUP, "Begins a transaction: commands are queued from now on.").since("1.2.0"),
    Spec::server("exec", 1, Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::SKIP_SLOWLOG), NONE, GROUP, "Runs what is queued, with nothing in between.").since("1.2.0").complexity("that of the commands"),
    Spec::server("discard", 1, EASY, NONE, GROUP, "Forgets what is queued.").since("2.0.0"),
    Spec::server("watch", -2, EASY, KeyRule::ALL, GROUP, "Lets EXEC do nothing if one of these keys is changed by then.").since("2.2.0").complexity("O(1) per key"),
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
