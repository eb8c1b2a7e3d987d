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
    DEFAULT_WIDTH, Display, ProgressView, ScenarioView, Stage, Status, terminal_width,
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
    } else if is_tty {
        let columns = || terminal_width().unwrap_or(DEFAULT_WIDTH);
        Display::terminal(out, columns, terminal.color_allowed)
    } else {
        Display::lines(out)
    }
}

/// Draws until it is stopped.
pub(crate) struct Progress {
    display: Display,
    control: Arc<Control>,
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn start(display: Display, control: &Arc<Control>) -> Result<Progress, Failure> {
        let (stop, stopped) = sync_channel(1);
        let (shown, watched) = (display.clone(), Arc::clone(control));
        let draw = move || {
            // Looks fall on round tenths of the run's own time, which is what is shown.
            let pause = || PERIOD - remainder(watched.test_progress().elapsed);
            while stopped.recv_timeout(pause()) == Err(RecvTimeoutError::Timeout) {
                shown.draw(&view(&watched));
            }
        };
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(draw)
            .map_err(|error| Failure::new(Exit::Other, format!("start a thread: {error}")))?;
        Ok(Progress { display, control: Arc::clone(control), stop, thread })
    }

    /// Takes the bars away; the returned value puts their last state below the summary.
    pub(crate) fn stop(self) -> LastProgress {
        // The thread may be drawing; it ends with its channel.
        drop(self.stop);
        if self.thread.join().is_ok() {
            self.display.clear();
        }
        LastProgress { display: self.display, control: self.control }
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
    control: Arc<Control>,
}

impl LastProgress {
    pub(crate) fn show(self) {
        self.display.finish(&ProgressView { stage: Stage::Finished, ..view(&self.control) });
    }
}

/// The engine's figures as the display takes them.
fn view(control: &Control) -> ProgressView {
    let test = control.test_progress();
    let figures = control.figures();
    let is_exhausted = control.reason() == Some(StopReason::Exhausted);
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
    ProgressView {
        stage,
        elapsed: test.elapsed,
        longest: test.max_duration,
        vus_active: figures.vus_active,
        vus: test.vus_initialized,
        iterations_completed: figures.iterations_completed,
        iterations_interrupted: figures.iterations_interrupted,
        scenarios: control
            .progress()
            .into_iter()
            .map(|progress| scenario(progress, is_exhausted))
            .collect(),
    }
}

/// One that has sent all that there was is as done as one whose time is over.
fn scenario(progress: ScenarioProgress, is_exhausted: bool) -> ScenarioView {
    let status = match progress.state {
        ScenarioState::Waiting => Status::Waiting,
        ScenarioState::Running if progress.progress >= 1.0 => Status::Stopping,
        ScenarioState::Running => Status::Running,
        ScenarioState::Done if progress.succeeded || is_exhausted => Status::Done,
        ScenarioState::Done => Status::Interrupted,
    };
    ScenarioView {
        name: progress.name,
        status,
        progress: progress.progress,
        columns: progress.columns,
    }
}
