//! At which ports a group of processes listens.

use std::{collections::HashMap, time::Duration};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use super::{find, metrics};
use crate::{
    pace::Pace,
    readings::Readings,
    sockets::{self, Listener},
};

/// When processes come and go all the time, their sockets are looked for this often.
const SEARCH_EVERY: Duration = Duration::from_secs(30);

/// Ports of one watched thing that are told of; further ones are left out.
const PORTS_LIMIT: usize = 16;

/// Remembers which listening sockets are the group's: they are looked for only when there are others
/// than before, or other processes.
#[derive(Default)]
pub(super) struct Listening {
    /// Of all listening sockets, and of the group, when its sockets were looked for.
    inodes: Vec<u64>,
    pids: Vec<u32>,
    own: Vec<u64>,
    pace: Pace,
    /// By port.
    tags: HashMap<u16, TagSet>,
}

impl Listening {
    /// Sockets of the group at this tick; none when it cannot be found out.
    pub(super) fn of(&mut self, pids: Vec<u32>, at: Instant) -> Vec<Listener> {
        let Ok(all) = sockets::listeners_at(at) else { return Vec::new() };
        let has_other_sockets = !all.iter().map(|listener| &listener.inode).eq(&self.inodes);
        let is_due = has_other_sockets && self.pace.is_due(Duration::ZERO)
            || pids != self.pids && self.pace.is_due(SEARCH_EVERY);
        if is_due {
            self.inodes = all.iter().map(|listener| listener.inode).collect();
            self.own = self.pace.run(|| {
                let open = pids.iter().flat_map(|pid| find::sockets_of(*pid));
                open.filter(|inode| self.inodes.binary_search(inode).is_ok()).collect()
            });
            self.pids = pids;
        }
        all.iter().filter(|listener| self.own.contains(&listener.inode)).copied().collect()
    }

    /// Records the longest queue of each port.
    pub(super) fn record(
        &mut self,
        mut listeners: Vec<Listener>,
        process: &TagSet,
        readings: &Readings,
    ) {
        listeners.sort_unstable_by_key(|listener| (listener.port, listener.queue));
        for of_port in listeners.chunk_by(|left, right| left.port == right.port) {
            let Some(longest) = of_port.last() else { continue };
            if !self.tags.contains_key(&longest.port) && self.tags.len() < PORTS_LIMIT {
                let tags = process.with("port", &longest.port.to_string());
                self.tags.insert(longest.port, tags);
            }
            let Some(tags) = self.tags.get(&longest.port) else { continue };
            readings.record(&metrics::LISTEN_QUEUE, tags, f64::from(longest.queue));
            if let Some(limit) = longest.queue_limit {
                readings.record(&metrics::LISTEN_QUEUE_LIMIT, tags, f64::from(limit));
            }
        }
    }
}
