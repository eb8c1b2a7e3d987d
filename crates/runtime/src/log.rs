//! Log lines for people on stderr (or a file), in the shape that k6's users know.

mod line;

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::clock::Instant;
use line::Line;

/// Longer lines are cut at this many bytes of message, and say so.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Lines that [`Log::memory`] keeps; later ones are dropped.
pub const MEMORY_LINES_MAX: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// How a line is written (`--log-format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `key=value` pairs, or columns with color where the sink is colored.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
    /// The message alone.
    Raw,
}

/// Where lines go (`--log-output`).
#[derive(Default)]
pub enum Sink {
    #[default]
    Stderr,
    Stdout,
    /// Nowhere.
    None,
    /// Appended to a file, made when missing.
    File(PathBuf),
    /// Whatever its owner makes of them: a progress display writes lines above its bars. Gets each
    /// line in one `write_all`, with its newline.
    Writer(Box<dyn Write + Send>),
}

/// Whether text lines are colored columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// When the sink is a terminal and the variable `NO_COLOR` is not set.
    #[default]
    Auto,
    Always,
    Never,
}

/// What [`Log::new`] makes a log of.
pub struct LogConfig {
    pub format: Format,
    pub sink: Sink,
    /// Lines below this level are not written; `-v` lowers it to [`Level::Debug`].
    pub level: Level,
    pub color: Color,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            format: Format::default(),
            sink: Sink::default(),
            level: Level::Info,
            color: Color::default(),
        }
    }
}

/// Where and how lines go; a clone is a handle to the same sink. Thread-safe, line by line.
///
/// A line that cannot be written (a closed pipe, a full disk) is lost and counted: the log is the
/// place where it would be told, so [`Log::lost`] tells it afterwards.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
    /// What is below it is not written.
    level: Level,
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}

struct Inner {
    style: line::Style,
    started: Instant,
    sink: Mutex<Open>,
    lost: Mutex<Option<Lost>>,
}

/// Lines that could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub lines: u64,
    /// Why the first of them could not.
    pub error: String,
}

/// A sink that can be written to.
enum Open {
    Stderr,
    Stdout,
    None,
    File(File),
    Writer(Box<dyn Write + Send>),
    Memory(Vec<String>),
}

impl Log {
    /// # Errors
    /// When the file cannot be opened.
    pub fn new(config: LogConfig) -> io::Result<Log> {
        let (sink, is_terminal) = match config.sink {
            Sink::Stderr => (Open::Stderr, io::stderr().is_terminal()),
            Sink::Stdout => (Open::Stdout, io::stdout().is_terminal()),
            Sink::None => (Open::None, false),
            Sink::File(path) => {
                (Open::File(File::options().append(true).create(true).open(path)?), false)
            }
            Sink::Writer(writer) => (Open::Writer(writer), false),
        };
        let colored = match config.color {
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none(),
            Color::Always => true,
            Color::Never => false,
        };
        let style = match config.format {
            Format::Text if colored => line::Style::Columns,
            Format::Text => line::Style::Pairs,
            Format::Json => line::Style::Json,
            Format::Raw => line::Style::Raw,
        };
        Ok(Log::with_sink(style, config.level, sink))
    }

    /// Keeps its lines (as `key=value` pairs, all levels, without the time) for [`Log::lines`].
    pub fn memory() -> Log {
        Log::with_sink(line::Style::Timeless, Level::Debug, Open::Memory(Vec::new()))
    }

    fn with_sink(style: line::Style, level: Level, sink: Open) -> Log {
        let started = Instant::now();
        let (sink, lost) = (Mutex::new(sink), Mutex::default());
        Log { inner: Arc::new(Inner { style, started, sink, lost }), level }
    }

    /// What a [`Log::memory`] holds, one entry per line, such as
    /// `level=warning msg="no data" source=console`. Empty for other logs.
    pub fn lines(&self) -> Vec<String> {
        match &*self.inner.sink.lock().unwrap_or_else(PoisonError::into_inner) {
            Open::Memory(lines) => lines.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether lines of this level are written: saves making a message that nobody sees.
    pub fn is_enabled(&self, level: Level) -> bool {
        level >= self.level
    }

    /// The same log for somebody whose lines below `level` nobody wants.
    pub fn at_least(&self, level: Level) -> Log {
        Log { level: self.level.max(level), ..self.clone() }
    }

    /// `fields` are written as `key=value` behind the message, in the order of their keys.
    pub fn write(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        if !self.is_enabled(level) {
            return;
        }
        let now = Instant::now();
        let text = Line {
            level,
            message: &line::cut(message, LINE_BYTES_MAX),
            fields,
            unix_nanos: now.unix_nanos(),
            since_start: now.since(self.inner.started),
        }
        .render(self.inner.style);
        // A panic while writing leaves the sink as usable as before.
        let mut sink = self.inner.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.write(text) {
            let mut lost = self.inner.lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.get_or_insert_with(|| Lost { lines: 0, error: error.to_string() }).lines += 1;
        }
    }

    /// What could not be written so far; `None` when all could.
    pub fn lost(&self) -> Option<Lost> {
        self.inner.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn debug(&self, message: &str) {
        self.write(Level::Debug, message, &[]);
    }

    pub fn info(&self, message: &str) {
        self.write(Level::Info, message, &[]);
    }

    pub fn warn(&self, message: &str) {
        self.write(Level::Warning, message, &[]);
    }

    pub fn error(&self, message: &str) {
        self.write(Level::Error, message, &[]);
    }
}

impl Open {
    fn write(&mut self, mut line: String) -> io::Result<()> {
        if let Open::Memory(lines) = self {
            if lines.len() < MEMORY_LINES_MAX {
                lines.push(line);
            }
            return Ok(());
        }
        line.push('\n');
        match self {
            Open::Stderr => io::stderr().write_all(line.as_bytes()),
            // Not left in the buffer: the process may end without flushing it.
            Open::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush())
            }
            Open::File(file) => file.write_all(line.as_bytes()),
            Open::Writer(writer) => writer.write_all(line.as_bytes()),
            Open::Memory(_) | Open::None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_log_keeps_its_lines() {
        let log = Log::memory();
        log.clone().warn("no data");
        log.write(Level::Info, "hello", &[("source", "console")]);
        log.debug("detail");
        assert_eq!(
            log.lines(),
            [
                "level=warning msg=\"no data\"",
                "level=info msg=hello source=console",
                "level=debug msg=detail"
            ]
        );
    }

    #[test]
    fn lines_below_a_level_can_be_left_out() {
        let log = Log::memory();
        let errors = log.at_least(Level::Error);
        for log in [&errors, &errors.at_least(Level::Debug), &log] {
            log.warn("careful");
        }
        errors.error("wrong");
        assert_eq!(log.lines(), ["level=warning msg=careful", "level=error msg=wrong"]);
    }

    #[test]
    fn a_file_gets_the_lines_at_or_above_the_level() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.log");
        for message in ["first", "second"] {
            let sink = Sink::File(path.clone());
            let log = Log::new(LogConfig { format: Format::Raw, sink, ..LogConfig::default() });
            let log = log.unwrap();
            log.debug("hidden");
            log.info(message);
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "first\nsecond\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error() {
        let sink = Sink::File("/nonexistent/run.log".into());
        assert!(Log::new(LogConfig { sink, ..LogConfig::default() }).is_err());
    }

    #[test]
    fn a_sink_that_fails_is_told_of_afterwards() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = Sink::Writer(Box::new(Broken));
        let log = Log::new(LogConfig { sink, ..LogConfig::default() }).unwrap();
        assert_eq!(log.lost(), None);
        log.error("lost");
        log.error("lost too");
        log.debug("not wanted");
        assert_eq!(log.lost(), Some(Lost { lines: 2, error: "broken pipe".to_owned() }));
    }
}
