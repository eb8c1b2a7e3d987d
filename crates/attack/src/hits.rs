//! What came of the hits, collected on each worker's thread: no lock and no channel per hit.
//!
//! A worker adds each hit to its own [`Tally`] and, when somebody reads the results, to a block that
//! goes to the [`writer`](crate::writer) when it is full or [`FLUSH_EVERY`] has passed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::Instant;

use crate::{
    report::Tally,
    results::{Hit, binary::BlockEncoder, nanos},
    writer::{Block, Queue},
};

/// A hit reaches the results' reader at most this much later.
pub const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Hits that the generator itself made fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortages {
    /// No file descriptor was left for a connection.
    pub descriptors: u64,
    /// No local port was left for a connection.
    pub ports: u64,
}

impl Shortages {
    fn add(&mut self, other: Shortages) {
        self.descriptors = self.descriptors.saturating_add(other.descriptors);
        self.ports = self.ports.saturating_add(other.ports);
    }
}

/// All workers' hits.
#[derive(Debug, Default)]
pub struct Collected {
    pub tally: Tally,
    pub shortages: Shortages,
    /// `None` without hits.
    pub span: Option<Span>,
}

/// The time in which hits were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first_due: Timestamp,
    pub last_due: Timestamp,
    /// Later than `last_due` when it was late.
    pub last_start: Timestamp,
}

impl Span {
    fn of(hit: &Hit<'_>) -> Span {
        let late = hit.lateness.map_or(0, nanos);
        let last_start = Timestamp(hit.scheduled.0.saturating_add(late));
        Span { first_due: hit.scheduled, last_due: hit.scheduled, last_start }
    }

    /// The span that holds both.
    fn join(self, other: Option<Span>) -> Span {
        let Some(other) = other else { return self };
        Span {
            first_due: self.first_due.min(other.first_due),
            last_due: self.last_due.max(other.last_due),
            last_start: self.last_start.max(other.last_start),
        }
    }
}

/// Opens a [`Hits`] per worker and takes them in at the end.
#[derive(Debug)]
pub struct Collector {
    /// The name of the attack.
    attack: Arc<str>,
    queue: Option<Queue>,
    collected: Mutex<Collected>,
}

impl Collector {
    /// `queue`: of the writer, when the results are wanted.
    pub fn new(attack: &str, queue: Option<Queue>) -> Collector {
        Collector { attack: Arc::from(attack), queue, collected: Mutex::default() }
    }

    /// The name of the attack.
    pub fn attack(&self) -> &Arc<str> {
        &self.attack
    }

    /// A worker's own collection.
    pub fn open(&self) -> Hits {
        let stream = self.queue.clone().map(|queue| (queue, BlockEncoder::new()));
        Hits {
            attack: Arc::clone(&self.attack),
            tally: Tally::default(),
            shortages: Shortages::default(),
            span: None,
            stream,
            flushed: Instant::now(),
        }
    }

    /// Takes in what a worker collected.
    pub fn take_in(&self, mut hits: Hits) {
        hits.flush();
        let mut collected = self.lock();
        collected.tally.merge(&hits.tally);
        collected.shortages.add(hits.shortages);
        collected.span = hits.span.map(|span| span.join(collected.span)).or(collected.span);
    }

    /// What all workers handed over so far.
    pub fn take(&self) -> Collected {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Collected> {
        // A tally stays whole even if a holder panicked.
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One worker's hits.
#[derive(Debug)]
pub struct Hits {
    attack: Arc<str>,
    tally: Tally,
    shortages: Shortages,
    span: Option<Span>,
    stream: Option<(Queue, BlockEncoder)>,
    flushed: Instant,
}

impl Hits {
    /// The name of the attack, for [`Hit::attack`].
    pub fn attack(&self) -> &Arc<str> {
        &self.attack
    }

    /// Adds a hit that ended at `now`.
    pub fn record(&mut self, hit: &Hit<'_>, now: Instant) {
        self.tally.add(hit);
        self.span = Some(Span::of(hit).join(self.span));
        if let Some((_, encoder)) = &mut self.stream {
            encoder.push(hit);
            if encoder.is_full() || now.since(self.flushed) >= FLUSH_EVERY {
                self.flushed = now;
                self.flush();
            }
        }
    }

    /// Counts a hit that failed for want of a resource of the generator's.
    pub fn record_shortage(&mut self, os_error: i32) {
        match os_error {
            libc::EMFILE | libc::ENFILE => self.shortages.descriptors += 1,
            libc::EADDRNOTAVAIL => self.shortages.ports += 1,
            _ => {}
        }
    }

    /// Hands the hits so far to the writer.
    pub fn flush(&mut self) {
        let Some((queue, encoder)) = &mut self.stream else { return };
        if encoder.is_empty() {
            return;
        }
        let hits = encoder.hits();
        let bytes = encoder.finish_block(queue.spare());
        queue.send(Block { bytes, hits, is_last: false });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::mpsc::{Receiver, SyncSender, sync_channel},
    };

    use super::*;
    use crate::{
        results::binary::{Decoder, End, Next, Start},
        writer::{QUEUE_LIMIT, Writer},
    };

    /// Collects what is written, and waits for a permission before each write.
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        permissions: Receiver<io::Result<()>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permissions.recv().unwrap_or(Ok(()))?;
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Rig {
        writer: Writer,
        written: Arc<Mutex<Vec<u8>>>,
        permit: SyncSender<io::Result<()>>,
        errors: Arc<Mutex<Vec<String>>>,
    }

    fn rig() -> Rig {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (permit, permissions) = sync_channel(QUEUE_LIMIT * 2);
        let errors = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&errors);
        let out = Box::new(Slow { written: Arc::clone(&written), permissions });
        let on_error = move |error: &io::Error| told.lock().unwrap().push(error.to_string());
        let writer = Writer::start(out, &Start::default(), on_error).unwrap();
        Rig { writer, written, permit, errors }
    }

    fn hit(seq: u64) -> Hit<'static> {
        Hit {
            attack: "".into(),
            seq,
            code: 200,
            scheduled: Timestamp(1_000_000 + seq),
            lateness: Some(Duration::from_nanos(seq)),
            response_time: Duration::from_micros(5),
            bytes_out: 0,
            bytes_in: 3,
            error: "".into(),
            method: "GET".into(),
            url: "http://a/".into(),
            body: (&[]).into(),
            headers: (&[]).into(),
        }
    }

    /// Hits in the stream and what its end says.
    fn read(written: &Mutex<Vec<u8>>) -> (u64, Option<End>) {
        let mut decoder = Decoder::new();
        decoder.feed(&written.lock().unwrap());
        decoder.finish();
        let (mut hits, mut end) = (0, None);
        loop {
            match decoder.advance() {
                Next::Hit => hits += 1,
                Next::End(found) => end = Some(found),
                Next::Start(_) => {}
                Next::Damage(error) => panic!("{error}"),
                Next::Hungry => return (hits, end),
            }
        }
    }

    #[test]
    fn what_workers_collect_is_counted_and_written() {
        let Rig { writer, written, permit, .. } = rig();
        drop(permit);
        let collector = Collector::new("a", Some(writer.queue()));
        let (mut one, mut other) = (collector.open(), collector.open());
        for seq in 0..10_000 {
            let hits = if seq % 3 == 0 { &mut one } else { &mut other };
            hits.record(&hit(seq), Instant::now());
        }
        one.record_shortage(libc::EMFILE);
        other.record_shortage(libc::EADDRNOTAVAIL);
        other.record_shortage(libc::ECONNREFUSED);
        collector.take_in(one);
        collector.take_in(other);
        let collected = collector.take();
        assert_eq!(collected.tally.requests(), 10_000);
        assert_eq!(collected.shortages, Shortages { descriptors: 1, ports: 1 });
        let (first_due, last_due) = (Timestamp(1_000_000), Timestamp(1_009_999));
        let span = Span { first_due, last_due, last_start: Timestamp(1_019_998) };
        assert_eq!(collected.span, Some(span));
        let (lost, error) = writer.finish(End { never_sent: 7, ..End::default() });
        assert!(lost == 0 && error.is_none());
        let (hits, end) = read(&written);
        assert_eq!((hits, end.map(|end| end.never_sent)), (10_000, Some(7)));
    }

    /// Nobody waits for a writer that does not get on: what it cannot take is lost, and counted.
    #[test]
    fn a_slow_writer_loses_hits_and_says_so() {
        const BLOCKS: u64 = 2 * QUEUE_LIMIT as u64;
        let Rig { writer, written, permit, errors } = rig();
        let collector = Collector::new("a", Some(writer.queue()));
        let mut hits = collector.open();
        for seq in 0..BLOCKS {
            hits.record(&hit(seq), Instant::now());
            hits.flush();
        }
        collector.take_in(hits);
        drop(permit);
        let (lost, error) = writer.finish(End::default());
        let (read, end) = read(&written);
        assert!(error.is_none() && errors.lock().unwrap().is_empty());
        assert!(lost >= BLOCKS - QUEUE_LIMIT as u64 - 1, "{lost}");
        assert_eq!((read + lost, end.map(|end| end.lost)), (BLOCKS, Some(lost)));
    }

    #[test]
    fn an_error_ends_the_writing_and_is_told_once() {
        let Rig { writer, permit, errors, .. } = rig();
        permit.send(Ok(())).unwrap();
        permit.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        let collector = Collector::new("a", Some(writer.queue()));
        let mut hits = collector.open();
        for seq in 0..3 {
            hits.record(&hit(seq), Instant::now());
            hits.flush();
        }
        collector.take_in(hits);
        let (lost, error) = writer.finish(End::default());
        assert_eq!((lost, error.map(|error| error.kind())), (3, Some(io::ErrorKind::StorageFull)));
        assert_eq!(errors.lock().unwrap().len(), 1);
    }
}
