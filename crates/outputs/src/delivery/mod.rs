//! What all outputs share that push numbers to a receiver over the network.
//!
//! The hub hands [`Delivery::push`] what is to be sent and goes on: what finds no room is lost and
//! counted, never waited for. A thread of its own, which the load's threads go before, makes payloads
//! of it ([`Encoder`]) and sends them ([`Destination`]), again and again while the receiver cannot take
//! them. At the end there is a bounded time to deliver the rest, and a line that says what was
//! delivered and what was lost: the two always add up to what was pushed.

mod backoff;
mod courier;
mod datagrams;
mod destination;
mod encoder;
mod ledger;
mod outages;
pub mod post;
mod queue;
mod samples;
mod spares;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, duration, log::Log, random::Random, shutdown, workers};
use tokio::sync::{mpsc as queues, watch};

pub use destination::{Destination, Failure, Sent};
pub use encoder::{Encoder, Outbox, Payload};
pub use samples::{SampleDelivery, SampleEncoder};
pub(crate) use spares::Spares;

use crate::OutputError;
use courier::{Courier, Phase};
use ledger::Ledger;

/// What [`Delivery::push`] may have waiting for the thread.
pub const ITEMS_LIMIT: usize = 1_024;

/// Points in them: about 100 MB where a point is a sample.
pub const POINTS_LIMIT: u64 = 2_000_000;

/// Bytes of payloads that wait to be sent; while there are more, nothing is encoded.
pub const PAYLOAD_BYTES_LIMIT: usize = 64 * 1024 * 1024;

/// Points in those payloads.
pub const PAYLOAD_POINTS_LIMIT: u64 = 2_000_000;

/// How long after the run's end its rest may be delivered.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How long the thread may take to notice that this time is over.
const DRAIN_GRACE: Duration = Duration::from_secs(2);

/// Whoever waits so long is told for what.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody wants the end at once.
const HURRY_EVERY: Duration = Duration::from_millis(50);

const NO_ROOM: &str = "found no room";

const AFTER_END: &str = "came after the end";

/// How a delivery goes about it.
pub struct Settings {
    /// For messages: `influxdb (http://localhost:8086)`.
    pub description: String,
    /// What the last line says of points that got there: `delivered`, or `sent` where nobody answers.
    pub verb: &'static str,
    /// How often [`Encoder::flush`] is called.
    pub flush_every: Duration,
    /// Payloads that are under way at once; at least 1.
    pub concurrency: usize,
    /// How long after [`Delivery::close`] the rest may be delivered.
    pub drain: Duration,
    pub items_limit: usize,
    pub points_limit: u64,
    pub payload_bytes_limit: usize,
    pub payload_points_limit: u64,
    /// For the jitter of retries.
    pub random: Random,
    /// Whether somebody wants the end at once, asked while the rest is delivered.
    pub hurry: fn() -> bool,
    pub log: Log,
}

impl Settings {
    /// The usual ones: a flush a second, one payload at a time, the second Ctrl-C ends at once.
    pub fn new(description: String, log: Log) -> Settings {
        Settings {
            description,
            verb: "delivered",
            flush_every: Duration::from_secs(1),
            concurrency: 1,
            drain: DRAIN,
            items_limit: ITEMS_LIMIT,
            points_limit: POINTS_LIMIT,
            payload_bytes_limit: PAYLOAD_BYTES_LIMIT,
            payload_points_limit: PAYLOAD_POINTS_LIMIT,
            random: Random::from_entropy(),
            hurry: || shutdown::requests() >= 2,
            log,
        }
    }
}

/// The hub's end of a delivery of `T`s. Dropped without [`Delivery::finish`], the rest is not sent.
pub struct Delivery<T> {
    description: String,
    verb: &'static str,
    drain: Duration,
    points_limit: u64,
    hurry: fn() -> bool,
    log: Log,
    input: Option<queues::Sender<Entry<T>>>,
    phase: watch::Sender<Phase>,
    /// What the thread has to say at its end.
    outcome: mpsc::Receiver<Ledger>,
    /// Points in `input`.
    waiting: Arc<AtomicU64>,
    /// What did not get as far as the thread.
    lost: Ledger,
    is_finished: bool,
}

/// What waits for the thread.
struct Entry<T> {
    item: T,
    points: u64,
}

/// Starts the thread. `destination` is called on it, once for each payload that may be under way.
///
/// # Errors
/// When there can be no thread.
pub fn start<E: Encoder, D: Destination>(
    settings: Settings,
    encoder: E,
    destination: impl Fn() -> D + Send + 'static,
) -> Result<Delivery<E::Item>, OutputError> {
    let (input, entries) = queues::channel(settings.items_limit.max(1));
    let (phase, phases) = watch::channel(Phase::Running);
    let (report, outcome) = mpsc::sync_channel(1);
    let waiting = Arc::new(AtomicU64::new(0));
    let delivery = Delivery {
        description: settings.description.clone(),
        verb: settings.verb,
        drain: settings.drain,
        points_limit: settings.points_limit,
        hurry: settings.hurry,
        log: settings.log.clone(),
        input: Some(input),
        phase,
        outcome,
        waiting: Arc::clone(&waiting),
        lost: Ledger::default(),
        is_finished: false,
    };
    let description = settings.description.clone();
    // Which output takes how much of a core is asked of the kernel, which knows threads by name.
    let name = description.split(' ').next().unwrap_or("delivery").to_owned();
    let failed = move |error| OutputError { message: format!("{description}: {error}") };
    std::thread::Builder::new()
        .name(name)
        .spawn(move || {
            workers::give_way();
            let courier = Courier { settings, entries, phases, waiting };
            // Without a runtime there is no report, which the other end takes for a failed thread.
            if let Ok(ledger) = workers::block_on(courier.run(encoder, destination)) {
                // Nobody waits for it when the delivery was dropped.
                report.send(ledger).ok();
            }
        })
        .map_err(failed)?;
    Ok(delivery)
}

impl<T> Delivery<T> {
    /// For messages.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Hands over `item`, of which the encoder will make `points` points. Never blocks: what finds no
    /// room is lost.
    pub fn push(&mut self, item: T, points: u64) {
        let Some(input) = &self.input else { return self.lose(points, AFTER_END) };
        if self.waiting.load(Relaxed) + points > self.points_limit {
            return self.lose_for_room(points);
        }
        self.waiting.fetch_add(points, Relaxed);
        if input.try_send(Entry { item, points }).is_err() {
            self.waiting.fetch_sub(points, Relaxed);
            self.lose_for_room(points);
        }
    }

    /// Counts points that were lost before they could be pushed.
    pub fn lose_for_room(&mut self, points: u64) {
        if points > 0 && self.lost.lost() == 0 {
            self.log.warn(&format!(
                "{}: points come faster than they are delivered, some are left out; \
                 the end of the run says how many",
                self.description
            ));
        }
        self.lose(points, NO_ROOM);
    }

    /// Counts points that are lost for another reason, as the last line shall say it.
    pub fn lose(&mut self, points: u64, reason: &str) {
        self.lost.lose(points, reason);
    }

    /// Nothing more will be pushed; from now on the time runs in which the rest is delivered. With
    /// several deliveries, close all before the first is waited for.
    pub fn close(&mut self) {
        if self.input.take().is_some() {
            let deadline = Instant::now() + self.drain;
            self.phase.send_replace(Phase::Draining(deadline));
        }
    }

    /// Waits until the rest is delivered or its time is over, and tells what was delivered.
    ///
    /// # Errors
    /// The same line, when something was lost.
    pub fn finish(&mut self) -> Result<Option<String>, OutputError> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(None);
        }
        self.close();
        let Some(mut ledger) = self.wait() else {
            let message = format!("{}: its thread failed", self.description);
            return Err(OutputError { message });
        };
        ledger.add(&self.lost);
        let message = format!("{}: {}", self.description, ledger.describe(self.verb));
        if ledger.lost() > 0 { Err(OutputError { message }) } else { Ok(Some(message)) }
    }

    fn wait(&self) -> Option<Ledger> {
        let began = Instant::now();
        let give_up = began + self.drain + DRAIN_GRACE;
        let mut is_told = false;
        while Instant::now() < give_up {
            if !is_told && began.elapsed() >= TELL_AFTER {
                is_told = true;
                let limit = duration::go_string(self.drain);
                self.log.info(&format!(
                    "{}: the rest is delivered, for {limit} at most",
                    self.description
                ));
            }
            match self.outcome.recv_timeout(HURRY_EVERY) {
                Ok(ledger) => return Some(ledger),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if (self.hurry)() => {
                    self.phase.send_replace(Phase::Over);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        None
    }
}
