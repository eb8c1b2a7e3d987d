//! Pools that a service tells of on its own page, found by the names of their gauges.

use super::{observed::Signal, table::MONITOR_PREFIXES};

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

/// The metrics of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) in_use: String,
    pub(super) size: String,
    pub(super) waiting: Option<String>,
}

/// The pool whose use `signal` tells, if others among `signals` tell the rest of it.
pub(super) fn pool_of(signal: &Signal, signals: &[Signal]) -> Option<Pool> {
    if MONITOR_PREFIXES.iter().any(|prefix| signal.metric.starts_with(prefix)) {
        return None;
    }
    let has = |metric: &str| {
        signals.iter().any(|other| other.metric == metric && other.tags == signal.tags)
    };
    SHAPES.iter().find_map(|(in_use, size)| {
        let stem = signal.metric.strip_suffix(in_use)?;
        let size = format!("{stem}{size}");
        if stem.is_empty() || !has(&size) {
            return None;
        }
        let waiting = WAITING.iter().map(|end| format!("{stem}{end}")).find(|name| has(name));
        Some(Pool { name: stem.to_owned(), in_use: signal.metric.clone(), size, waiting })
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
            .map(|pool| (pool.name.as_str(), pool.size.as_str(), pool.waiting.as_deref()));
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
    fn others_are_not() {
        check(&["db_pool_in_use"], None);
        check(&["postgres_connections_active", "postgres_connections_max"], None);
        check(&["_in_use", "_size"], None);
    }
}
