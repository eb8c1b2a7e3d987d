//! Ctrl-C during a search: the first ends it after what is under way, the second at once.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plimsoll_engine::control::{Control, StopReason};
use plimsoll_runtime::{clock::Instant, shutdown};

use crate::exit::{Exit, Failure};

/// Whether the person asked for the end, and the run that is to hear of it.
#[derive(Default)]
pub(super) struct Interrupt {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    signals: u32,
    running: Option<Arc<Control>>,
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Arc<Interrupt>, Failure> {
        let failed =
            |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
        let interrupt = Arc::new(Interrupt::default());
        let told = Arc::clone(&interrupt);
        let signals = shutdown::listen().map_err(failed)?;
        let thread = signals.spawn(move |count, _| {
            if count > 2 {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            let mut state = told.lock();
            state.signals = count;
            if let Some(control) = &state.running {
                end(control, count);
            }
            drop(state);
            told.changed.notify_all();
        });
        thread.map(|_| interrupt).map_err(failed)
    }

    /// A run that is to end when the person says so; perhaps at once.
    pub(super) fn begin(&self, control: &Arc<Control>) {
        let mut state = self.lock();
        if state.signals > 0 {
            end(control, state.signals);
        }
        state.running = Some(Arc::clone(control));
    }

    pub(super) fn is_set(&self) -> bool {
        self.lock().signals > 0
    }

    /// Waits for `rest`, or until the person asks for the end.
    pub(super) fn rest(&self, rest: Duration) {
        let until = Instant::now() + rest;
        let mut state = self.lock();
        while state.signals == 0 {
            let left = until.since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(control: &Control, signals: u32) {
    if signals > 1 {
        control.stop(StopReason::Signal);
    } else {
        control.drain(StopReason::Signal);
    }
}
