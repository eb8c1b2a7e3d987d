//! Every parameter: name, type, default, and when it can be changed.
//!
//! Flags, the configuration file, the environment and CONFIG all work on these. One that only the start
//! decides is declared by [`at_start`], one that CONFIG SET changes too by [`settable`], one that nobody
//! changes by [`fixed`]. What a change means to the rest of the server is in `server::config::apply`,
//! which is also called for each parameter that was given at the start.

use crate::serve::{origin, saving, telemetry::journal::LEVELS};

/// What a parameter takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Bytes, with units.
    Memory {
        min: u64,
        max: u64,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    Text,
    /// One IP address.
    Address,
    /// A port, or nothing for none.
    Port,
    /// A text that CONFIG GET shows to those who may see it, and nobody logs.
    Secret,
    /// What the module that owns it makes of it, as [`Kind::Checked`]; and what is shown in its place.
    Veiled {
        check: fn(&str) -> Result<String, String>,
        veil: fn(&str) -> String,
    },
    OutputLimits,
    /// Letters of keyspace events.
    Events,
    /// What the module that owns it makes of it: the value as CONFIG GET shows it, or the reason why it
    /// cannot be so. Several values are separated by spaces.
    Checked(fn(&str) -> Result<String, String>),
}

/// When a parameter can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// At the start, and by CONFIG SET.
    Always,
    /// By flags, file and environment. CONFIG SET says "can't set immutable config".
    AtStart,
    /// Told for clients that ask; the server decides it.
    Never,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) change: Change,
}

const fn fixed(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    Parameter { name, kind, default, change: Change::Never }
}

/// For what is decided before anything runs.
const fn at_start(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    Parameter { name, kind, default, change: Change::AtStart }
}

const fn settable(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    Parameter { name, kind, default, change: Change::Always }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const fn memory(min: u64, max: u64) -> Kind {
    Kind::Memory { min, max }
}

/// The names that `maxmemory-policy` takes; see the store's policies.
const POLICIES: &[&str] = &[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "s3-fifo",
    "sieve",
];
/// Those that take several values, and what stands between two: each line of a file, and each flag, adds some.
const ADD_UP: &[(&str, char)] = &[
    ("client-output-buffer-limit", ' '),
    ("origin", ' '),
    // Values have blanks in them.
    ("origin-header", '\n'),
    ("save", ' '),
];
const HEADERS: Kind = Kind::Veiled { check: origin::check_headers, veil: origin::veil_headers };
/// Most seconds of anything.
const SECONDS: Kind = integer(0, i32::MAX as i64);

/// What stands between values when several that are given for it are all meant.
pub(crate) fn separator(name: &str) -> Option<char> {
    ADD_UP.iter().find(|(other, _)| *other == name).map(|(_, separator)| *separator)
}

/// Sorted by name.
pub(crate) const PARAMETERS: &[Parameter] = &[
    settable(
        "acl-pubsub-default",
        Kind::Choice(&["allchannels", "resetchannels"]),
        "resetchannels",
    ),
    at_start("aclfile", Kind::Text, ""),
    settable("acllog-max-len", integer(0, 100_000), "128"),
    settable("activedefrag", Kind::Boolean, "no"),
    at_start("admin-bind", Kind::Address, "127.0.0.1"),
    at_start("admin-port", Kind::Port, ""),
    fixed("appendfsync", Kind::Text, "everysec"),
    fixed("appendonly", Kind::Boolean, "no"),
    at_start("bind", Kind::Address, "127.0.0.1"),
    settable("client-output-buffer-limit", Kind::OutputLimits, ""),
    settable("client-query-buffer-limit", memory(1 << 20, i64::MAX as u64), "1gb"),
    fixed("cluster-enabled", Kind::Boolean, "no"),
    fixed("daemonize", Kind::Boolean, "no"),
    fixed("databases", integer(1, 1), "1"),
    at_start("dbfilename", Kind::Checked(saving::file_name), ""),
    at_start("dir", Kind::Text, "."),
    // As Redis has it.
    at_start("disable-thp", Kind::Boolean, "yes"),
    fixed("hash-max-listpack-entries", integer(0, i64::MAX), "128"),
    fixed("hash-max-listpack-value", memory(0, u64::MAX), "64"),
    fixed("hash-max-ziplist-entries", integer(0, i64::MAX), "128"),
    fixed("hash-max-ziplist-value", memory(0, u64::MAX), "64"),
    settable("hotkeys-copied-percentage", integer(0, 100), "1"),
    settable("hotkeys-sampling-percentage", integer(1, 100), "6"),
    settable("hotkeys-top-k", integer(0, 1_000), "128"),
    settable("hotkeys-window-seconds", integer(1, 300), "1"),
    settable("hz", integer(1, 500), "10"),
    settable("io-gather-usec", integer(0, 1_000), "40"),
    at_start("io-threads", integer(1, 1_024), "1"),
    settable("latency-monitor-threshold", integer(0, i64::MAX), "0"),
    settable("latency-tracking", Kind::Boolean, "yes"),
    settable("lazyfree-lazy-user-del", Kind::Boolean, "no"),
    settable("lazyfree-lazy-user-flush", Kind::Boolean, "no"),
    settable("lfu-decay-time", integer(0, i32::MAX as i64), "1"),
    settable("lfu-log-factor", integer(0, i32::MAX as i64), "10"),
    fixed("list-max-listpack-size", integer(i32::MIN as i64, i32::MAX as i64), "-2"),
    fixed("list-max-ziplist-size", integer(i32::MIN as i64, i32::MAX as i64), "-2"),
    settable("loglevel", Kind::Choice(LEVELS), "notice"),
    settable("maxclients", integer(1, 4_294_967_295), "10000"),
    settable("maxmemory", memory(0, u64::MAX), "0"),
    settable("maxmemory-clients", memory(0, u64::MAX), "0"),
    settable("maxmemory-policy", Kind::Choice(POLICIES), "noeviction"),
    settable("maxmemory-samples", integer(1, 64), "5"),
    settable("notify-keyspace-events", Kind::Events, ""),
    settable("origin", Kind::Checked(origin::check), ""),
    settable("origin-breaker-failures", integer(0, i32::MAX as i64), "5"),
    settable("origin-breaker-time", integer(1, i32::MAX as i64), "1000"),
    settable("origin-ca-cert-file", Kind::Checked(origin::check_authorities), ""),
    settable("origin-early-refresh", integer(0, origin::EARLY_REFRESH_MAX as i64), "0"),
    settable("origin-error-ttl", SECONDS, "1"),
    settable("origin-header", HEADERS, ""),
    settable("origin-jitter", integer(0, 100), "10"),
    settable("origin-max-body", memory(0, i64::MAX as u64), "16mb"),
    settable("origin-max-bytes", memory(0, i64::MAX as u64), "256mb"),
    settable("origin-max-fills", integer(1, origin::FILLS_LIMIT as i64), "256"),
    settable("origin-max-remembered", memory(1 << 20, i64::MAX as u64), "64mb"),
    settable("origin-negative-ttl", SECONDS, "5"),
    settable("origin-revalidate", SECONDS, "0"),
    settable("origin-stale-if-error", SECONDS, "0"),
    settable("origin-stale-while-revalidate", SECONDS, "0"),
    settable("origin-timeout", integer(1, i32::MAX as i64), "2000"),
    settable("origin-ttl", integer(1, i32::MAX as i64), "60"),
    at_start("port", integer(0, 65_535), "0"),
    settable("protected-mode", Kind::Boolean, "yes"),
    settable("proto-max-bulk-len", memory(1 << 20, i64::MAX as u64), "512mb"),
    settable("requirepass", Kind::Secret, ""),
    settable("save", Kind::Checked(saving::points), ""),
    fixed("set-max-intset-entries", integer(0, i64::MAX), "512"),
    fixed("set-max-listpack-entries", integer(0, i64::MAX), "128"),
    fixed("set-max-listpack-value", memory(0, u64::MAX), "64"),
    settable("shutdown-timeout", SECONDS, "10"),
    settable("slowlog-log-slower-than", integer(-1, i64::MAX), "10000"),
    settable("slowlog-max-len", integer(0, 100_000), "128"),
    settable("tcp-keepalive", SECONDS, "300"),
    settable("timeout", SECONDS, "0"),
    settable("tls-auth-clients", Kind::Choice(&["no", "yes", "optional"]), "yes"),
    settable("tls-ca-cert-file", Kind::Text, ""),
    settable("tls-cert-file", Kind::Text, ""),
    settable("tls-key-file", Kind::Text, ""),
    settable("tls-key-file-pass", Kind::Secret, ""),
    at_start("tls-port", integer(0, 65_535), "0"),
    settable("tracking-table-max-keys", integer(0, i64::MAX), "1000000"),
    fixed("zset-max-listpack-entries", integer(0, i64::MAX), "128"),
    fixed("zset-max-listpack-value", memory(0, u64::MAX), "64"),
    fixed("zset-max-ziplist-entries", integer(0, i64::MAX), "128"),
    fixed("zset-max-ziplist-value", memory(0, u64::MAX), "64"),
];
