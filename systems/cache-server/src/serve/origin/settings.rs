//! What holds for all rules that do not say otherwise, from the parameters.

use crate::serve::parameters::Parameters;

/// Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// When neither the rule nor the origin says how long.
    pub(super) ttl: u64,
    pub(super) negative_ttl: u64,
    pub(super) error_ttl: u64,
    pub(super) stale_while_revalidate: u64,
    pub(super) stale_if_error: u64,
    /// How long what has a validator is kept beyond its time.
    pub(super) revalidate: u64,
    pub(super) timeout: u64,
    /// Most that a time is shortened by, in percent.
    pub(super) jitter: u64,
    /// XFetch's beta, in percent.
    pub(super) early_refresh: u64,
    /// Under way at a time, of all rules and of one.
    pub(super) fills_max: usize,
    /// Longest answer, in bytes.
    pub(super) body_max: usize,
    /// Answers under way at a time, in bytes.
    pub(super) bytes_max: usize,
    /// What is remembered of keys, in bytes.
    pub(super) remembered_max: usize,
    /// Failures in a row that open the breaker; 0 never does.
    pub(super) breaker_failures: u32,
    pub(super) breaker_time: u64,
}

impl Settings {
    pub(super) fn of(parameters: &Parameters) -> Settings {
        let number = |name| parameters.number(name).cast_unsigned();
        let millis = |name| number(name).saturating_mul(1_000);
        let bytes = |name| usize::try_from(number(name)).unwrap_or(usize::MAX);
        Settings {
            ttl: millis("origin-ttl"),
            negative_ttl: millis("origin-negative-ttl"),
            error_ttl: millis("origin-error-ttl"),
            stale_while_revalidate: millis("origin-stale-while-revalidate"),
            stale_if_error: millis("origin-stale-if-error"),
            revalidate: millis("origin-revalidate"),
            timeout: number("origin-timeout"),
            jitter: number("origin-jitter"),
            early_refresh: number("origin-early-refresh"),
            fills_max: bytes("origin-max-fills"),
            body_max: bytes("origin-max-body"),
            bytes_max: bytes("origin-max-bytes"),
            remembered_max: bytes("origin-max-remembered"),
            breaker_failures: u32::try_from(number("origin-breaker-failures")).unwrap_or(u32::MAX),
            breaker_time: number("origin-breaker-time"),
        }
    }
}
