//! Saving: when somebody asks for it, when it is time, and at the end.

use std::{
    sync::{Arc, OnceLock, atomic::Ordering},
    thread,
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

use super::{Job, Points, Refusal};
use crate::{
    persist::{Place, SaveError, Saved, Walk},
    serve::{locked, node::Node},
};

/// After a save that failed, the next one that nobody asked for waits so long: Redis's own.
const RETRY: Duration = Duration::from_secs(5);

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
    let job =
        Arc::new(Job { walk: Walk::default(), started: Instant::now(), outcome: OnceLock::new() });
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
            if self.job.walk.is_cancelled.load(Ordering::Relaxed) {
                // Where the server ends, and `save` says so, it saves once more.
                let reason = "the server ends, or SHUTDOWN was aborted";
                self.node.journal.warn("save given up", &[("reason", reason)]);
            } else {
                self.node.journal.error("not saved", &[("error", error)]);
            }
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
pub(in crate::serve) fn look(node: &Arc<Node>) {
    let text = node.parameters.text("save");
    if text.is_empty() || !node.saving.has_place() || node.saving.job().is_some() {
        return;
    }
    let Some(points) = Points::read(&text) else { return };
    let facts = node.saving.facts();
    let seconds = Node::now().0.saturating_sub(facts.last_saved.0) / 1_000;
    let is_soon =
        facts.last_error.is_some() && facts.ended.is_some_and(|ended| ended.elapsed() < RETRY);
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
pub(in crate::serve) fn finish(node: &Node) -> Result<(), SaveError> {
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
    let items = node.keyspace.store().stats().items.to_string();
    let path = place.path().display().to_string();
    let fields = [("file", &*path), ("items", &items), ("hint", "another signal ends it unsaved")];
    node.journal.info("saving", &fields);
    let job = Job { walk: Walk::default(), started: Instant::now(), outcome: OnceLock::new() };
    let saved = save(node, place, &job);
    if let Err(error) = &saved {
        node.journal.error("not saved", &[("error", &error.to_string())]);
    }
    saved.map(drop)
}
