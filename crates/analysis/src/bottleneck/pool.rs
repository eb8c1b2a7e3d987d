//! Pools that a service tells of on its own page, found by the names of their gauges.

use super::{
    observed::Signal,
    table::{MONITOR_PREFIXES, Resource},
};

/// Ends of names: what is in use, and how much there is. The names before them are the pool's.
const SHAPES: [(&str, &str); 14] = [
    ("_in_use", "_size"),
    ("_in_use", "_max"),
    ("_in_use", "_limit"),
    ("_in_use", "_capacity"),
    ("_used", "_max"),
    ("_used", "_limit"),
    ("_busy", "_size"),
    ("_busy", "_max"),
    ("_active", "_max"),
    ("_active", "_size"),
    // Go's database/sql, pgxpool, Tomcat, and executors of Micrometer
    ("_in_use_connections", "_max_open_connections"),
    ("_acquired_conns", "_max_conns"),
    ("_busy_threads", "_config_max_threads"),
    ("_active_threads", "_pool_max_threads"),
];

/// Ends of names of those who wait for a free one.
const WAITING: [&str; 7] = [
    "_waiting",
    "_waiters",
    "_pending",
    "_queued",
    "_wait_queue",
    "_queue_length",
    "_queued_tasks",
];

/// The end of the name of a counter of the time for which all of it together was in use: better than
/// looking at a gauge now and then.
const BUSY_SECONDS: &str = "_busy_seconds_total";

/// Ends of names of a link's bytes and of what it may send per second.
const LINK: (&str, &str) = ("_sent_bytes_total", "_bandwidth_bytes_per_second");

/// How pools of one are called that let one in at a time.
const LOCKS: [&str; 3] = ["lock", "mutex", "latch"];

/// The metrics of one pool, or of a link that a service tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) used: String,
    pub(super) limit: String,
    pub(super) waiting: Option<String>,
    pub(super) is_link: bool,
}

impl Pool {
    /// What it is, by its name and size.
    pub(super) fn resource(&self, size: f64) -> Resource {
        match self.is_link {
            true => Resource::LinkOut,
            false if size == 1.0 && LOCKS.iter().any(|end| self.name.ends_with(end)) => {
                Resource::Lock
            }
            false => Resource::Pool,
        }
    }
}

/// The pool whose use `signal` tells, if others among `signals` tell the rest of it.
pub(super) fn pool_of(signal: &Signal, signals: &[Signal]) -> Option<Pool> {
    if MONITOR_PREFIXES.iter().any(|prefix| signal.metric.starts_with(prefix)) {
        return None;
    }
    let has = |metric: &str| {
        signals.iter().any(|other| other.metric == metric && other.tags == signal.tags)
    };
    SHAPES.iter().chain([&LINK]).find_map(|shape| {
        let stem = signal.metric.strip_suffix(shape.0)?;
        let limit = format!("{stem}{}", shape.1);
        if stem.is_empty() || !has(&limit) {
            return None;
        }
        let waiting = WAITING.iter().map(|end| format!("{stem}{end}")).find(|name| has(name));
        let is_link = *shape == LINK;
        let used = Some(format!("{stem}{BUSY_SECONDS}"))
            .filter(|name| !is_link && has(name))
            .unwrap_or_else(|| signal.metric.clone());
        Some(Pool { name: stem.to_owned(), used, limit, waiting, is_link })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: Option<(&str, &str, Option<&str>)>) {
        let signals: Vec<Signal> =
            names.iter().map(|name| Signal::new(name, &[("service", "app")], 1.0, 1.0)).collect();
        let found = signals.iter().find_map(|signal| pool_of(signal, &signals));
        let found = found
            .as_ref()
            .map(|pool| (pool.name.as_str(), pool.limit.as_str(), pool.waiting.as_deref()));
        assert_eq!(found, expected);
    }

    #[test]
    fn names_of_libraries_are_known() {
        check(
            &["db_pool_size", "db_pool_in_use", "db_pool_waiting"],
            Some(("db_pool", "db_pool_size", Some("db_pool_waiting"))),
        );
        check(
            &["hikaricp_connections_active", "hikaricp_connections_max"],
            Some(("hikaricp_connections", "hikaricp_connections_max", None)),
        );
        check(
            &["go_sql_in_use_connections", "go_sql_max_open_connections"],
            Some(("go_sql", "go_sql_max_open_connections", None)),
        );
    }

    #[test]
    fn a_link_and_a_lock_are_told_apart() {
        check(
            &[
                "web_link_bandwidth_bytes_per_second",
                "web_link_sent_bytes_total",
                "web_link_waiting",
            ],
            Some(("web_link", "web_link_bandwidth_bytes_per_second", Some("web_link_waiting"))),
        );
        let names = ["web_lock_size", "web_lock_in_use", "web_lock_busy_seconds_total"];
        let signals = names.map(|name| Signal::new(name, &[], 1.0, 1.0));
        let pool = pool_of(&signals[1], &signals).unwrap();
        assert_eq!(pool.used, "web_lock_busy_seconds_total");
        assert_eq!(pool.resource(1.0), Resource::Lock);
        assert_eq!(pool.resource(2.0), Resource::Pool);
    }

    #[test]
    fn others_are_not() {
        check(&["db_pool_in_use"], None);
        check(&["postgres_connections_active", "postgres_connections_max"], None);
        check(&["_in_use", "_size"], None);
    }
}
