//! MONITOR: see [`crate::serve::telemetry::monitor`].

use super::{Handlers, ServerCall};
use crate::{
    commands::{Flags, Group, KeyRule, Outcome, Spec},
    serve::clients::flag,
};

const MONITOR: Flags =
    Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE).and(Flags::NO_MULTI);

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("monitor", 1, MONITOR, KeyRule::None, Group::Server, "Shows every command that is run from now on."),
];

pub(super) const HANDLERS: Handlers = &[("monitor", monitor)];

fn monitor(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let client = &call.session.client;
    // First, for what it is sent to be weighed as what it has not asked for.
    client.set(flag::MONITOR, true);
    call.node.monitors.enter(client);
    call.out.ok();
    Ok(())
}
