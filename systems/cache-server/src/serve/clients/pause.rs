//! CLIENT PAUSE: until when nobody, or nobody who writes, is served.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{
    commands::{Flags, Spec},
    store::Millis,
};

/// Looked at once per batch.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    /// In milliseconds since the epoch; 0 for none.
    until: AtomicU64,
    writes_only: AtomicBool,
}

impl Pause {
    /// A later end of an earlier pause stays, as in Redis; so does its being for all.
    pub(crate) fn start(&self, until: Millis, writes_only: bool, now: Millis) {
        let was_for_all = self.is_on(now) && !self.writes_only.load(Ordering::SeqCst);
        self.writes_only.store(writes_only && !was_for_all, Ordering::SeqCst);
        self.until.fetch_max(until.0, Ordering::SeqCst);
    }

    pub(crate) fn end(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// While this is false, [`Pause::holds_back`] need not be asked.
    pub(crate) fn is_on(&self, now: Millis) -> bool {
        self.until.load(Ordering::Relaxed) > now.0
    }

    pub(crate) fn holds_back(&self, spec: &Spec, now: Millis) -> bool {
        // A pause can be ended while it lasts.
        let is_exempt = matches!(spec.name, "client|unpause" | "client|pause" | "shutdown");
        let is_meant = !self.writes_only.load(Ordering::SeqCst)
            || spec.has(Flags::WRITE)
            || matches!(spec.name, "exec" | "publish" | "spublish");
        is_meant && !is_exempt && self.is_on(now)
    }
}
