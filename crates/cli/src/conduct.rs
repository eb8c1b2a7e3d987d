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
use plimsoll_runtime::{clock::Instant, log::Log, shutdown};

use crate::{
    Session,
    exit::{Exit, Failure},
    progress::{LastProgress, Progress},
    terminal,
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
    pub(crate) control: Arc<Control>,
    pub(crate) observer: Box<dyn Observer>,
    /// Whether some output needs each sample.
    pub(crate) keep_samples: bool,
    pub(crate) first_signal: FirstSignal,
    /// Whether the end of the run is followed by nothing until Ctrl-C.
    pub(crate) lingers: bool,
}

/// A run that is over.
pub(crate) struct Conducted {
    pub(crate) finished: Finished,
    /// Why the generator was the limit, in sentences.
    pub(crate) reasons: Vec<String>,
    pub(crate) progress: LastProgress,
    /// When the first signal came.
    pub(crate) signaled: Option<Instant>,
}

impl<R: Runner> Conduct<R> {
    /// Runs it to its end. Blocks.
    pub(crate) fn run(self, session: &Session) -> Result<Conducted, Failure> {
        let log = session.log;
        let signaled = interrupt_on_signals(&self.control, self.first_signal, self.lingers, log)?;
        if let Err(error) = shutdown::raise_fd_limit() {
            log.warn(&format!("cannot raise the limit of open files: {error}"));
        }
        let progress = Progress::start(session.display.clone(), &self.control)?;
        let watch = Watch::start();
        let finished = plimsoll_engine::run::run(RunSetup {
            config: self.config,
            runner: self.runner,
            registry: self.registry,
            thresholds: self.thresholds,
            control: self.control,
            observer: self.observer,
            keep_samples: self.keep_samples,
            observations: None,
        });
        let reasons = watch.verdict(&finished.totals, finished.duration);
        let progress = progress.stop();
        if self.lingers && finished.error.is_none() {
            if !session.global.quiet {
                terminal::print("\nThe run is over; --linger waits for Ctrl-C\n")?;
            }
            // At once when the run itself was ended so.
            signaled.wait();
        }
        let signaled = signaled.get().copied();
        Ok(Conducted { finished, reasons, progress, signaled })
    }
}

/// The first Ctrl-C ends gracefully, the second at once, a third kills.
fn interrupt_on_signals(
    control: &Arc<Control>,
    first: FirstSignal,
    lingers: bool,
    log: &Log,
) -> Result<Arc<OnceLock<Instant>>, Failure> {
    let failed = |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
    let (control, log) = (Arc::clone(control), log.clone());
    let signals = shutdown::listen().map_err(failed)?;
    let signaled = Arc::new(OnceLock::new());
    let seen = Arc::clone(&signaled);
    signals
        .spawn(move |count, signal| match count {
            1 => {
                log.debug(&format!("stopping because of {signal}"));
                seen.get_or_init(Instant::now);
                if control.test_progress().stage == Stage::Done && !lingers {
                    log.warn("the run is over, only its summary is not: once more ends that too");
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
            _ =>
            {
                #[expect(clippy::exit, reason = "the person asked three times")]
                std::process::exit(i32::from(Exit::Interrupted.code()))
            }
        })
        .map_err(failed)?;
    Ok(signaled)
}
