//! EXEC: what was queued is run, and each command of it watched as one that comes alone.

use std::sync::{Arc, atomic::Ordering};

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::Command;

use super::{Dispatch, counting::Counting, permissions, tracking::remember};
use crate::{
    commands::{self, Execution, Held, Outcome, Ran, Reply, Spec},
    serve::{
        clients::{Client, session::Session},
        node::Node,
        server::{self, ServerCall},
        telemetry::statistics::WorkerCounters,
    },
    store::Millis,
};

impl Dispatch<'_, '_> {
    pub(super) fn exec(&mut self) -> Outcome {
        let Dispatch { node, session, batch, out, counters, is_monitored, .. } = self;
        // Commands within may look at the session, but for its transaction.
        let mut transaction = std::mem::take(&mut session.transaction);
        let mut watched = Watched {
            node,
            session,
            counters: *counters,
            is_monitored: *is_monitored,
            now: batch.now,
            previous: Instant::now(),
        };
        let outcome = transaction.exec(batch, &mut watched, out);
        session.transaction = transaction;
        outcome
    }
}

/// The commands of a transaction, seen from the server.
struct Watched<'e> {
    node: &'e Arc<Node>,
    session: &'e mut Session,
    counters: Option<&'e WorkerCounters>,
    is_monitored: bool,
    now: Millis,
    /// When the command before ended.
    previous: Instant,
}

impl Execution for Watched<'_> {
    fn begin(&mut self, spec: &'static Spec, command: Command<'_>) -> Outcome {
        permissions::check_queued(self.node, self.session, spec, command, self.now)?;
        if self.is_monitored {
            tell_monitors(self.node, &self.session.client, spec, command, self.now);
        }
        remember(self.node, self.session, spec, (command, spec.keys.places(command)), self.now);
        Ok(())
    }

    fn serve(
        &mut self,
        spec: &'static Spec,
        command: Command<'_>,
        held: &mut Held<'_>,
        out: &mut Reply,
    ) -> Outcome {
        server::run(ServerCall {
            node: self.node,
            session: self.session,
            spec,
            arguments: command,
            held,
            out,
            now: self.now,
            is_queued: true,
        })
    }

    fn end(&mut self, spec: &'static Spec, command: Command<'_>, ran: Ran, reply: &[u8]) {
        let now = Instant::now();
        let nanos = now.nanos().saturating_sub(self.previous.nanos());
        self.previous = now;
        let counting = Counting {
            node: self.node,
            counters: self.counters,
            client: &self.session.client,
            now: self.now,
        };
        if let Some(number) = commands::number_of(spec.name) {
            counting.ran(number, spec, command, ran == Ran::Failed, Some(nanos));
        }
        if ran == Ran::Failed {
            counting.error(reply);
        }
    }
}

/// Shows a command to those who want to see all.
pub(super) fn tell_monitors(
    node: &Node,
    client: &Client,
    spec: &Spec,
    command: Command<'_>,
    now: Millis,
) {
    let limits = node.parameters.limits();
    let closed = node.monitors.tell(spec, command, client, &limits, now);
    node.events.messages_undelivered.fetch_add(closed, Ordering::Relaxed);
}
