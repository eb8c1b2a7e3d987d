//! The progress display of a run: a thread that shows the engine's figures.

use std::{
    io::Write,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use plimsoll_engine::{
    control::{Control, StopReason},
    progress::{ScenarioProgress, ScenarioState, Stage as EngineStage},
};
use plimsoll_outputs::progress::{
    Display, Live, ProgressView, ScenarioView, Size, Stage, Status, Terms,
};

use crate::{
    exit::{Exit, Failure},
    terminal::Terminal,
};

/// Between two looks at the figures; a person sees no difference below it.
const PERIOD: Duration = Duration::from_millis(100);

/// Which of the two the progress is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Where the progress goes: bars on a terminal, lines in a pipe, nothing with `--quiet`.
pub(crate) fn display(terminal: Terminal, stream: Stream, quiet: bool) -> Display {
    let (out, is_tty): (Box<dyn Write + Send>, bool) = match stream {
        Stream::Stdout => (Box::new(std::io::stdout()), terminal.stdout_is_tty),
        Stream::Stderr => (Box::new(std::io::stderr()), terminal.stderr_is_tty),
    };
    if quiet {
        Display::quiet()
    } else if is_tty && terminal.can_draw {
        let size = || Size::detect().unwrap_or(Size::DEFAULT);
        Display::terminal(out, size, terminal.color_allowed)
    } else {
        Display::lines(out)
    }
}

/// What is shown of a run.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) control: Arc<Control>,
    pub(crate) terms: Terms,
    /// Requests that are one iteration of the engine's.
    pub(crate) batch: u32,
    pub(crate) live: Live,
    /// Whether lines in a pipe tell of what is watched.
    pub(crate) is_watching: bool,
    /// Whether the person can press keys.
    pub(crate) has_keys: bool,
}

impl Shown {
    /// Of a run in which each iteration is one piece of work, without keys.
    pub(crate) fn new(control: Arc<Control>, terms: Terms, live: Live, is_watching: bool) -> Shown {
        Shown { control, terms, batch: 1, live, is_watching, has_keys: false }
    }
}

/// Draws until it is stopped.
pub(crate) struct Progress {
    display: Display,
    shown: Shown,
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn start(display: Display, shown: Shown) -> Result<Progress, Failure> {
        let (stop, stopped) = sync_channel(1);
        let (on_thread, drawn) = (display.clone(), shown.clone());
        let draw = move || {
            // Looks fall on round tenths of the run's own time, which is what is shown.
            let pause = || PERIOD - remainder(drawn.control.test_progress().elapsed);
            while stopped.recv_timeout(pause()) == Err(RecvTimeoutError::Timeout) {
                on_thread.draw(&drawn.view());
            }
        };
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(draw)
            .map_err(|error| Failure::new(Exit::Other, format!("start a thread: {error}")))?;
        Ok(Progress { display, shown, stop, thread })
    }

    /// Takes the bars away; the returned value puts their last state below the summary.
    pub(crate) fn stop(self) -> LastProgress {
        // The thread may be drawing; it ends with its channel.
        drop(self.stop);
        if self.thread.join().is_ok() {
            self.display.clear();
        }
        LastProgress { display: self.display, shown: self.shown }
    }
}

/// What `elapsed` is over a whole number of periods.
fn remainder(elapsed: Duration) -> Duration {
    let nanos = elapsed.as_nanos() % PERIOD.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// The state at the end of a run.
pub(crate) struct LastProgress {
    display: Display,
    shown: Shown,
}

impl LastProgress {
    pub(crate) fn show(self) {
        // The summary above has said the rest.
        self.display.finish(&ProgressView {
            stage: Stage::Finished,
            live: Arc::new([]),
            watched: String::new(),
            ..self.shown.view()
        });
    }
}

impl Shown {
    /// The engine's figures as the display takes them.
    fn view(&self) -> ProgressView {
        let control = &self.control;
        let test = control.test_progress();
        let figures = control.figures();
        let reason = control.reason();
        let stage = match test.stage {
            EngineStage::Initializing => {
                Stage::Init { done: test.vus_initialized, planned: test.vus_planned }
            }
            EngineStage::Setup => Stage::Setup,
            EngineStage::Scenarios if control.is_paused() => Stage::Paused,
            EngineStage::Scenarios => Stage::Running,
            EngineStage::Teardown => Stage::Teardown,
            EngineStage::Done => Stage::Finished,
        };
        let requests = |iterations: u64| iterations.saturating_mul(self.batch.into());
        let scenario = |progress| scenario(self.in_terms(progress), reason.as_ref());
        ProgressView {
            stage,
            terms: self.terms,
            elapsed: test.elapsed,
            longest: test.max_duration,
            vus_active: figures.vus_active,
            vus: test.vus_initialized,
            iterations_completed: requests(figures.iterations_completed),
            iterations_interrupted: requests(figures.iterations_interrupted),
            scenarios: control.progress().into_iter().map(scenario).collect(),
            live: self.live.rows(),
            watched: if self.is_watching { self.live.watched_line() } else { String::new() },
            hint: self.hint(),
        }
    }

    /// In the words of what runs; of requests that are sent together, the schedule counts each.
    fn in_terms(&self, mut progress: ScenarioProgress) -> ScenarioProgress {
        if let Some(words) = progress.columns.first_mut()
            && let Some(count) = words.strip_suffix(Terms::SCRIPT.workers)
        {
            *words = format!("{count}{}", self.terms.workers);
        }
        let words = progress.columns.last_mut().filter(|_| self.batch > 1);
        if let (Some(rate), Some(words)) = (progress.rate, words) {
            *words = format!("{:.2} hits/s", rate * f64::from(self.batch));
        }
        progress
    }

    fn hint(&self) -> &'static str {
        match () {
            () if !self.has_keys || self.control.is_stopping() => "",
            () if self.control.is_draining() => "stopping; q once more interrupts what still runs",
            () => "q stops gracefully",
        }
    }
}

/// One that has sent all that there was is as done as one whose time is over. One that the person ended,
/// by the key for that or because nothing else would have, has not failed.
fn scenario(progress: ScenarioProgress, reason: Option<&StopReason>) -> ScenarioView {
    let is_endless = progress.duration.is_none() && progress.iterations_total.is_none();
    let status = match (progress.state, reason) {
        (ScenarioState::Waiting, _) => Status::Waiting,
        (ScenarioState::Running, _) if progress.progress >= 1.0 => Status::Stopping,
        (ScenarioState::Running, _) => Status::Running,
        (ScenarioState::Done, _) if progress.succeeded => Status::Done,
        (ScenarioState::Done, Some(StopReason::Exhausted)) => Status::Done,
        (ScenarioState::Done, Some(StopReason::Quit)) => Status::Ended,
        (ScenarioState::Done, Some(StopReason::Signal)) if is_endless => Status::Ended,
        (ScenarioState::Done, _) => Status::Interrupted,
    };
    ScenarioView {
        name: progress.name,
        status,
        progress: progress.progress,
        columns: progress.columns,
    }
}
