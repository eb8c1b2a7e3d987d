//! Draws progress on a terminal in place, or as lines elsewhere, and lets log lines through.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{ProgressView, Size, Stage, render};

/// How often a pipe gets lines.
const LINES_EVERY: Duration = Duration::from_secs(1);

/// Bytes of a log line that are kept until its end comes.
const LINE_LIMIT: usize = 64 * 1024;

/// Where progress goes. A clone draws on the same place.
///
/// When nobody reads any more (a closed pipe) it goes quiet; the run goes on.
#[derive(Clone)]
pub struct Display(Arc<Mutex<Inner>>);

struct Inner {
    out: Box<dyn Write + Send>,
    kind: Kind,
    color: bool,
    /// The lines that stand on the terminal now, to be drawn over.
    drawn: Vec<String>,
    /// When lines were last written to a pipe, by the run's own time.
    last_lines: Option<Duration>,
    failed: bool,
}

enum Kind {
    /// Asked for its size whenever something is drawn or cleared: it may be resized at any time.
    Terminal {
        size: Box<dyn Fn() -> Size + Send>,
    },
    Lines,
    Quiet,
}

impl Display {
    /// On a terminal; `size` says how large it is at the moment.
    pub fn terminal(
        out: Box<dyn Write + Send>,
        size: impl Fn() -> Size + Send + 'static,
        color: bool,
    ) -> Display {
        Display::new(out, Kind::Terminal { size: Box::new(size) }, color)
    }

    /// Into a pipe or file: lines once a second.
    pub fn lines(out: Box<dyn Write + Send>) -> Display {
        Display::new(out, Kind::Lines, false)
    }

    /// Shows nothing (`--quiet`).
    pub fn quiet() -> Display {
        Display::new(Box::new(io::sink()), Kind::Quiet, false)
    }

    fn new(out: Box<dyn Write + Send>, kind: Kind, color: bool) -> Display {
        let inner = Inner { out, kind, color, drawn: Vec::new(), last_lines: None, failed: false };
        Display(Arc::new(Mutex::new(inner)))
    }

    /// Whether it is worth to draw ten times a second.
    pub fn is_terminal(&self) -> bool {
        matches!(self.lock().kind, Kind::Terminal { .. })
    }

    /// Shows the run as it is now.
    pub fn draw(&self, view: &ProgressView) {
        let mut inner = self.lock();
        match inner.kind {
            Kind::Quiet => {}
            Kind::Terminal { .. } => {
                let size = inner.size();
                inner.draw_over(view, size);
            }
            Kind::Lines => {
                let is_due = match inner.last_lines {
                    None => view.elapsed >= LINES_EVERY,
                    Some(last) => view.elapsed >= last + LINES_EVERY,
                };
                if view.stage == Stage::Running && is_due {
                    // Whole seconds, so that a late call does not shift all that follow.
                    inner.last_lines = Some(Duration::from_secs(view.elapsed.as_secs()));
                    inner.write_lines(view);
                }
            }
        }
    }

    /// Shows the last figures, which stay.
    pub fn finish(&self, view: &ProgressView) {
        let mut inner = self.lock();
        match inner.kind {
            Kind::Quiet => {}
            Kind::Lines => inner.write_lines(view),
            Kind::Terminal { .. } => {
                // What stays may be longer than the terminal.
                let size = inner.size().map(|size| Size { rows: usize::MAX, ..size });
                inner.draw_over(view, size);
                inner.drawn.clear();
            }
        }
    }

    /// Removes what is drawn, for text that has the place to itself (the summary).
    pub fn clear(&self) {
        let mut inner = self.lock();
        let over = inner.clear_sequence(inner.size());
        inner.drawn.clear();
        inner.write(over.as_bytes());
    }

    /// A writer for a log on the same terminal: each line appears above the bars.
    ///
    /// `out` is where the log would go otherwise.
    pub fn log_writer(&self, out: Box<dyn Write + Send>) -> LogWriter {
        LogWriter { display: self.clone(), out, line: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Of the terminal, now; `None` where there is none.
    fn size(&self) -> Option<Size> {
        match &self.kind {
            Kind::Terminal { size } => Some(size()),
            Kind::Lines | Kind::Quiet => None,
        }
    }

    /// Writes the new lines over the old ones, each to its end, and clears only what is left below: a
    /// terminal that shows what it has between two bytes shows no gap.
    fn draw_over(&mut self, view: &ProgressView, size: Option<Size>) {
        let up = self.up_sequence(size);
        self.drawn = render(view, size, self.color);
        for line in &mut self.drawn {
            // Terminals disagree whether blanks at a line's end count when they wrap it anew.
            line.truncate(line.trim_end_matches(' ').len());
        }
        let text = up + &self.drawn_text() + "\x1b[J";
        self.write(text.as_bytes());
    }

    /// Goes to the first of the drawn lines.
    fn up_sequence(&self, size: Option<Size>) -> String {
        let Some(size) = size.filter(|_| !self.drawn.is_empty()) else { return String::new() };
        // One that was drawn on a wider terminal has been wrapped meanwhile.
        let height: usize = self.drawn.iter().map(|line| height(line, size.columns)).sum();
        // The blank line above the headline is drawn too.
        format!("\r\x1b[{}A", height + 1)
    }

    /// Goes there and clears all below: the first line for itself, since tmux keeps a copy of a screen that is
    /// cleared from its very top.
    fn clear_sequence(&self, size: Option<Size>) -> String {
        let up = self.up_sequence(size);
        if up.is_empty() { up } else { up + "\x1b[K\x1b[1B\x1b[J\x1b[1A" }
    }

    fn drawn_text(&self) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let lines: String = self.drawn.iter().map(|line| format!("{line}\x1b[K\n")).collect();
        format!("\x1b[K\n{lines}")
    }

    fn write_lines(&mut self, view: &ProgressView) {
        let lines = render(view, None, self.color).join("\n");
        self.write(format!("\n{lines}\n").as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.failed {
            return;
        }
        self.failed = self.out.write_all(bytes).and_then(|()| self.out.flush()).is_err();
    }
}

/// Lines of a terminal that a line takes: several when it is wider.
pub(super) fn height(line: &str, columns: usize) -> usize {
    visible_width(line).saturating_sub(1) / columns.max(1) + 1
}

/// Columns that a line takes: its characters without escape sequences.
fn visible_width(line: &str) -> usize {
    let mut width = 0;
    let mut in_escape = false;
    for char in line.chars() {
        match (in_escape, char) {
            (true, 'm') => in_escape = false,
            (true, _) => {}
            (false, '\x1b') => in_escape = true,
            (false, _) => width += 1,
        }
    }
    width
}

/// See [`Display::log_writer`]. Keeps what comes until its line is complete: bars are drawn only
/// below whole lines.
pub struct LogWriter {
    display: Display,
    out: Box<dyn Write + Send>,
    line: Vec<u8>,
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if !bytes.contains(&b'\n') && self.line.len() < LINE_LIMIT {
            return Ok(bytes.len());
        }
        let mut inner = self.display.lock();
        let over = inner.clear_sequence(inner.size());
        inner.write(over.as_bytes());
        let result = self.out.write_all(&self.line).and_then(|()| self.out.flush());
        self.line.clear();
        let again = inner.drawn_text();
        inner.write(again.as_bytes());
        result.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
