//! Progress on standard error: plain lines in a pipe; on a terminal lines that stay, and below them two
//! that change.

use std::{
    io::{StderrLock, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use plimsoll_analysis::capacity::Outcome;
use plimsoll_outputs::{
    progress::Size,
    search::{Now, Second},
};

use super::figures::{milliseconds, number};
use crate::Session;

/// Cells of the bar.
const BAR: usize = 12;

/// Who follows too, beside the terminal.
pub(in crate::commands) trait Follower: Send + Sync {
    /// Something else goes on now, in words; `run` when load is part of it.
    fn begin(&self, words: &str, run: Option<Now>);

    /// A second of the run that goes on.
    fn second(&self, second: Second);
}

/// Where the progress goes.
#[derive(Clone)]
pub(in crate::commands) struct Screen {
    is_quiet: bool,
    can_draw: bool,
    has_colors: bool,
    /// Lines at the end that change.
    drawn: Arc<AtomicUsize>,
    follower: Option<Arc<dyn Follower>>,
}

impl Screen {
    pub(in crate::commands) fn new(session: &Session) -> Screen {
        let terminal = session.terminal;
        let can_draw = terminal.stderr_is_tty && terminal.can_draw;
        Screen {
            is_quiet: session.global.quiet,
            can_draw,
            has_colors: can_draw && terminal.color_allowed,
            drawn: Arc::default(),
            follower: None,
        }
    }

    /// Tells `follower` too.
    pub(in crate::commands) fn with(self, follower: Option<Arc<dyn Follower>>) -> Screen {
        Screen { follower, ..self }
    }

    /// For runs that are nobody else's business.
    pub(in crate::commands) fn alone(&self) -> Screen {
        self.clone().with(None)
    }

    /// Says something that stays.
    pub(in crate::commands) fn line(&self, text: &str) {
        if !self.is_quiet {
            self.write(|stderr| writeln!(stderr, "{text}"));
        }
    }

    /// Says what a trial showed; in a pipe also what is known now, which a terminal has in the lines that
    /// change.
    pub(in crate::commands) fn trial(
        &self,
        words: &str,
        outcome: &Outcome,
        verdict: &str,
        so_far: &str,
    ) {
        if !self.can_draw {
            return self.line(&format!("{words}  {verdict}  [{so_far}]"));
        }
        let (sign, color) = match outcome {
            Outcome::Pass => ("✓", "32"),
            Outcome::Fail(_) => ("✗", "31"),
            Outcome::Undecided { .. } => ("?", "33"),
            Outcome::Invalid(_) => ("–", "35"),
        };
        self.line(&format!("{words}  {} {verdict}", self.colored(color, sign)));
    }

    /// Shows a second of a trial. `words`: before its figures, and on the line below; `of`: seconds in all.
    pub(in crate::commands) fn second(
        &self,
        words: &(String, String),
        at: usize,
        of: u64,
        open: bool,
        second: Second,
    ) {
        if let Some(follower) = &self.follower {
            follower.second(second);
        }
        let (before, below) = words;
        let bar = bar(at, of);
        let figures = match open {
            true => {
                let p99 = milliseconds(second.p99_ms);
                format!("p(99) {p99}, {:.0} in flight", second.in_flight)
            }
            false => format!("{}/s", number(second.done)),
        };
        self.draw(&[&format!("{before}  {bar} {at} of {of} s  {figures}"), below]);
    }

    /// As [`Screen::update`], and tells whoever follows. `run`: when load is part of it.
    pub(in crate::commands) fn doing(&self, words: &str, run: Option<Now>) {
        if let Some(follower) = &self.follower {
            follower.begin(words, run);
        }
        self.update(words);
    }

    /// Shows something until the next line or update; only on a terminal.
    pub(in crate::commands) fn update(&self, text: &str) {
        self.draw(&[text]);
    }

    fn draw(&self, lines: &[&str]) {
        if self.is_quiet || !self.can_draw {
            return;
        }
        let width = Size::detect().unwrap_or(Size::DEFAULT).columns.saturating_sub(1);
        let cut = |text: &&str| text.chars().take(width).collect::<String>();
        let text = lines.iter().filter(|text| !text.is_empty()).map(cut).collect::<Vec<_>>();
        self.write(|stderr| write!(stderr, "{}", text.join("\n")));
        self.drawn.store(text.len(), Relaxed);
    }

    fn colored(&self, color: &str, text: &str) -> String {
        match self.has_colors {
            true => format!("\x1b[{color}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// Takes away what changes.
    pub(in crate::commands) fn clear(&self) {
        self.write(|_| Ok(()));
    }

    /// A terminal that has gone is nobody's error.
    fn write(&self, text: impl FnOnce(&mut StderrLock) -> std::io::Result<()>) {
        let mut stderr = std::io::stderr().lock();
        let cleared = match self.drawn.swap(0, Relaxed) {
            0 => Ok(()),
            lines => write!(stderr, "\r\x1b[K{}", "\x1b[1A\x1b[K".repeat(lines - 1)),
        };
        drop(cleared.and_then(|()| text(&mut stderr)).and_then(|()| stderr.flush()));
    }
}

/// `━━━━━───────`
fn bar(at: usize, of: u64) -> String {
    let share = at as f64 / (of as f64).max(1.0);
    let full = ((share * BAR as f64).round() as usize).min(BAR);
    "━".repeat(full) + &"─".repeat(BAR - full)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_never_longer() {
        assert_eq!(bar(0, 8), "────────────");
        assert_eq!(bar(4, 8), "━━━━━━──────");
        assert_eq!(bar(9, 8), "━━━━━━━━━━━━");
        assert_eq!(bar(1, 0), "━━━━━━━━━━━━");
    }
}
