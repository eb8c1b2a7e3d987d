//! The delivery's thread: encodes, sends, tries again, and counts.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};
use tokio::{
    select,
    sync::{mpsc::Receiver, watch},
    task::{self, JoinSet},
};

use super::{
    Destination, Encoder, Entry, Failure, Outbox, Payload, Settings, backoff::Backoff,
    ledger::Ledger, outages::Outages, queue::Queue,
};

/// How often a payload is tried that the receiver fails on.
const TRIES_LIMIT: u32 = 6;

/// The longest wait before a retry once the run is over.
const DRAIN_WAIT: Duration = Duration::from_millis(500);

const NOT_IN_TIME: &str = "not taken by the end of the run";

/// What the hub wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// The run is over; the rest may be delivered until then.
    Draining(Instant),
    /// At once.
    Over,
}

pub(super) struct Courier<T> {
    pub(super) settings: Settings,
    pub(super) entries: Receiver<Entry<T>>,
    pub(super) phases: watch::Receiver<Phase>,
    /// Points in `entries`.
    pub(super) waiting: Arc<AtomicU64>,
}

/// What those that send have in common.
struct Shared {
    queue: Queue,
    ledger: RefCell<Ledger>,
    outages: RefCell<Outages>,
    /// Points of payloads that are neither in the queue nor in the ledger.
    under_way: Cell<u64>,
}

impl<T: Send + 'static> Courier<T> {
    /// Until everything is delivered, or until its time is over.
    pub(super) async fn run<E, D>(mut self, mut encoder: E, destination: impl Fn() -> D) -> Ledger
    where
        E: Encoder<Item = T>,
        D: Destination,
    {
        let settings = &mut self.settings;
        let shared = Rc::new(Shared {
            queue: Queue::new(settings.payload_bytes_limit, settings.payload_points_limit),
            ledger: RefCell::default(),
            outages: RefCell::new(Outages::new(settings.description.clone(), settings.log.clone())),
            under_way: Cell::new(0),
        });
        let senders: Vec<Sender<D>> = (0..settings.concurrency.max(1))
            .map(|_| Sender {
                destination: destination(),
                shared: Rc::clone(&shared),
                backoff: Backoff::new(settings.random.split()),
                phases: self.phases.clone(),
            })
            .collect();
        let cut_off = cut_off(self.phases.clone());
        let delivered = async {
            tokio::join!(self.encode_all(&mut encoder, &shared), send_all(senders));
        };
        select! {
            () = delivered => {}
            () = cut_off => {}
        }
        self.count_rest(&mut encoder, &shared);
        shared.ledger.take()
    }

    async fn encode_all<E: Encoder<Item = T>>(&mut self, encoder: &mut E, shared: &Shared) {
        let flush_every = self.settings.flush_every.max(Duration::from_millis(1));
        let mut flush_at = Instant::now() + flush_every;
        let mut outbox = Outbox::default();
        loop {
            let next = async {
                // Before an item is taken: what is not taken fills the hub's queue, where it is seen.
                shared.queue.room().await;
                self.entries.recv().await
            };
            match timer::timeout_at(flush_at, next).await {
                None => {}
                Some(Some(entry)) => {
                    self.waiting.fetch_sub(entry.points, Relaxed);
                    encoder.encode(entry.item, &mut outbox);
                }
                Some(None) => break,
            }
            // Also when there is always a next item, which wins over the time-out.
            if Instant::now() >= flush_at {
                encoder.flush(&mut outbox);
                flush_at = Instant::now() + flush_every;
            }
            shared.pass_on(&mut outbox);
            // An item may take a while, and there may be many; answers are looked at in between.
            task::yield_now().await;
        }
        encoder.flush(&mut outbox);
        shared.pass_on(&mut outbox);
        shared.queue.close();
    }

    /// Everything that did not get to its destination in time.
    fn count_rest<E: Encoder<Item = T>>(&mut self, encoder: &mut E, shared: &Shared) {
        let mut outbox = Outbox::default();
        encoder.flush(&mut outbox);
        shared.pass_on(&mut outbox);
        self.entries.close();
        let mut rest = shared.queue.points() + shared.under_way.get();
        while let Ok(entry) = self.entries.try_recv() {
            rest += entry.points;
        }
        let reason = match shared.outages.borrow().reason() {
            Some(reason) => format!("{NOT_IN_TIME} ({reason})"),
            None => NOT_IN_TIME.to_owned(),
        };
        shared.ledger.borrow_mut().lose(rest, &reason);
    }
}

/// Completes when the time for delivering the rest is over.
async fn cut_off(mut phases: watch::Receiver<Phase>) {
    loop {
        let phase = *phases.borrow_and_update();
        let changed = match phase {
            Phase::Running => phases.changed().await,
            Phase::Draining(deadline) => {
                match timer::timeout_at(deadline, phases.changed()).await {
                    Some(changed) => changed,
                    None => return,
                }
            }
            Phase::Over => return,
        };
        if changed.is_err() {
            return;
        }
    }
}

impl Shared {
    fn pass_on(&self, outbox: &mut Outbox) {
        outbox.payloads.drain(..).for_each(|payload| self.queue.push(payload));
        let mut ledger = self.ledger.borrow_mut();
        outbox.lost.drain(..).for_each(|(points, reason)| ledger.lose(points, reason));
    }
}

/// Takes payloads from the queue and sends them.
struct Sender<D> {
    destination: D,
    shared: Rc<Shared>,
    backoff: Backoff,
    phases: watch::Receiver<Phase>,
}

async fn send_all<D: Destination>(mut senders: Vec<Sender<D>>) {
    if let Some(first) = senders.first_mut() {
        first.open().await;
    }
    let mut tasks = JoinSet::new();
    for sender in senders {
        tasks.spawn_local(sender.run());
    }
    while tasks.join_next().await.is_some() {}
}

impl<D: Destination> Sender<D> {
    async fn open(&mut self) {
        let mut tries = 0;
        while let Err(failure) = self.destination.open().await {
            tries += 1;
            if !may_retry(&failure, tries) {
                return self.shared.outages.borrow().cannot_open(&failure);
            }
            self.shared.outages.borrow_mut().failed(&failure);
            self.wait(&failure).await;
        }
        self.backoff.succeeded();
    }

    async fn run(mut self) {
        while let Some(payload) = self.shared.queue.pop().await {
            self.shared.under_way.update(|points| points + payload.points);
            self.deliver(&payload).await;
            self.shared.under_way.update(|points| points - payload.points);
        }
    }

    /// Ends when the payload is in the ledger.
    async fn deliver(&mut self, payload: &Payload) {
        let mut tries = 0;
        loop {
            let failure = match self.destination.send(payload).await {
                Ok(sent) => {
                    let rejected = sent.rejected.min(payload.points);
                    let mut ledger = self.shared.ledger.borrow_mut();
                    ledger.deliver(payload.points - rejected);
                    ledger.lose(rejected, &format!("refused ({})", sent.reason));
                    self.backoff.succeeded();
                    let mut outages = self.shared.outages.borrow_mut();
                    if rejected == 0 {
                        outages.succeeded();
                    } else {
                        outages.failed(&Failure::refused(sent.reason));
                    }
                    return;
                }
                Err(failure) => failure,
            };
            self.shared.outages.borrow_mut().failed(&failure);
            tries += 1;
            if !may_retry(&failure, tries) {
                let verb = match failure {
                    Failure::Refused { .. } => "refused",
                    _ => "not taken",
                };
                let reason = format!("{verb} ({})", failure.reason());
                self.shared.ledger.borrow_mut().lose(payload.points, &reason);
                return;
            }
            self.wait(&failure).await;
        }
    }

    /// Before the next try. The end of the run ends a long wait.
    async fn wait(&mut self, failure: &Failure) {
        let retry_after = match failure {
            Failure::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        };
        let wait = self.backoff.failed(retry_after);
        if *self.phases.borrow_and_update() != Phase::Running {
            return timer::sleep(wait.min(DRAIN_WAIT)).await;
        }
        select! {
            () = timer::sleep(wait) => {}
            // An error means that nobody wants this any more, and then all of it ends.
            _ = self.phases.changed() => {}
        }
    }
}

fn may_retry(failure: &Failure, tries: u32) -> bool {
    match failure {
        Failure::Unavailable { .. } => true,
        Failure::Transient { .. } => tries < TRIES_LIMIT,
        Failure::Refused { .. } => false,
    }
}
