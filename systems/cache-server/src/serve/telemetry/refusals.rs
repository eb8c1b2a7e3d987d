//! Lines of the log about what is refused. They are made from the counters, so that a storm of refusals costs
//! one line in ten seconds.

use std::sync::atomic::{AtomicU64, Ordering};

use super::statistics::Events;
use crate::{serve::node::Node, store::Millis};

/// From one line about a kind of refusal to the next, at least.
const PERIOD_MILLIS: u64 = 10_000;

/// A kind of refusal.
struct Refusal {
    what: &'static str,
    counted: fn(&Node) -> u64,
    /// The cause, or where to look for it.
    reason: &'static str,
}

const REFUSALS: &[Refusal] = &[
    Refusal {
        what: "connections refused",
        counted: |node| count(&node.events.rejected),
        reason: "maxclients are connected",
    },
    Refusal {
        what: "clients closed",
        counted: |node| count(&node.events.output_limit),
        reason: "they do not read their replies",
    },
    Refusal {
        what: "clients closed",
        counted: |node| count(&node.events.query_limit),
        reason: "their commands are too long",
    },
    Refusal {
        what: "clients closed",
        counted: |node| count(&node.events.protocol_errors),
        reason: "they sent no commands",
    },
    Refusal {
        what: "TLS handshakes failed",
        counted: |node| count(&node.events.handshakes_failed),
        reason: "see docs/cache.md, TLS",
    },
    Refusal {
        what: "fills not begun",
        counted: |node| count(&node.origin.counts.refused),
        reason: "too many are under way, or the origin had failed",
    },
    Refusal {
        what: "fills failed",
        counted: |node| count(&node.origin.counts.failed),
        reason: "an origin does not answer, or not with a value",
    },
    Refusal {
        what: "wrong passwords",
        counted: |node| count(&node.events.denied_auth),
        reason: "see ACL LOG",
    },
    Refusal { what: "commands denied", counted: denied, reason: "see ACL LOG" },
    Refusal {
        what: "writes refused",
        counted: |node| node.keyspace.store().stats().refused,
        reason: "no room under maxmemory: nothing may leave, or an item is larger than a shard's part",
    },
];

fn count(event: &AtomicU64) -> u64 {
    event.load(Ordering::Relaxed)
}

fn denied(node: &Node) -> u64 {
    let Events { denied_command, denied_key, denied_channel, .. } = &node.events;
    [denied_command, denied_key, denied_channel].into_iter().map(count).sum()
}

/// What was told of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    count: u64,
    at: Option<Millis>,
}

impl Told {
    /// How many have come since the last line, when it is time for another.
    fn news(&mut self, count: u64, now: Millis) -> Option<u64> {
        // CONFIG RESETSTAT begins anew.
        self.count = self.count.min(count);
        let is_early = self.at.is_some_and(|at| now.0.saturating_sub(at.0) < PERIOD_MILLIS);
        if count == self.count || is_early {
            return None;
        }
        let new = count - self.count;
        *self = Told { count, at: Some(now) };
        Some(new)
    }
}

/// Looks at the counters of refusals from time to time.
#[derive(Debug, Default)]
pub(in crate::serve) struct Refusals {
    told: [Told; REFUSALS.len()],
}

impl Refusals {
    pub(in crate::serve) fn look(&mut self, node: &Node, now: Millis) {
        for (told, refusal) in self.told.iter_mut().zip(REFUSALS) {
            if let Some(new) = told.news((refusal.counted)(node), now) {
                let new = new.to_string();
                node.journal.warn(refusal.what, &[("count", &new), ("reason", refusal.reason)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_one_line() {
        let mut told = Told::default();
        let mut news = |count, seconds: u64| told.news(count, Millis(seconds * 1_000));
        assert_eq!(news(0, 1), None);
        assert_eq!(news(5, 2), Some(5));
        assert_eq!(news(9, 3), None);
        assert_eq!(news(20, 12), Some(15));
        assert_eq!(news(20, 30), None);
        // After CONFIG RESETSTAT.
        assert_eq!(news(2, 40), None);
        assert_eq!(news(3, 41), Some(1));
    }
}
