//! What INFO and metrics tell of origins.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::rule::Site;
use crate::serve::node::Node;

/// Gauges with their limits, then what has happened since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) rules: usize,
    /// Under way.
    pub(crate) fills: usize,
    pub(crate) fills_max: usize,
    /// Of answers under way.
    pub(crate) bytes: usize,
    pub(crate) bytes_max: usize,
    /// Keys of which something is remembered.
    pub(crate) keys: usize,
    /// Memory for that.
    pub(crate) remembered_bytes: usize,
    pub(crate) remembered_bytes_max: usize,
    /// Origins that are left alone.
    pub(crate) open_breakers: usize,
    pub(crate) begun: u64,
    /// Of those, of what was still fresh.
    pub(crate) early: u64,
    pub(crate) stored: u64,
    /// The origin had no other value than the one that was there.
    pub(crate) unchanged: u64,
    pub(crate) absent: u64,
    pub(crate) failed: u64,
    /// Whose key a client has changed meanwhile.
    pub(crate) overtaken: u64,
    /// Not begun, because too many were under way or the origin had failed.
    pub(crate) refused: u64,
    pub(crate) fetched_bytes: u64,
    /// Reads that had to wait, for whichever fill.
    pub(crate) waited: u64,
    /// Reads of what was not fresh any more.
    pub(crate) stale: u64,
    /// Values that were kept only while they were fresh, for want of memory to remember more.
    pub(crate) forgotten: u64,
}

impl Figures {
    pub(crate) fn of(node: &Node) -> Figures {
        let (origin, fills) = (&node.origin, node.keyspace.fills());
        let (rules, counts) = (origin.rules(), &origin.counts);
        let mut open: Vec<&Arc<Site>> = rules.all.iter().map(|rule| &rule.site).collect();
        open.retain(|site| site.breaker.is_open());
        open.sort_unstable_by_key(|site| Arc::as_ptr(site));
        open.dedup_by_key(|site| Arc::as_ptr(site));
        let (remembered_bytes, remembered_bytes_max) = fills.bytes();
        let since = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            rules: rules.all.len(),
            fills: origin.budget.fills.load(Ordering::Relaxed),
            fills_max: rules.settings.fills_max,
            bytes: origin.budget.bytes.load(Ordering::Relaxed),
            bytes_max: rules.settings.bytes_max,
            keys: fills.entries(),
            remembered_bytes,
            remembered_bytes_max,
            open_breakers: open.len(),
            begun: since(&counts.begun),
            early: since(&fills.counts.early),
            stored: since(&counts.values),
            unchanged: since(&counts.unchanged),
            absent: since(&counts.absent),
            failed: since(&counts.failed),
            overtaken: since(&fills.counts.overtaken),
            refused: since(&counts.refused),
            fetched_bytes: since(&counts.bytes),
            waited: since(&counts.waited),
            stale: since(&fills.counts.stale),
            forgotten: since(&fills.counts.forgotten),
        }
    }
}
