//! What a run shows while it runs: one bar per scenario, in place on a terminal, as plain lines elsewhere.
//!
//! [`render`] and [`banner`] are pure; [`Display`] draws what they make and lets log lines through.

mod banner;
mod bar;
mod display;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use banner::{Banner, banner};
pub use display::{Display, LogWriter, terminal_width};

use plimsoll_runtime::duration::fixed;

/// Columns taken when the terminal does not say how wide it is.
pub const DEFAULT_WIDTH: usize = 80;

/// A run at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressView {
    pub stage: Stage,
    /// Since the first scenario started.
    pub elapsed: Duration,
    /// How long the run may take, graceful stops included: decides the width of `elapsed`. None when
    /// only a stop ends it.
    pub longest: Option<Duration>,
    pub vus_active: u64,
    /// Made so far, or planned while they are being made.
    pub vus: u64,
    pub iterations_completed: u64,
    pub iterations_interrupted: u64,
    pub scenarios: Vec<ScenarioView>,
}

/// Where in its life a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// VUs are being made.
    Init {
        done: u64,
        planned: u64,
    },
    Setup,
    Running,
    Paused,
    Teardown,
    /// Over: the last figures.
    Finished,
}

/// A scenario at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioView {
    pub name: String,
    pub status: Status,
    /// 0.0..=1.0
    pub progress: f64,
    /// What stands right of the bar: VUs, time, and what else its executor says.
    pub columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Before its start time.
    Waiting,
    Running,
    /// Its time is up, the last iterations may finish.
    Stopping,
    Done,
    Interrupted,
}

/// The lines at `width` columns; `None` where nothing is drawn in place: then the bars are percentages.
pub fn render(view: &ProgressView, width: Option<usize>, color: bool) -> Vec<String> {
    let mut lines = vec![headline(view)];
    if !matches!(view.stage, Stage::Init { .. }) {
        lines.extend(bar::rows(&view.scenarios, width, color));
    }
    lines
}

fn headline(view: &ProgressView) -> String {
    let stage = match view.stage {
        Stage::Init { done, planned } => {
            let digits = planned.to_string().len();
            return format!("init ({done:0digits$}/{planned} VUs initialized)");
        }
        Stage::Setup => "setup",
        Stage::Running | Stage::Finished => "running",
        Stage::Paused => "paused",
        Stage::Teardown => "teardown",
    };
    let digits = view.vus.to_string().len();
    format!(
        "{stage} ({}), {:0digits$}/{} VUs, {} complete and {} interrupted iterations",
        fixed(view.elapsed, view.longest.unwrap_or(view.elapsed)),
        view.vus_active,
        view.vus,
        view.iterations_completed,
        view.iterations_interrupted,
    )
}
