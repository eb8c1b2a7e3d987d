//! Writes a record while its run goes, on a thread of its own.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use plimsoll_metrics::{
    Event, Interval, RawSample, Registry, Timestamp, Totals,
    record::{Encoder, End, Header},
};
use plimsoll_runtime::log::Log;

use super::{
    RUNS_KEPT, RecordTarget, Runs,
    place::{self, Place},
};
use crate::{Output, OutputError};

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
    /// Written and emptied. Buffers go round, else each second's would grow through every size anew,
    /// and an allocator keeps some memory of each.
    spare: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<Unfinished>>,
    prune: Option<Runs>,
}

/// A record on its way to the disk.
struct Unfinished {
    stream: zstd::stream::write::Encoder<'static, File>,
    /// Its temporary name, if it has one.
    partial: Option<PathBuf>,
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

    fn give_up(&mut self, why: &str) {
        let path = self.path.take().unwrap_or_default();
        self.log.warn(&format!("this run is no longer recorded: {}: {why}", path.display()));
        self.active = None;
    }
}

impl Output for RecordWriter {
    fn event(&mut self, event: &Event) {
        if let Some(active) = &mut self.active {
            active.encoder.event(event.at, &event.kind, &event.text, &mut active.pending);
        }
    }

    /// Without it the record stays incomplete.
    fn end(&mut self, end: &End) {
        self.end = Some(end.clone());
    }

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
            Ok(()) => active.pending = active.spare.try_recv().unwrap_or_default(),
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

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        let Some(active) = self.active.take() else { return Ok(None) };
        let path = self.path.clone().unwrap_or_default();
        let prune = active.prune.clone();
        active.finish(self.end.take(), &path).map_err(|error| OutputError {
            message: format!("could not write the run record {}: {error}", path.display()),
        })?;
        if let Some(Err(error)) = prune.map(|runs| runs.prune(RUNS_KEPT)) {
            self.log.warn(&format!("could not remove old run records: {error}"));
        }
        Ok(None)
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
        if let Some(partial) = unfinished.partial.filter(|_| is_complete) {
            file.sync_all()?;
            place::complete(&partial, path)?;
        }
        Ok(())
    }
}

fn open(
    target: &RecordTarget,
    header: &Header,
    registry: Registry,
) -> io::Result<(Active, PathBuf)> {
    let Place { file, path, partial } = target.open(header)?;
    let prune = match target {
        RecordTarget::Runs(runs) => Some(runs.clone()),
        RecordTarget::File(_) => None,
    };
    let mut pending = Vec::new();
    let encoder = Encoder::new(registry, header, &mut pending).map_err(io::Error::other)?;
    let mut stream = zstd::stream::write::Encoder::new(file, COMPRESSION_LEVEL)?;
    stream.window_log(WINDOW_LOG)?;
    let unfinished = Unfinished { stream, partial };
    let (queue, messages) = sync_channel(MESSAGES_LIMIT);
    let (emptied, spare) = sync_channel(MESSAGES_LIMIT);
    let thread = std::thread::Builder::new()
        .name("record".to_owned())
        .spawn(move || write_all(unfinished, messages, emptied))?;
    Ok((Active { encoder, pending, queue, spare, thread, prune }, path))
}

fn write_all(
    mut record: Unfinished,
    messages: Receiver<Vec<u8>>,
    emptied: SyncSender<Vec<u8>>,
) -> io::Result<Unfinished> {
    // The first one at once: so the list of runs knows what is running.
    let mut since_flush = FLUSH_EVERY;
    for mut bytes in messages {
        record.stream.write_all(&bytes)?;
        bytes.clear();
        // One too many is dropped.
        drop(emptied.try_send(bytes));
        since_flush += 1;
        if since_flush >= FLUSH_EVERY {
            record.stream.flush()?;
            since_flush = 0;
        }
    }
    Ok(record)
}
