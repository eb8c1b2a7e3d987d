//! Saving while the server serves: one save at a time, on a thread of its own, and what is known of it.

mod points;

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

pub(crate) use points::Points;

use super::{locked, node::Node};
use crate::{
    persist::{Loaded, Place, SaveError, Saved, UnreadableFile, Walk},
    store::Millis,
};

/// After a save that failed, the next one that nobody asked for waits so long: Redis's own.
const RETRY: Duration = Duration::from_secs(5);
/// From one line about loading to the next.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// A save, from its beginning on.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) walk: Walk,
    pub(crate) started: Instant,
    /// Set when it is over; an error in words.
    outcome: OnceLock<Result<Saved, String>>,
}

impl Job {
    /// What became of it; `None` while it is at work.
    pub(crate) fn outcome(&self) -> Option<&Result<Saved, String>> {
        self.outcome.get()
    }
}

/// What is known of saves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Of the last save that was made, or when the server started.
    pub(crate) last_saved: Millis,
    pub(crate) last_took: Option<Duration>,
    /// Why the last one failed, if it did.
    pub(crate) last_error: Option<String>,
    pub(crate) last: Option<Saved>,
    /// When the last one ended.
    ended: Option<Instant>,
    /// Those that were made.
    pub(crate) saves: u64,
    /// `Node::dirty` when the last one that was made began.
    saved_changes: u64,
    pub(crate) loaded: Option<Loaded>,
}

/// Why a save does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("ERR Background save already in progress")]
    Busy,
    #[error("ERR there is no file to save to: dbfilename is empty")]
    Nowhere,
    #[error("ERR no thread can be started for the save")]
    NoThread,
}

/// The saves of a server.
#[derive(Debug, Default)]
pub(crate) struct Saving {
    /// Empty when there is no file. Set once, when the server starts.
    place: OnceLock<Place>,
    facts: Mutex<Facts>,
    at_work: Mutex<Option<(Arc<Job>, JoinHandle<()>)>>,
    /// What SHUTDOWN has saved needs no saving when the server stops, nor what is not to be saved.
    is_settled: AtomicBool,
}

impl Saving {
    pub(crate) fn facts(&self) -> Facts {
        locked(&self.facts).clone()
    }

    pub(crate) fn has_place(&self) -> bool {
        self.place.get().is_some()
    }

    /// The save that is being made.
    pub(crate) fn job(&self) -> Option<Arc<Job>> {
        let at_work = locked(&self.at_work);
        at_work.as_ref().map(|(job, _)| job).filter(|job| job.outcome().is_none()).cloned()
    }

    /// Modifications since the last save that was made began.
    pub(crate) fn changes(&self, node: &Node) -> u64 {
        let changes = node.dirty.load(Ordering::Relaxed);
        changes.saturating_sub(locked(&self.facts).saved_changes)
    }

    /// When the server stops, nothing is to be saved.
    pub(crate) fn settle(&self) {
        self.is_settled.store(true, Ordering::SeqCst);
    }

    /// The save that is being made, if any, ends in vain.
    pub(crate) fn cancel(&self) {
        if let Some(job) = self.job() {
            job.walk.is_cancelled.store(true, Ordering::Relaxed);
        }
    }
}

/// For the parameter `save`.
pub(crate) fn points(text: &str) -> Result<String, String> {
    let points = Points::read(text).ok_or_else(|| "Invalid save parameters".to_owned())?;
    Ok(points.text())
}

/// For the parameter `dbfilename`.
pub(crate) fn file_name(text: &str) -> Result<String, String> {
    match text {
        "." | ".." => Err("dbfilename can't be a path, just a filename".to_owned()),
        text if text.contains('/') => {
            Err("dbfilename can't be a path, just a filename".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

/// Begins with what the last server left, before anybody is served.
///
/// # Errors
/// When the file cannot be read or is damaged, or its folder is not there.
pub(super) fn load(node: &Node) -> Result<(), UnreadableFile> {
    locked(&node.saving.facts).last_saved = Node::now();
    let (folder, name) = (node.parameters.text("dir"), node.parameters.text("dbfilename"));
    let folder = std::fs::canonicalize(&folder).map_err(|error| UnreadableFile {
        path: folder.into(),
        error: error.into(),
    })?;
    // A path that is no text is shown as well as it can be.
    node.parameters.decide("dir", &folder.to_string_lossy()).ok();
    if name.is_empty() {
        return Ok(());
    }
    let place = Place::new(folder, name);
    let started = Instant::now();
    let path = place.path().display().to_string();
    let total = std::fs::metadata(place.path()).map_or(0, |about| about.len());
    let mut told = started;
    let loaded = place.load(node.keyspace.store(), Node::now(), |loaded| {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let (items, bytes) = (loaded.items.to_string(), loaded.bytes.to_string());
            let fields = [("items", &*items), ("bytes", &bytes), ("of", &total.to_string())];
            node.journal.info("loading", &fields);
        }
    })?;
    if let Some(loaded) = loaded {
        let took = format!("{:.3}", started.elapsed().as_secs_f64());
        let (items, expired) = (loaded.items.to_string(), loaded.expired.to_string());
        let fields =
            [("file", &*path), ("items", &items), ("expired", &expired), ("seconds", &took)];
        node.journal.info("loaded", &fields);
        locked(&node.saving.facts).loaded = Some(loaded);
    }
    // Set once, here.
    node.saving.place.set(place).ok();
    Ok(())
}

/// Begins to save on a thread of its own.
///
/// # Errors
/// See [`Refusal`].
pub(crate) fn start(node: &Arc<Node>) -> Result<Arc<Job>, Refusal> {
    let place = node.saving.place.get().ok_or(Refusal::Nowhere)?.clone();
    let mut at_work = locked(&node.saving.at_work);
    if let Some((job, thread)) = at_work.take() {
        if job.outcome().is_none() {
            *at_work = Some((job, thread));
            return Err(Refusal::Busy);
        }
        // It is over but for its last steps. If it panicked, the job says so.
        thread.join().ok();
    }
    let job = Arc::new(Job {
        walk: Walk::default(),
        started: Instant::now(),
        outcome: OnceLock::new(),
    });
    let (shared, own) = (Arc::clone(node), Arc::clone(&job));
    let run = move || {
        let over = Over { node: &shared, job: &own };
        over.end(save(&shared, &place, &own));
    };
    let thread = thread::Builder::new().name("cache-save".to_owned()).spawn(run);
    *at_work = Some((Arc::clone(&job), thread.map_err(|_| Refusal::NoThread)?));
    Ok(job)
}

/// Sees to it that a job is over when its thread is, also by a panic.
struct Over<'j> {
    node: &'j Node,
    job: &'j Job,
}

impl Over<'_> {
    fn end(&self, outcome: Result<Saved, SaveError>) {
        self.settle(outcome.map_err(|error| error.to_string()));
    }

    fn settle(&self, outcome: Result<Saved, String>) {
        if let Err(error) = &outcome {
            self.node.journal.error("not saved", &[("error", error)]);
            let mut facts = locked(&self.node.saving.facts);
            facts.last_error = Some(error.clone());
            facts.ended = Some(Instant::now());
            facts.last_took = Some(self.job.started.elapsed());
        }
        // Whoever comes second changes nothing.
        self.job.outcome.set(outcome).ok();
    }
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if self.job.outcome().is_none() {
            self.settle(Err("the save has failed by a fault of this program".to_owned()));
        }
    }
}

fn save(node: &Node, place: &Place, job: &Job) -> Result<Saved, SaveError> {
    let changes = node.dirty.load(Ordering::Relaxed);
    let saved = place.save(&node.keyspace, Node::now(), &job.walk)?;
    let took = job.started.elapsed();
    let mut facts = locked(&node.saving.facts);
    facts.last_saved = Node::now();
    facts.last_took = Some(took);
    facts.last_error = None;
    facts.last = Some(saved);
    facts.ended = Some(Instant::now());
    facts.saves += 1;
    facts.saved_changes = changes;
    drop(facts);
    let (path, items) = (place.path().display().to_string(), saved.items.to_string());
    let (bytes, took) = (saved.bytes.to_string(), format!("{:.3}", took.as_secs_f64()));
    let fields = [("file", &*path), ("items", &items), ("bytes", &bytes), ("seconds", &took)];
    node.journal.info("saved", &fields);
    Ok(saved)
}

/// Begins a save when a point of `save` is due.
pub(super) fn look(node: &Arc<Node>) {
    let text = node.parameters.text("save");
    if text.is_empty() || !node.saving.has_place() || node.saving.job().is_some() {
        return;
    }
    let Some(points) = Points::read(&text) else { return };
    let facts = node.saving.facts();
    let seconds = Node::now().0.saturating_sub(facts.last_saved.0) / 1_000;
    let is_soon = facts.last_error.is_some()
        && facts.ended.is_some_and(|ended| ended.elapsed() < RETRY);
    if points.is_due(seconds, node.saving.changes(node)) && !is_soon {
        // It is looked again in a second.
        start(node).ok();
    }
}

/// The server has stopped, so nothing is written any more: saves what it holds, where `save` says so and
/// SHUTDOWN has not said otherwise.
///
/// # Errors
/// When that fails; the file is the one of the last save then.
pub(super) fn finish(node: &Node) -> Result<(), SaveError> {
    node.saving.cancel();
    let at_work = locked(&node.saving.at_work).take();
    if let Some((_, thread)) = at_work {
        // Its panic, if that was its end, is told already.
        thread.join().ok();
    }
    let is_on = Points::read(&node.parameters.text("save")).is_some_and(|points| points.is_on());
    let Some(place) = node.saving.place.get().filter(|_| is_on) else { return Ok(()) };
    if node.saving.is_settled.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let job =
        Job { walk: Walk::default(), started: Instant::now(), outcome: OnceLock::new() };
    let saved = save(node, place, &job);
    if let Err(error) = &saved {
        node.journal.error("not saved", &[("error", &error.to_string())]);
    }
    saved.map(drop)
}
