//! The server's log: what it does, what it refuses, and who changed what. Lines are written by a thread of
//! their own, so that a reader who is stuck stops nobody. Lines about refusals are made from the counters, so
//! that a storm of them costs one line in ten seconds.

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

use super::{locked, node::Node, statistics::Events};
use crate::store::Millis;

/// Lines that wait to be written; more are lost, and counted.
const LINES_MAX: usize = 1_024;
/// Longest value of a field, in bytes.
const VALUE_MAX: usize = 1_024;
/// How long the last lines may take to be written.
const FLUSH_TIME: Duration = Duration::from_secs(1);
/// From one line about a kind of refusal to the next, in milliseconds.
const REFUSALS_EVERY: u64 = 10_000;

/// The values of `loglevel`, least first: how much is told, and the lines from that level on.
pub(crate) const LEVELS: &[&str] = &["debug", "verbose", "notice", "warning", "nothing"];

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
        Ok(Journal { writer: Mutex::new(writer), level: AtomicU8::new(2), lost: AtomicU64::new(0) })
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
        let least = match self.level.load(Ordering::Relaxed) {
            0 | 1 => Level::Debug,
            2 => Level::Info,
            3 => Level::Warning,
            _ => return,
        };
        if level < least {
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

/// A kind of refusal, where it is counted, and what to do about it.
type Refusal = (&'static str, fn(&Node) -> u64, &'static str);

const REFUSALS: &[Refusal] = &[
    ("connections refused", |node| count(&node.events.rejected), "maxclients are connected"),
    ("clients closed", |node| count(&node.events.output_limit), "they do not read their replies"),
    ("clients closed", |node| count(&node.events.query_limit), "their commands are too long"),
    ("clients closed", |node| count(&node.events.protocol_errors), "they sent no commands"),
    (
        "TLS handshakes failed",
        |node| count(&node.events.handshakes_failed),
        "see docs/cache.md, TLS",
    ),
    (
        "fills not begun",
        |node| count(&node.origin.counts.refused),
        "too many are under way, or the origin had failed",
    ),
    ("wrong passwords", |node| count(&node.events.denied_auth), "see ACL LOG"),
    ("commands denied", denied, "see ACL LOG"),
    (
        "writes refused",
        |node| node.keyspace.store().stats().refused,
        "maxmemory is used up, and nothing may leave",
    ),
];

fn count(event: &std::sync::atomic::AtomicU64) -> u64 {
    event.load(Ordering::Relaxed)
}

fn denied(node: &Node) -> u64 {
    let Events { denied_command, denied_key, denied_channel, .. } = &node.events;
    [denied_command, denied_key, denied_channel].into_iter().map(count).sum()
}

/// What was told of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    count: u64,
    at: Option<Millis>,
}

impl Told {
    /// How many have come since the last line, when it is time for another.
    fn news(&mut self, count: u64, now: Millis) -> Option<u64> {
        // CONFIG RESETSTAT begins anew.
        self.count = self.count.min(count);
        let is_early = self.at.is_some_and(|at| now.0.saturating_sub(at.0) < REFUSALS_EVERY);
        if count == self.count || is_early {
            return None;
        }
        let new = count - self.count;
        *self = Told { count, at: Some(now) };
        Some(new)
    }
}

/// Looks at the counters of refusals from time to time.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    told: [Told; REFUSALS.len()],
}

impl Refusals {
    pub(super) fn look(&mut self, node: &Node, now: Millis) {
        for (told, (what, counted, why)) in self.told.iter_mut().zip(REFUSALS) {
            if let Some(new) = told.news(counted(node), now) {
                let new = new.to_string();
                node.journal.warn(what, &[("count", &new), ("reason", why)]);
            }
        }
    }
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

    #[test]
    fn a_storm_is_one_line() {
        let mut told = Told::default();
        let mut news = |count, seconds: u64| told.news(count, Millis(seconds * 1_000));
        assert_eq!(news(0, 1), None);
        assert_eq!(news(5, 2), Some(5));
        assert_eq!(news(9, 3), None);
        assert_eq!(news(20, 12), Some(15));
        assert_eq!(news(20, 30), None);
        // After CONFIG RESETSTAT.
        assert_eq!(news(2, 40), None);
        assert_eq!(news(3, 41), Some(1));
    }
}
