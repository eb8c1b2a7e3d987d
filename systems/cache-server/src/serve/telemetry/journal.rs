//! The server's log: what it does, what it refuses, and who changed what. Lines are written by a thread of
//! their own, so that a reader who is stuck stops nobody.

use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicU8, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Builder,
    time::Duration,
};

use plimsoll_runtime::log::{Level, Log};

use crate::serve::locked;

/// Lines that wait to be written; more are lost, and counted.
const LINES_MAX: usize = 1_024;
/// Longest value of a field, in bytes.
const VALUE_MAX: usize = 1_024;
/// How long the last lines may take to be written.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// The values of `loglevel`, the one that tells most first.
pub(crate) const LEVELS: &[&str] = &["debug", "verbose", "notice", "warning", "nothing"];
/// The least level of a line that each of [`LEVELS`] tells; the last tells none.
const LEAST: [Level; 4] = [Level::Debug, Level::Debug, Level::Info, Level::Warning];
/// The place of `notice` in [`LEVELS`].
const NOTICE: u8 = 2;

/// Where lines go; nowhere unless there is a log.
pub(crate) struct Journal {
    writer: Mutex<Option<Writer>>,
    /// The place of `loglevel` in [`LEVELS`].
    level: AtomicU8,
    lost: AtomicU64,
}

/// The thread that writes.
struct Writer {
    lines: SyncSender<Line>,
    ended: Receiver<()>,
}

struct Line {
    level: Level,
    message: String,
    fields: Vec<(String, String)>,
}

impl Journal {
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn new(log: Option<Log>) -> io::Result<Journal> {
        let writer = log.map(Writer::start).transpose()?;
        Ok(Journal {
            writer: Mutex::new(writer),
            level: AtomicU8::new(NOTICE),
            lost: AtomicU64::new(0),
        })
    }

    /// `loglevel`.
    pub(crate) fn set_level(&self, name: &str) {
        let place = LEVELS.iter().position(|level| *level == name);
        if let Some(place) = place.and_then(|place| u8::try_from(place).ok()) {
            self.level.store(place, Ordering::Relaxed);
        }
    }

    /// Lines that could not wait to be written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns when everything is written, or that takes too long. Nothing is written after it.
    pub(crate) fn finish(&self) {
        let writer = locked(&self.writer).take();
        if let Some(Writer { lines, ended }) = writer {
            drop(lines);
            // Whoever is stuck is not waited for.
            ended.recv_timeout(FLUSH_TIME).ok();
        }
    }

    pub(crate) fn debug(&self, message: &str, fields: &[(&str, &str)]) {
        self.write(Level::Debug, message, fields);
    }

    pub(crate) fn info(&self, message: &str, fields: &[(&str, &str)]) {
        self.write(Level::Info, message, fields);
    }

    pub(crate) fn warn(&self, message: &str, fields: &[(&str, &str)]) {
        self.write(Level::Warning, message, fields);
    }

    pub(crate) fn error(&self, message: &str, fields: &[(&str, &str)]) {
        self.write(Level::Error, message, fields);
    }

    fn write(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let least = LEAST.get(usize::from(self.level.load(Ordering::Relaxed)));
        if least.is_none_or(|least| level < *least) {
            return;
        }
        let writer = locked(&self.writer);
        let Some(writer) = writer.as_ref() else { return };
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), cut(value).to_owned());
        let fields = fields.iter().map(owned).collect();
        let line = Line { level, message: message.to_owned(), fields };
        if writer.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Writer {
    fn start(log: Log) -> io::Result<Writer> {
        let (lines, waiting) = sync_channel::<Line>(LINES_MAX);
        let (end, ended) = sync_channel(1);
        Builder::new().name("cache-log".to_owned()).spawn(move || {
            for Line { level, message, fields } in waiting {
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                log.write(level, &message, &fields);
            }
            // Nobody may wait for it any more.
            end.send(()).ok();
        })?;
        Ok(Writer { lines, ended })
    }
}

/// The beginning of a value that is too long.
fn cut(value: &str) -> &str {
    value.get(..value.floor_char_boundary(VALUE_MAX)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::log::{LogConfig, Sink};

    use super::*;

    #[test]
    fn a_level_leaves_out_what_is_below() {
        for (name, expected) in [
            ("debug", &["debug", "info", "warning", "error"][..]),
            ("verbose", &["debug", "info", "warning", "error"]),
            ("notice", &["info", "warning", "error"]),
            ("warning", &["warning", "error"]),
            ("nothing", &[]),
        ] {
            let log = Log::memory();
            let journal = Journal::new(Some(log.clone())).unwrap();
            assert_eq!(LEVELS[usize::from(NOTICE)], "notice");
            journal.set_level(name);
            journal.debug("x", &[]);
            journal.info("x", &[]);
            journal.warn("x", &[]);
            journal.error("x", &[]);
            journal.finish();
            journal.error("after the end", &[]);
            let expected: Vec<String> =
                expected.iter().map(|level| format!("level={level} msg=x")).collect();
            assert_eq!(log.lines(), expected, "{name}");
        }
    }

    /// Somebody who takes no line before he is let go.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl io::Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().ok();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_is_stuck_stops_nobody() {
        let (go, stuck) = sync_channel(0);
        let sink = Sink::Writer(Box::new(Stuck(stuck)));
        let log = Log::new(LogConfig { sink, ..LogConfig::default() }).unwrap();
        let journal = Journal::new(Some(log)).unwrap();
        let more = 10;
        for _ in 0..LINES_MAX + 1 + more {
            journal.info("x", &[]);
        }
        // The first line may have left the queue.
        assert!((more as u64..=more as u64 + 1).contains(&journal.lost()), "{}", journal.lost());
        drop(go);
        journal.finish();
    }

    #[test]
    fn values_have_an_end() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(VALUE_MAX)).len(), VALUE_MAX);
    }
}
