//! From loading to the end: what phase a server is in, and how it is asked to end.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

use super::{locked, node::Node};

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody is served yet.
    Loading,
    Serving,
    /// Nobody new is served.
    Stopping,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Loading => "loading",
            Phase::Serving => "serving",
            Phase::Stopping => "stopping",
        }
    }
}

/// Of one server.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    phase: AtomicU8,
    /// Why it is to end, once it is.
    asked: Mutex<Option<String>>,
    is_asked: Condvar,
}

impl Lifecycle {
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Loading,
            1 => Phase::Serving,
            _ => Phase::Stopping,
        }
    }

    /// A later phase stays: a server that stops while it loads does not begin to serve.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::Relaxed);
    }

    /// Asks for the end; the first one to ask says why.
    pub(crate) fn ask(&self, why: &str) {
        locked(&self.asked).get_or_insert_with(|| why.to_owned());
        self.is_asked.notify_all();
    }

    /// Waits until somebody asks for the end, or for that long; why, when somebody does.
    fn wait(&self, limit: Option<Duration>) -> Option<String> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut asked = locked(&self.asked);
        while asked.is_none() {
            let Some(deadline) = deadline else {
                asked = self.is_asked.wait(asked).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.is_asked.wait_timeout(asked, left);
            asked = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        asked.clone()
    }
}

/// Asks a server to end, from any thread and as often as one likes. [`super::Running::wait`] returns then.
#[derive(Clone)]
pub struct Ender(pub(super) Arc<Node>);

impl Ender {
    /// `why` is logged.
    pub fn end(&self, why: &str) {
        self.0.lifecycle.ask(why);
    }
}

impl std::fmt::Debug for Ender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Ender").field(&self.0.addr).finish()
    }
}

impl super::Running {
    /// For signals and the like.
    pub fn ender(&self) -> Ender {
        Ender(Arc::clone(self.node()))
    }

    /// Blocks until somebody asks the server to end ([`Ender::end`], SHUTDOWN), or for that long. The server
    /// goes on until it is dropped.
    pub fn wait(&self, limit: Option<Duration>) {
        let why = self.node().lifecycle.wait(limit);
        let why = why.as_deref().unwrap_or("its time is over");
        self.node().journal.info("stopping", &[("reason", why)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_only_go_on() {
        let lifecycle = Lifecycle::default();
        assert_eq!(lifecycle.phase(), Phase::Loading);
        for (entered, phase) in [
            (Phase::Serving, Phase::Serving),
            (Phase::Loading, Phase::Serving),
            (Phase::Stopping, Phase::Stopping),
            (Phase::Serving, Phase::Stopping),
        ] {
            lifecycle.enter(entered);
            assert_eq!(lifecycle.phase(), phase);
        }
    }

    #[test]
    fn the_first_reason_is_told() {
        let lifecycle = Lifecycle::default();
        assert_eq!(lifecycle.wait(Some(Duration::ZERO)), None);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lifecycle.wait(None));
            lifecycle.ask("SIGTERM");
            lifecycle.ask("SHUTDOWN");
            assert_eq!(waiting.join().unwrap().as_deref(), Some("SIGTERM"));
        });
    }
}
