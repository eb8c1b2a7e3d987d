//! The live page of a search: what goes on is told as it begins, and each second how far it is.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use plimsoll_outputs::search::{Now, Progress, Search, SearchPage, Second};
use plimsoll_runtime::clock::Instant;

use crate::commands::trials::screen::Follower;

/// Between two looks at the clock: a restart sends no news of its own, and its page shall not look dead.
const TICK: Duration = Duration::from_secs(1);

/// The page, and how far the search is.
pub(in crate::commands::capacity) struct Live {
    page: SearchPage,
    state: Mutex<State>,
    /// Ends the thread with the value.
    _clock: SyncSender<()>,
}

struct State {
    progress: Progress,
    /// When the search was so many seconds old.
    known: (Instant, f64),
    phase_began: Instant,
    is_over: bool,
}

impl Live {
    /// `begun`: what the page shows already.
    pub(super) fn start(page: SearchPage, begun: Progress) -> Arc<Live> {
        let now = Instant::now();
        let known = (now, begun.elapsed_s);
        let state = State { progress: begun, known, phase_began: now, is_over: false };
        let (clock, stopped) = sync_channel(1);
        let live = Arc::new(Live { page, state: Mutex::new(state), _clock: clock });
        let ticking = Arc::downgrade(&live);
        let tick = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let Some(live) = ticking.upgrade() else { return };
                live.tick();
            }
        };
        // Without the thread, the page goes on with each second of a trial.
        thread::Builder::new().name("live-page".to_owned()).spawn(tick).ok();
        live
    }

    pub(super) fn url(&self) -> String {
        self.page.server().url()
    }

    /// What goes on, when the search is `elapsed` seconds old. `whole`: all that is known, if that changed.
    pub(super) fn tell(&self, phase: &str, now: Option<Now>, elapsed: f64, whole: Option<Search>) {
        let mut state = self.lock();
        state.known = (Instant::now(), elapsed);
        state.turn(phase, now);
        match whole {
            Some(whole) => {
                let progress = Some(state.progress.clone());
                self.page.show(Search { progress, ..whole });
            }
            // All else is as it was.
            None => self.page.advance(&state.progress),
        }
    }

    /// The search is over.
    pub(super) fn end(&self, search: &Search) {
        let mut state = self.lock();
        state.is_over = true;
        self.page.show(search.clone());
        drop(state);
        self.page.flush();
    }

    fn tick(&self) {
        let mut state = self.lock();
        if !state.is_over {
            state.go_on();
            self.page.advance(&state.progress);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower for Live {
    fn begin(&self, words: &str, run: Option<Now>) {
        let mut state = self.lock();
        state.turn(words, run);
        self.page.advance(&state.progress);
    }

    fn second(&self, second: Second) {
        let mut state = self.lock();
        state.go_on();
        if let Some(now) = &mut state.progress.now {
            now.seconds.push(second);
            self.page.advance(&state.progress);
        }
    }
}

impl State {
    fn turn(&mut self, phase: &str, now: Option<Now>) {
        if self.progress.phase != phase {
            phase.clone_into(&mut self.progress.phase);
            self.phase_began = Instant::now();
        }
        self.progress.now = now;
        self.go_on();
    }

    fn go_on(&mut self) {
        let (when, elapsed) = self.known;
        self.progress.elapsed_s = elapsed + when.elapsed().as_secs_f64();
        self.progress.phase_s = self.phase_began.elapsed().as_secs_f64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_goes_on_until_another_begins() {
        let now = Instant::now();
        let mut state = State {
            progress: Progress::default(),
            known: (now, 10.0),
            phase_began: now,
            is_over: false,
        };
        state.turn("restart", None);
        let began = state.phase_began;
        state.turn("restart", Some(Now::default()));
        assert_eq!(state.phase_began, began, "it is the same");
        assert!(state.progress.elapsed_s >= 10.0 && state.progress.now.is_some());
        state.turn("confirm", None);
        assert!(state.phase_began >= began && state.progress.now.is_none());
    }
}
