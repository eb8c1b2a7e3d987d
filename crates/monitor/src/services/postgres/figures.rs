//! From PostgreSQL's statistics to readings.

use std::collections::BTreeMap;

use plimsoll_metrics::TagSet;

use super::statistics::Statistics;
use crate::{
    increase::Increase,
    metric::{Metric, metrics},
    readings::Readings,
};

metrics! {
    CONNECTIONS "postgres_connections" Trend Count ["service"] "pg_stat_activity" "Sessions of clients, that of the probe included";
    CONNECTIONS_LIMIT "postgres_connections_limit" Trend Count ["service"] "max_connections" "The most sessions that are let in";
    ACTIVE "postgres_connections_active" Trend Count ["service"] "pg_stat_activity state = active" "Sessions that run a statement, that of the probe left out";
    IDLE_IN_TRANSACTION "postgres_connections_idle_in_transaction" Trend Count ["service"] "pg_stat_activity state = idle in transaction" "Sessions that hold a transaction open and do nothing";
    WAITING "postgres_waiting" Trend Count ["service" "wait"] "pg_stat_activity wait_event_type" "Active sessions that wait, by what for: Lock, LWLock, IO and so on";
    LOCKS_WAITED_FOR "postgres_locks_waiting" Trend Count ["service"] "pg_locks not granted" "Locks that somebody waits for";
    COMMITS "postgres_commits" Counter Count ["service"] "pg_stat_database xact_commit" "Transactions committed in all databases, those of the probe included";
    ROLLBACKS "postgres_rollbacks" Counter Count ["service"] "pg_stat_database xact_rollback" "Transactions rolled back";
    DEADLOCKS "postgres_deadlocks" Counter Count ["service"] "pg_stat_database deadlocks" "Deadlocks found";
    TEMP_BYTES "postgres_temp_bytes" Counter Bytes ["service"] "pg_stat_database temp_bytes" "Bytes written to temporary files: sorts and hashes that did not fit into work_mem";
    BLOCKS_HIT "postgres_blocks_hit" Counter Count ["service"] "pg_stat_database blks_hit" "Blocks found in shared buffers";
    BLOCKS_READ "postgres_blocks_read" Counter Count ["service"] "pg_stat_database blks_read" "Blocks that had to be read, from disk or the kernel's cache";
    REPLICATION_LAG "postgres_replication_lag_bytes" Trend Bytes ["service" "replica"] "pg_stat_replication replay_lsn" "Log that a replica has not replayed";
}

/// What is waited for most: recorded as 0 when nobody does.
const USUAL_WAITS: [&str; 3] = ["IO", "LWLock", "Lock"];

/// Names of replicas and kinds of waiting that are remembered.
const TAGS_LIMIT: usize = 256;

/// What must be remembered between readings.
pub(super) struct Totals {
    counters: [Increase; 6],
    /// By what is waited for.
    waits: BTreeMap<String, TagSet>,
    /// By replica.
    replicas: BTreeMap<String, TagSet>,
}

impl Default for Totals {
    fn default() -> Totals {
        Totals {
            counters: Default::default(),
            waits: USUAL_WAITS.map(|wait| (wait.to_owned(), TagSet::default())).into(),
            replicas: BTreeMap::new(),
        }
    }
}

impl Totals {
    pub(super) fn record(&mut self, statistics: &Statistics, readings: &Readings, tags: &TagSet) {
        let is_whole = statistics.hidden == 0.0;
        let level = |metric, value| readings.record(metric, tags, value);
        level(&CONNECTIONS, statistics.connections);
        level(&CONNECTIONS_LIMIT, statistics.connections_limit);
        level(&LOCKS_WAITED_FOR, statistics.locks_waited_for);
        // Numbers that leave out what the role may not see would be taken for all.
        if is_whole {
            level(&ACTIVE, statistics.active);
            level(&IDLE_IN_TRANSACTION, statistics.idle_in_transaction);
            self.record_waits(statistics, readings, tags);
        }
        let totals = &statistics.totals;
        let counted: [(&'static Metric, u64); 6] = [
            (&COMMITS, totals.commits),
            (&ROLLBACKS, totals.rollbacks),
            (&DEADLOCKS, totals.deadlocks),
            (&TEMP_BYTES, totals.temp_bytes),
            (&BLOCKS_HIT, totals.blocks_hit),
            (&BLOCKS_READ, totals.blocks_read),
        ];
        for ((metric, total), counter) in counted.into_iter().zip(&mut self.counters) {
            if let Some(increase) = counter.of(total) {
                readings.record(metric, tags, increase as f64);
            }
        }
        for (name, lag) in &statistics.lag {
            let tags = known(&mut self.replicas, name, || tags.with("replica", name));
            readings.record(&REPLICATION_LAG, tags, lag.max(0.0));
        }
    }

    /// What was waited for before and is not now is 0.
    fn record_waits(&mut self, statistics: &Statistics, readings: &Readings, tags: &TagSet) {
        for (wait, _) in &statistics.waiting {
            known(&mut self.waits, wait, TagSet::default);
        }
        for (wait, with_wait) in &mut self.waits {
            if with_wait.is_empty() {
                *with_wait = tags.with("wait", wait);
            }
            let found = statistics.waiting.iter().find(|(name, _)| name == wait);
            readings.record(&WAITING, with_wait, found.map_or(0.0, |(_, count)| *count));
        }
    }
}

/// The tags of a name. When names come without end, all begin anew.
fn known<'a>(
    map: &'a mut BTreeMap<String, TagSet>,
    name: &str,
    make: impl FnOnce() -> TagSet,
) -> &'a TagSet {
    if map.len() >= TAGS_LIMIT && !map.contains_key(name) {
        map.clear();
    }
    map.entry(name.to_owned()).or_insert_with(make)
}
