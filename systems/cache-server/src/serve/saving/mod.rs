//! Saving while the server serves: one save at a time, on a thread of its own, and what is known of it.

mod load;
mod points;
mod work;

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

pub(super) use load::load;
pub(crate) use points::Points;
pub(crate) use work::start;
pub(super) use work::{finish, look};

use super::{locked, node::Node};
use crate::{
    persist::{Loaded, Place, Saved, Walk},
    store::Millis,
};

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
    /// From the beginning to the end of the last one, whatever came of it.
    pub(crate) last_took: Option<Duration>,
    /// Why the last one failed, if it did.
    pub(crate) last_error: Option<String>,
    /// The last one that was made.
    pub(crate) last: Option<Saved>,
    /// When the last one ended.
    ended: Option<Instant>,
    /// Those that were made.
    pub(crate) saves: u64,
    /// `Node::dirty` when the last one that was made began.
    saved_changes: u64,
    /// What the server began with.
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
    /// A SHUTDOWN waits for its save.
    is_stopping: AtomicBool,
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

    /// A SHUTDOWN begins to wait; false when another one does already.
    pub(crate) fn begin_stop(&self) -> bool {
        !self.is_stopping.swap(true, Ordering::SeqCst)
    }

    /// It does no longer, or is not to; whether there was one.
    pub(crate) fn abort_stop(&self) -> bool {
        self.is_stopping.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
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
        text if text.contains('/') => Err("dbfilename can't be a path, just a filename".to_owned()),
        text => Ok(text.to_owned()),
    }
}
