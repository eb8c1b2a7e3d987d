//! What every command that drives the engine does around it: signals, the limit of open files,
//! progress, and whether the generator was the limit.

use std::sync::{Arc, OnceLock};

use plimsoll_engine::{
    config::RunConfig,
    control::{Control, StopReason},
    hub::Observer,
    progress::Stage,
    run::{Finished, RunSetup},
    runner::Runner,
};
use plimsoll_metrics::{Registry, threshold::ThresholdGroup};
use plimsoll_outputs::progress::Terms;
use plimsoll_runtime::{clock::Instant, log::Log, shutdown};

use crate::{
    Session,
    exit::{Exit, Failure},
    keys::{self, Keys},
    progress::{LastProgress, Progress, Shown},
    see::Watched,
    validity::Watch,
};

/// What the first Ctrl-C does; the second always ends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstSignal {
    /// Running iterations are interrupted, as in k6.
    Interrupts,
    /// Nothing new is sent, what is under way may end.
    Drains,
}

/// A run that is about to start.
pub(crate) struct Conduct<R: Runner> {
    pub(crate) config: RunConfig,
    pub(crate) runner: Arc<R>,
    pub(crate) registry: Registry,
    pub(crate) thresholds: Vec<ThresholdGroup>,
    pub(crate) observer: Box<dyn Observer>,
    /// Whether some output needs each sample.
    pub(crate) keep_samples: bool,
    pub(crate) first_signal: FirstSignal,
    /// Whether the end of the run is followed by nothing until Ctrl-C.
    pub(crate) lingers: bool,
    pub(crate) shown: Shown,
    pub(crate) watched: Option<Watched>,
}

/// A run that is over.
pub(crate) struct Conducted {
    pub(crate) finished: Finished,
    /// Why the generator was the limit, in sentences.
    pub(crate) reasons: Vec<String>,
    pub(crate) progress: LastProgress,
    /// When the person first asked for the end.
    pub(crate) signaled: Arc<OnceLock<Instant>>,
    /// Pressed until this is dropped.
    _keys: Option<Keys>,
}

impl Conducted {
    /// The reasons as marks of the run.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.reasons.iter().map(|reason| format!("INVALID: {reason}")).collect()
    }

    /// Waits until the person asks for the end; not at all when the run itself was ended so.
    pub(crate) fn linger(&self) {
        self.signaled.wait();
    }
}

impl<R: Runner> Conduct<R> {
    /// Runs it to its end. Blocks.
    pub(crate) fn run(self, session: &Session) -> Result<Conducted, Failure> {
        let log = session.log;
        let control = Arc::clone(&self.shown.control);
        let ending = Ending {
            control: Arc::clone(&control),
            signaled: Arc::new(OnceLock::new()),
            lingers: self.lingers,
            terms: self.shown.terms,
            log: log.clone(),
        };
        ending.on_signals(self.first_signal)?;
        if let Err(error) = shutdown::raise_fd_limit() {
            log.warn(&format!("cannot raise the limit of open files: {error}"));
        }
        let keys = if session.takes_keys() { ending.on_keys() } else { None };
        let shown = Shown { has_keys: keys.is_some(), ..self.shown };
        let mut watched = self.watched;
        let observations = watched.as_mut().and_then(Watched::take_observations);
        let progress = Progress::start(session.display.clone(), shown)?;
        let watch = Watch::start();
        let finished = plimsoll_engine::run::run(RunSetup {
            config: self.config,
            runner: self.runner,
            registry: self.registry,
            thresholds: self.thresholds,
            control,
            observer: self.observer,
            keep_samples: self.keep_samples,
            observations,
        });
        let reasons = watch.verdict(&finished.totals, finished.duration);
        if let Some(watched) = watched {
            watched.stop(log);
        }
        let progress = progress.stop();
        Ok(Conducted { finished, reasons, progress, signaled: ending.signaled, _keys: keys })
    }
}

/// The ways in which a person ends a run.
struct Ending {
    control: Arc<Control>,
    signaled: Arc<OnceLock<Instant>>,
    lingers: bool,
    terms: Terms,
    log: Log,
}

impl Ending {
    /// The first Ctrl-C ends gracefully, the second at once, a third kills.
    fn on_signals(&self, first: FirstSignal) -> Result<(), Failure> {
        let failed =
            |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
        let (control, log) = (Arc::clone(&self.control), self.log.clone());
        let (signaled, lingers, run) = (Arc::clone(&self.signaled), self.lingers, self.terms.run);
        let signals = shutdown::listen().map_err(failed)?;
        let thread = signals.spawn(move |count, signal| match count {
            1 => {
                log.debug(&format!("stopping because of {signal}"));
                signaled.get_or_init(Instant::now);
                if control.test_progress().stage == Stage::Done && !lingers {
                    log.warn(&format!(
                        "the {run} is over, only its summary is not: once more ends that too"
                    ));
                }
                match first {
                    FirstSignal::Interrupts => control.stop(StopReason::Signal),
                    FirstSignal::Drains => control.drain(StopReason::Signal),
                }
            }
            2 => {
                log.error(&format!("aborting because of a second {signal}"));
                match first {
                    FirstSignal::Interrupts => control.abort(),
                    FirstSignal::Drains => control.stop(StopReason::Signal),
                }
            }
            _ => {
                keys::restore();
                std::process::exit(i32::from(Exit::Interrupted.code()))
            }
        });
        thread.map(drop).map_err(failed)
    }

    /// The first `q` lets running iterations end, the second interrupts them.
    fn on_keys(&self) -> Option<Keys> {
        let (control, signaled) = (Arc::clone(&self.control), Arc::clone(&self.signaled));
        let keys = Keys::listen(move |key| {
            if !matches!(key, b'q' | b'Q') {
                return;
            }
            signaled.get_or_init(Instant::now);
            if control.is_draining() {
                control.stop(StopReason::Quit);
            } else {
                control.drain(StopReason::Quit);
            }
        });
        keys.inspect_err(|error| self.log.debug(&format!("cannot listen for keys: {error}"))).ok()
    }
}
