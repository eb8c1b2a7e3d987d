//! What is said of the limit: named with its evidence, or not named with the reason.

use super::table::{PlaceKind, Resource, Unit};
use crate::stats::Interval;

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub kind: PlaceKind,
    /// As the user named what is watched.
    pub name: String,
    pub host: Option<String>,
    /// Which one of several: a device, an interface, a thread, a port, a pool, a kind of wait.
    pub part: Option<String>,
}

/// A resource with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub resource: Resource,
    pub place: Place,
    /// How much there is: cores, bytes per second, connections; `None` when not known or without sense.
    pub size: Option<f64>,
}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It fits, but something else of what is known would fit too, or not all of it could be seen.
    Low,
    Medium,
    /// Its limit meets the capacity, it was seen full, and nothing else was.
    High,
}

impl Confidence {
    /// A stable name for machines.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// Something that was seen and speaks for a verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Shares of it in use: at the measured capacity, by its line, and the most of any trial.
    Utilization { at_capacity: f64, highest: f64 },
    /// The same of what is held, not busy: of a pool's or a server's connections.
    Occupied { at_capacity: f64, highest: f64 },
    /// The queue of it, or errors for want of it: at little load, at the most, and the offered rate from
    /// which on it stayed up.
    Symptom {
        metric: String,
        base: f64,
        highest: f64,
        from: f64,
        unit: Unit,
        words: (&'static str, &'static str),
    },
    /// Who takes most of the CPU, in cores.
    Taker { process: String, cores: f64 },
    /// What the process of a full thread takes with all its threads, in cores.
    AllThreads { cores: f64 },
    /// Milliseconds for which one was held, at little load and at the most.
    Held { base: f64, highest: f64 },
    /// What one request took at little load, where that is not what it takes at the end.
    AtLittleLoad { demand: Demand },
    /// Its queue was the first to rise.
    FirstToRise,
}

/// What one request takes of a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Demand {
    /// Milliseconds of one core, device, thread or pooled thing.
    Milliseconds(f64),
    Bytes(f64),
}

/// A rate at which something is used up, per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceiling {
    pub value: f64,
    /// At 95 %.
    pub interval: Interval,
}

/// The bottleneck.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub subject: Subject,
    pub evidence: Vec<Evidence>,
    /// `None` for what shows by its symptom only.
    pub demand: Option<Demand>,
    pub limit: Option<Ceiling>,
    pub confidence: Confidence,
}

/// What would give next.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    pub subject: Subject,
    pub limit: Ceiling,
}

/// Why a resource is not the bottleneck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// No more than this share of it was in use.
    Idle { highest: f64 },
    /// Its use does not rise with the load.
    Unrelated { highest: f64 },
    /// It would last until about this rate.
    Later { limit: f64 },
    /// It was as full at a lower rate, and throughput still rose.
    NotBinding { highest: f64 },
    /// It was full since each was held longer and longer, in milliseconds: what is behind it was slow.
    Echo { base: f64, highest: f64 },
    /// Nothing waited for it or was refused.
    Quiet,
    /// It was full too, but less can be said for it.
    Behind { highest: f64 },
}

impl Why {
    /// A stable name for machines.
    pub fn name(self) -> &'static str {
        match self {
            Why::Idle { .. } => "idle",
            Why::Unrelated { .. } => "unrelated",
            Why::Later { .. } => "later",
            Why::NotBinding { .. } => "not_binding",
            Why::Echo { .. } => "echo",
            Why::Quiet => "quiet",
            Why::Behind { .. } => "behind",
        }
    }
}

/// Something that was looked at and is not the bottleneck.
#[derive(Clone, Debug, PartialEq)]
pub struct RuledOut {
    pub subject: Subject,
    pub why: Why,
}

/// Why there is no name.
#[derive(Clone, Debug, PartialEq)]
pub enum NotIdentified {
    /// So many trials at so many rates, of those needed.
    TooFew { trials: usize, rates: usize },
    /// Every trial kept the objectives: nothing has given way.
    NotReached,
    /// The generator was busy in this share of its CPU in the trials that matter.
    Generator { share: f64 },
    /// Nothing of the service was watched.
    NothingWatched,
    /// This was busy to that share, but its limit does not meet the capacity and no queue speaks for it; or
    /// it was full, and what is behind it may be the reason.
    Suspected(Subject, f64),
    /// A pool was full since what it waits for was slow, and that is not among what was watched.
    BehindAPool(Subject),
    /// A process could run and did not, for so many of its threads on average, while cores were idle: a
    /// quota that is not watched, or it is bound to few cores.
    HeldBack { process: String, waiting: f64 },
    /// Nothing that was watched was busy: a lock, a pool of its own, a sleep, or something not watched.
    Waiting {
        /// A process of several threads that took one core in all: as when one lock lets one run at a time.
        serial: Option<String>,
    },
}

impl NotIdentified {
    /// A stable name for machines.
    pub fn name(&self) -> &'static str {
        match self {
            NotIdentified::TooFew { .. } => "too_few_trials",
            NotIdentified::NotReached => "not_reached",
            NotIdentified::Generator { .. } => "generator",
            NotIdentified::NothingWatched => "nothing_watched",
            NotIdentified::Suspected(..) => "suspected",
            NotIdentified::BehindAPool(_) => "behind_a_pool",
            NotIdentified::HeldBack { .. } => "held_back",
            NotIdentified::Waiting { .. } => "waiting",
        }
    }
}

/// What should be known beside a verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Caution {
    /// The generator takes so many cores of the host that gave way.
    SharedHost { host: String, generator_cores: f64, cores: f64 },
    /// The hypervisor took this share of the host.
    Stolen { host: String, share: f64 },
    /// Another resource's limit cannot be told apart.
    Inseparable(Subject),
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub bottleneck: Result<Named, NotIdentified>,
    pub next: Option<Next>,
    /// What comes closest first.
    pub ruled_out: Vec<RuledOut>,
    /// What nothing is known of, in words.
    pub unobserved: Vec<String>,
    pub cautions: Vec<Caution>,
    /// The most that the generator took of its CPU in a trial that counted, 0..=1.
    pub generator: f64,
    /// Of all that was seen to queue: where, and the offered rate from which on; the first one first.
    pub order: Vec<Rise>,
}

/// A queue that rose.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    pub subject: Subject,
    pub metric: String,
    pub from: f64,
}
