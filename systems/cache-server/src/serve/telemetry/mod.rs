//! What is known of the server's work, for those who run it: counters and lines of the log, commands and
//! events that took long, what users were refused, and every command while somebody listens.

pub(crate) mod denial;
pub(crate) mod journal;
pub(crate) mod latency;
pub(crate) mod monitor;
pub(crate) mod rates;
pub(crate) mod refusals;
pub(crate) mod slowlog;
pub(crate) mod statistics;

/// What stands for an argument that is secret: Redis's own.
const REDACTED: &[u8] = b"(redacted)";
