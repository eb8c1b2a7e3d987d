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

impl Status {
    /// Which is worth more where not all can be shown.
    fn rank(self) -> u8 {
        match self {
            Status::Running | Status::Stopping => 0,
            Status::Waiting => 1,
            Status::Interrupted | Status::Ended | Status::Done => 2,
        }
    }
}

/// The lines on a terminal of `size`; `None` where nothing is drawn in place: then the bars are
/// percentages.
pub fn render(view: &ProgressView, size: Option<Size>, color: bool) -> Vec<String> {
    let mut lines = vec![headline(view)];
    let bars = match view.stage {
        Stage::Init { .. } => Vec::new(),
        _ => bar::rows(&view.scenarios, size.map(|size| size.columns), color),
    };
    let Some(size) = size else {
        lines.extend(bars);
        lines.extend(Some(view.watched.clone()).filter(|line| !line.is_empty()));
        return lines;
    };
    // A blank line is above all of it, and the cursor stands below.
    let room = size.rows.saturating_sub(2);
    // Figures have a blank line before them, and not more than half of the room as long as bars need it.
    let figures = if view.live.is_empty() { 0 } else { view.live.len() + 1 };
    let kept = Some(figures.min(room / 2)).filter(|lines| *lines >= 2).unwrap_or(0);
    let room_for_bars = room.saturating_sub(kept);
    add_bars(&mut lines, view, bars, room_for_bars, size.columns);
    let used: usize = lines.iter().map(|line| display::height(line, size.columns)).sum();
    add_figures(&mut lines, view, room.saturating_sub(used), size.columns.saturating_sub(1), color);
    lines
}

/// As many as find room; when some do not, those that run are shown first.
fn add_bars(
    lines: &mut Vec<String>,
    view: &ProgressView,
    mut bars: Vec<String>,
    room: usize,
    columns: usize,
) {
    let height = |line: &String| display::height(line, columns);
    let mut used: usize = lines.iter().map(height).sum();
    if used + bars.iter().map(height).sum::<usize>() > room {
        let mut ranked: Vec<_> = view.scenarios.iter().map(|s| s.status.rank()).zip(bars).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        bars = ranked.into_iter().map(|(_, bar)| bar).collect();
        let all = bars.len();
        let fits = bars.iter().take_while(|bar| {
            used += height(bar);
            // One line is for what is left out.
            used < room
        });
        let shown = fits.count();
        bars.truncate(shown);
        let noun = if all - shown == 1 { "scenario" } else { "scenarios" };
        bars.push(format!("... and {} more {noun}", all - shown));
        if used > room && shown == 0 {
            bars.clear();
        }
    }
    lines.extend(bars);
}

/// Below the bars, as far as there is room.
fn add_figures(
    lines: &mut Vec<String>,
    view: &ProgressView,
    room: usize,
    width: usize,
    color: bool,
) {
    let left = room.saturating_sub(1);
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
