//! What a run shows while it runs: one bar per scenario, in place on a terminal with some rows of figures
//! below, as plain lines elsewhere.
//!
//! [`render`] and [`banner`] are pure; [`Display`] draws what they make and lets log lines through;
//! [`Live`] follows the run for the figures.

mod banner;
mod bar;
mod display;
mod live;
mod size;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

pub use banner::{Banner, banner};
pub use display::{Display, LogWriter};
pub use live::{Cell, Live, Row, Source, Trend};
pub use size::Size;

use plimsoll_runtime::duration::fixed;

/// A run at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressView {
    pub stage: Stage,
    pub terms: Terms,
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
    /// Figures, for a terminal.
    pub live: Arc<[Row]>,
    /// What is watched, for a pipe.
    pub watched: String,
    /// What the person may do now, for a terminal.
    pub hint: &'static str,
}

/// What a run's parts are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Who does the work.
    pub workers: &'static str,
    /// What they do.
    pub work: &'static str,
    /// All of it.
    pub run: &'static str,
}

impl Terms {
    /// Of a script.
    pub const SCRIPT: Terms = Terms { workers: "VUs", work: "iterations", run: "test run" };
    /// Of an attack.
    pub const ATTACK: Terms = Terms { workers: "workers", work: "requests", run: "attack" };
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
    /// By the person, for whom it was to wait.
    Ended,
}

/// The lines on a terminal of `size`; `None` where nothing is drawn in place: then the bars are
/// percentages.
pub fn render(view: &ProgressView, size: Option<Size>, color: bool) -> Vec<String> {
    let mut lines = vec![headline(view)];
    if !matches!(view.stage, Stage::Init { .. }) {
        lines.extend(bar::rows(&view.scenarios, size.map(|size| size.columns), color));
    }
    match size {
        None if view.watched.is_empty() => {}
        None => lines.push(view.watched.clone()),
        Some(size) => add_figures(&mut lines, view, size, color),
    }
    lines
}

/// Below the bars, as far as there is room; of bars too many for the terminal the last are left out.
fn add_figures(lines: &mut Vec<String>, view: &ProgressView, size: Size, color: bool) {
    // A blank line is above all of it, and the cursor stands below.
    let room = size.rows.saturating_sub(2);
    let mut used = 0;
    let fits = lines.iter().take_while(|line| {
        used += display::height(line, size.columns);
        used <= room
    });
    let fitting = fits.count().max(1);
    if fitting < lines.len() {
        lines.truncate(fitting);
        return;
    }
    // One blank line before the figures and one before the hint.
    let left = room.saturating_sub(used + 1);
    let width = size.columns.saturating_sub(1);
    if view.live.is_empty() || left == 0 {
        return;
    }
    let figures = live::render(&view.live, width, left, color);
    let left = left - figures.len();
    lines.push(String::new());
    lines.extend(figures);
    if left > 1 && !view.hint.is_empty() {
        let hint: String = view.hint.chars().take(width).collect();
        lines.push(String::new());
        lines.push(if color { format!("\x1b[2m{hint}\x1b[22m") } else { hint });
    }
}

fn headline(view: &ProgressView) -> String {
    let stage = match view.stage {
        Stage::Init { done, planned } => {
            let digits = planned.to_string().len();
            let workers = view.terms.workers;
            return format!("init ({done:0digits$}/{planned} {workers} initialized)");
        }
        Stage::Setup => "setup",
        Stage::Running | Stage::Finished => "running",
        Stage::Paused => "paused",
        Stage::Teardown => "teardown",
    };
    let digits = view.vus.to_string().len();
    format!(
        "{stage} ({}), {:0digits$}/{} {}, {} complete and {} interrupted {}",
        fixed(view.elapsed, view.longest.unwrap_or(view.elapsed)),
        view.vus_active,
        view.vus,
        view.terms.workers,
        view.iterations_completed,
        view.iterations_interrupted,
        view.terms.work,
    )
}
