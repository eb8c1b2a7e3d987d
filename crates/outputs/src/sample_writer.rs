//! Writes every sample to a file, on a thread of its own behind a bounded queue: as lines of text, or
//! in whatever form a [`SampleFile`] has.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use plimsoll_metrics::{Interval, RawSample, Timestamp, Totals};
use plimsoll_runtime::log::Log;

use crate::{Output, OutputError, target::Sink};

/// Batches that wait for the thread.
pub const BATCHES_LIMIT: usize = 1_024;

/// Samples in them: what comes when so many wait is counted and not written. About 100 MB, some
/// seconds of a fast run.
pub const SAMPLES_LIMIT: u64 = 2_000_000;

/// Bytes of text gathered for one write.
const WRITE_SIZE: usize = 64 * 1024;

/// Makes lines of samples. Lives on the writer's thread.
pub(crate) trait LineFormat: Send + 'static {
    /// Appends what stands before all samples.
    fn header(&mut self, text: &mut String);

    /// Appends the line of one sample; nothing for one that this format leaves out. Returns whether
    /// there was a line.
    fn sample(&mut self, text: &mut String, sample: &RawSample) -> bool;
}

enum Message {
    Samples(Arc<Vec<RawSample>>),
    Flush,
}

/// An open file that takes samples. Lives on the writer's thread.
pub(crate) trait SampleFile: Send + 'static {
    /// Takes samples up, and writes what is enough for it.
    fn samples(&mut self, samples: &[RawSample], written: &mut Written);

    /// About a second is over: whoever follows the file may be shown what there is.
    fn flush(&mut self, written: &mut Written);

    /// Writes the rest.
    fn finish(&mut self, written: &mut Written);
}

/// An [`Output`] of samples.
pub struct SampleWriter {
    /// For messages: `json (x.json)`.
    description: String,
    log: Log,
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<Written>>,
    /// Samples in the queue.
    waiting: Arc<AtomicU64>,
    /// Samples that did not fit into a queue, this one or those before it.
    lost: u64,
}

/// What the thread did.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) samples: u64,
    /// After the first failed write nothing more is tried.
    pub(crate) not_written: u64,
    pub(crate) error: Option<io::Error>,
}

impl Written {
    /// Counts samples of which `result` tells whether they were written. Of errors the first is kept.
    pub(crate) fn count(&mut self, samples: u64, result: io::Result<()>) {
        match result {
            Ok(()) if self.error.is_none() => self.samples += samples,
            Ok(()) => self.not_written += samples,
            Err(error) => {
                self.not_written += samples;
                self.error.get_or_insert(error);
            }
        }
    }
}

impl SampleWriter {
    /// Starts the thread; `sink` is already open, so that a wrong path ends the run before it starts.
    pub(crate) fn start(
        description: String,
        sink: Sink,
        format: impl LineFormat,
        log: Log,
    ) -> Result<SampleWriter, OutputError> {
        SampleWriter::start_file(description, Lines::new(sink, format), log)
    }

    /// As [`SampleWriter::start`], with a file of any form.
    pub(crate) fn start_file(
        description: String,
        file: impl SampleFile,
        log: Log,
    ) -> Result<SampleWriter, OutputError> {
        let (queue, batches) = sync_channel(BATCHES_LIMIT);
        let (name, for_thread) = (description.clone(), log.clone());
        let waiting = Arc::new(AtomicU64::new(0));
        let taken = waiting.clone();
        let thread = std::thread::Builder::new()
            .name("samples".to_owned())
            .spawn(move || Thread { file, name, log: for_thread, waiting: taken }.run(batches))
            .map_err(|error| OutputError { message: format!("{description}: {error}") })?;
        Ok(SampleWriter {
            description,
            log,
            queue: Some(queue),
            thread: Some(thread),
            waiting,
            lost: 0,
        })
    }

    fn lose(&mut self, samples: u64) {
        if self.lost == 0 && samples > 0 {
            self.log.warn(&format!(
                "{}: samples come faster than they can be written, some are left out; \
                 the end of the run says how many",
                self.description
            ));
        }
        self.lost += samples;
    }
}

impl Output for SampleWriter {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn wants_samples(&self) -> bool {
        true
    }

    fn samples(&mut self, samples: &Arc<Vec<RawSample>>, lost: u64) {
        self.lose(lost);
        let Some(queue) = &self.queue else { return };
        let count = samples.len() as u64;
        if self.waiting.load(Relaxed) + count > SAMPLES_LIMIT {
            return self.lose(count);
        }
        self.waiting.fetch_add(count, Relaxed);
        if queue.try_send(Message::Samples(samples.clone())).is_err() {
            self.waiting.fetch_sub(count, Relaxed);
            self.lose(count);
        }
    }

    fn interval(&mut self, _at: Timestamp, _interval: &Interval, _totals: &Totals) {
        if let Some(queue) = &self.queue {
            // When the queue is full the thread writes as fast as it can anyway.
            drop(queue.try_send(Message::Flush));
        }
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        drop(self.queue.take());
        let Some(thread) = self.thread.take() else { return Ok(None) };
        let Ok(written) = thread.join() else {
            return Err(OutputError {
                message: format!("{}: its thread failed", self.description),
            });
        };
        let missing = written.not_written + self.lost;
        if missing == 0 && written.error.is_none() {
            return Ok(None);
        }
        let why = written.error.map_or_else(
            || "they came faster than they could be written".to_owned(),
            |error| error.to_string(),
        );
        Err(OutputError {
            message: format!(
                "{}: {} samples were written, {missing} were not: {why}",
                self.description, written.samples
            ),
        })
    }
}

struct Thread<F> {
    file: F,
    name: String,
    log: Log,
    waiting: Arc<AtomicU64>,
}

impl<F: SampleFile> Thread<F> {
    fn run(mut self, batches: Receiver<Message>) -> Written {
        let mut written = Written::default();
        let mut is_told = false;
        for message in batches {
            match message {
                Message::Samples(samples) => {
                    self.file.samples(&samples, &mut written);
                    self.waiting.fetch_sub(samples.len() as u64, Relaxed);
                }
                Message::Flush => self.file.flush(&mut written),
            }
            self.tell(&written, &mut is_told);
        }
        self.file.finish(&mut written);
        self.tell(&written, &mut is_told);
        written
    }

    /// Tells of the first error at once: the run may go on for hours.
    fn tell(&self, written: &Written, is_told: &mut bool) {
        if let Some(error) = &written.error
            && !std::mem::replace(is_told, true)
        {
            self.log.error(&format!(
                "{}: cannot write: {error}; the run goes on without this output",
                self.name
            ));
        }
    }
}

/// A file of lines.
struct Lines<F> {
    sink: Sink,
    format: F,
    text: String,
    /// Lines in `text`.
    lines: u64,
}

impl<F: LineFormat> Lines<F> {
    fn new(sink: Sink, mut format: F) -> Lines<F> {
        let mut text = String::with_capacity(2 * WRITE_SIZE);
        format.header(&mut text);
        Lines { sink, format, text, lines: 0 }
    }

    fn write(&mut self, written: &mut Written) {
        let result = match written.error {
            None => self.sink.write(self.text.as_bytes()),
            Some(_) => Ok(()),
        };
        written.count(std::mem::take(&mut self.lines), result);
        self.text.clear();
    }
}

impl<F: LineFormat> SampleFile for Lines<F> {
    fn samples(&mut self, samples: &[RawSample], written: &mut Written) {
        for sample in samples {
            self.lines += u64::from(self.format.sample(&mut self.text, sample));
            if self.text.len() >= WRITE_SIZE {
                self.write(written);
            }
        }
    }

    fn flush(&mut self, written: &mut Written) {
        self.write(written);
        if written.error.is_none() {
            written.count(0, self.sink.flush());
        }
    }

    fn finish(&mut self, written: &mut Written) {
        self.write(written);
        if written.error.is_none() {
            written.count(0, self.sink.finish());
        }
    }
}
