//! Ctrl-C during several runs: the first ends them after what is under way, the second at once.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plimsoll_engine::control::{Control, StopReason};
use plimsoll_runtime::{clock::Instant, shutdown};

use crate::exit::{Exit, Failure};

/// What is under way when the first Ctrl-C comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::commands) enum First {
    /// Requests that were sent; no more are.
    #[default]
    Drains,
    /// The whole run.
    Finishes,
}

/// Whether the person asked for the end, and the run that is to hear of it.
#[derive(Default)]
pub(in crate::commands) struct Interrupt {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    first: First,
    signals: u32,
    running: Option<Arc<Control>>,
}

impl Interrupt {
    /// Listens from now on.
    pub(in crate::commands) fn listen(first: First) -> Result<Arc<Interrupt>, Failure> {
        let failed =
            |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
        let interrupt = Arc::new(Interrupt::default());
        interrupt.lock().first = first;
        let told = Arc::clone(&interrupt);
        let signals = shutdown::listen().map_err(failed)?;
        let thread = signals.spawn(move |count, _| {
            if count > 2 {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            let mut state = told.lock();
            state.signals = count;
            if let Some(control) = &state.running {
                end(control, &state);
            }
            drop(state);
            told.changed.notify_all();
        });
        thread.map(|_| interrupt).map_err(failed)
    }

    /// A run that is to end when the person says so; perhaps at once.
    pub(in crate::commands) fn begin(&self, control: &Arc<Control>) {
        let mut state = self.lock();
        if state.signals > 0 {
            end(control, &state);
        }
        state.running = Some(Arc::clone(control));
    }

    pub(in crate::commands) fn is_set(&self) -> bool {
        self.lock().signals > 0
    }

    /// How often the person asked for the end.
    pub(in crate::commands) fn signals(&self) -> u32 {
        self.lock().signals
    }

    /// Waits for `pause`, or until the person asks for the end once more.
    pub(in crate::commands) fn pause(&self, pause: Duration) {
        // When it ends early, whoever waits looks again.
        drop(self.changed.wait_timeout(self.lock(), pause));
    }

    /// Waits until the person asks for the end.
    pub(in crate::commands) fn linger(&self) {
        let mut state = self.lock();
        while state.signals == 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for `rest`, or until the person asks for the end.
    pub(in crate::commands) fn rest(&self, rest: Duration) {
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

fn end(control: &Control, state: &State) {
    match (state.signals, state.first) {
        (1, First::Finishes) => {}
        (1, First::Drains) => control.drain(StopReason::Signal),
        _ => control.stop(StopReason::Signal),
    }
}
