//! Writes a record while its run goes, on a thread of its own.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use plimsoll_metrics::{
    Interval, RawSample, Registry, Timestamp, Totals,
    record::{Encoder, End, Header},
};
use plimsoll_runtime::log::Log;

use super::{EXTENSION, PARTIAL, RUNS_KEPT, Runs};
use crate::{Output, OutputError, format::time::utc_compact};

/// Bytes that may wait for a slow disk; with more the record is given up.
pub const PENDING_LIMIT: usize = 256 << 20;

/// Messages that wait for the thread, one a second.
const MESSAGES_LIMIT: usize = 4;

/// Seconds of a run that a crash may take with it.
const FLUSH_EVERY: u32 = 3;

/// zstd's own default: records are small, and it costs little beside the run.
const COMPRESSION_LEVEL: i32 = 3;

/// zstd looks back over 512 KiB, some twenty seconds of a run: what is alike is near. By default it
/// would fill several megabytes in the first minutes, which looks like a leak.
const WINDOW_LOG: u32 = 19;

/// Characters of the run's name in a file's name.
const NAME_LIMIT: usize = 64;

/// Where a record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordTarget {
    /// Among the user's records; the oldest are removed.
    Runs(Runs),
    /// `--record FILE`
    File(PathBuf),
}

/// Follows a run. When it cannot write it says so once, and the run goes on.
pub struct RecordWriter {
    log: Log,
    path: Option<PathBuf>,
    active: Option<Active>,
    end: Option<End>,
}

struct Active {
    encoder: Encoder,
    /// Encoded and not yet taken by the thread.
    pending: Vec<u8>,
    queue: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<Unfinished>>,
    prune: Option<Runs>,
}

/// A record on disk, still under its temporary name.
struct Unfinished {
    stream: zstd::stream::write::Encoder<'static, File>,
    partial: PathBuf,
}

impl RecordWriter {
    pub fn start(
        target: RecordTarget,
        header: &Header,
        registry: Registry,
        log: Log,
    ) -> RecordWriter {
        let mut writer = RecordWriter { log, path: None, active: None, end: None };
        match open(&target, header, registry) {
            Ok((active, path)) => {
                writer.active = Some(active);
                writer.path = Some(path);
            }
            Err(error) => writer.log.warn(&format!("this run will not be recorded: {error}")),
        }
        writer
    }

    /// Where the complete record will be; none when there is no record.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Notes something that happened, for people.
    pub fn event(&mut self, at: Timestamp, kind: &str, text: &str) {
        if let Some(active) = &mut self.active {
            active.encoder.event(at, kind, text, &mut active.pending);
        }
    }

    /// How the run ended; said before [`Output::finish`], else the record stays incomplete.
    pub fn end(&mut self, end: End) {
        self.end = Some(end);
    }

    fn give_up(&mut self, why: &str) {
        self.log.warn(&format!("this run is no longer recorded: {why}"));
        self.active = None;
        self.path = None;
    }
}

impl Output for RecordWriter {
    fn describe(&self) -> String {
        let path =
            self.path.as_ref().map_or_else(|| "off".to_owned(), |path| path.display().to_string());
        format!("record ({path})")
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _samples: &Arc<Vec<RawSample>>, _lost: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, _totals: &Totals) {
        let Some(active) = &mut self.active else { return };
        if let Err(error) = active.encoder.interval(at, interval, &mut active.pending) {
            return self.give_up(&error.to_string());
        }
        match active.queue.try_send(std::mem::take(&mut active.pending)) {
            Ok(()) => {}
            Err(TrySendError::Full(bytes)) => {
                active.pending = bytes;
                if active.pending.len() > PENDING_LIMIT {
                    self.give_up("the disk is too slow");
                }
            }
            Err(TrySendError::Disconnected(_)) => {
                // The thread is gone with an error; here it is told, once.
                let error = self.active.take().and_then(|active| active.thread.join().ok()?.err());
                self.give_up(
                    &error.map_or_else(|| "its thread failed".to_owned(), |e| e.to_string()),
                );
            }
        }
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        let Some(active) = self.active.take() else { return Ok(()) };
        let path = self.path.clone().unwrap_or_default();
        let prune = active.prune.clone();
        active.finish(self.end.take(), &path).map_err(|error| OutputError {
            message: format!("could not write the run record {}: {error}", path.display()),
        })?;
        if let Some(Err(error)) = prune.map(|runs| runs.prune(RUNS_KEPT)) {
            self.log.warn(&format!("could not remove old run records: {error}"));
        }
        Ok(())
    }
}

impl Active {
    fn finish(self, end: Option<End>, path: &Path) -> io::Result<()> {
        let Active { encoder, mut pending, queue, thread, .. } = self;
        let is_complete = end.is_some();
        if let Some(end) = end {
            encoder.end(&end, &mut pending).map_err(io::Error::other)?;
        }
        // A thread that is gone has an error, which joining gives.
        drop(queue.send(pending));
        drop(queue);
        let unfinished = thread.join().map_err(|_| io::Error::other("its thread failed"))??;
        let file = unfinished.stream.finish()?;
        if is_complete {
            file.sync_all()?;
            fs::rename(&unfinished.partial, path)?;
        }
        Ok(())
    }
}

fn open(
    target: &RecordTarget,
    header: &Header,
    registry: Registry,
) -> io::Result<(Active, PathBuf)> {
    let (file, path, prune) = match target {
        RecordTarget::File(path) => (File::create(partial(path))?, path.clone(), None),
        RecordTarget::Runs(runs) => {
            let (file, path) = create_in(runs.directory(), header).map_err(|error| {
                io::Error::other(format!("{}: {error}", runs.directory().display()))
            })?;
            (file, path, Some(runs.clone()))
        }
    };
    let mut pending = Vec::new();
    let encoder = Encoder::new(registry, header, &mut pending).map_err(io::Error::other)?;
    let mut stream = zstd::stream::write::Encoder::new(file, COMPRESSION_LEVEL)?;
    stream.window_log(WINDOW_LOG)?;
    let unfinished = Unfinished { stream, partial: partial(&path) };
    let (queue, messages) = sync_channel(MESSAGES_LIMIT);
    let thread = std::thread::Builder::new()
        .name("record".to_owned())
        .spawn(move || write_all(unfinished, messages))?;
    Ok((Active { encoder, pending, queue, thread, prune }, path))
}

/// A new file for a run of that time and name; runs of the same second are numbered.
fn create_in(directory: &Path, header: &Header) -> io::Result<(File, PathBuf)> {
    const NUMBERS: std::ops::Range<u32> = 1..1_000;
    fs::create_dir_all(directory)?;
    let time = utc_compact(header.started_unix_ms.saturating_mul(1_000_000));
    let name = file_name(&header.script);
    for number in NUMBERS {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = directory.join(format!("{time}-{name}{number}.{EXTENSION}"));
        if path.try_exists()? {
            continue;
        }
        match File::create_new(partial(&path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return Ok((result?, path)),
        }
    }
    Err(io::Error::other("too many runs of the same second"))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

/// What of a script's name a file's name may hold.
fn file_name(script: &str) -> String {
    let stem = Path::new(script).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let safe =
        |char: char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '_' };
    let name: String = stem.chars().map(safe).take(NAME_LIMIT).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

fn write_all(mut record: Unfinished, messages: Receiver<Vec<u8>>) -> io::Result<Unfinished> {
    // The first one at once: so the list of runs knows what is running.
    let mut since_flush = FLUSH_EVERY;
    for bytes in messages {
        record.stream.write_all(&bytes)?;
        since_flush += 1;
        if since_flush >= FLUSH_EVERY {
            record.stream.flush()?;
            since_flush = 0;
        }
    }
    Ok(record)
}
