//! What is known of an item that an origin gave: until when it may be served, and what tells it from later
//! versions of it.

use plimsoll_runtime::random::Random;

use crate::store::Millis;

/// Longest validator that is remembered, in bytes. Those in use have ten to seventy.
const VALIDATOR_BYTES_MAX: usize = 256;
/// What an allocation takes beside its bytes.
const ALLOCATION_BYTES: usize = 16;
/// The largest factor that a chance of one in 2^53 comes to: `ln(2^53)`, rounded up.
const EARLINESS_MAX: u64 = 37;

/// Until when an item that the origin gave may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Without asking anybody.
    pub until: Millis,
    /// From `until` to here: while it is fetched anew.
    pub served_until: Millis,
    /// To here: when that fails. Later, up to its deadline, it is only there for the origin to say that it
    /// has not changed.
    pub kept_for_errors_until: Millis,
    /// How early it is fetched anew while it is read: XFetch's beta times the milliseconds that it took
    /// to come. 0 is never.
    pub early_millis: u32,
}

impl Fresh {
    /// Whether a read at `now`, while it is fresh, is the one that has it fetched: the likelier, the nearer the
    /// end is. That is XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
    /// Prevention, 2015).
    pub(super) fn is_due(&self, now: Millis, random: &mut Random) -> bool {
        let left = self.until.0.saturating_sub(now.0);
        let early = u64::from(self.early_millis);
        // For most reads that is all there is to do.
        if left >= early * EARLINESS_MAX {
            return false;
        }
        let factor = -(1.0 - random.unit()).ln();
        factor * early as f64 >= left as f64
    }
}

/// What tells one version of a value from another: an origin's own words, which only it understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator(Box<[u8]>);

impl Validator {
    /// `None` for nothing, and for what is too long to be remembered.
    pub fn new(bytes: &[u8]) -> Option<Validator> {
        let is_short = (1..=VALIDATOR_BYTES_MAX).contains(&bytes.len());
        is_short.then(|| Validator(bytes.into()))
    }

    /// As the origin gave them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) fresh: Fresh,
    pub(super) validator: Option<Validator>,
}

impl Known {
    /// Bytes beside the table's own.
    pub(super) fn bytes(&self) -> usize {
        self.validator.as_ref().map_or(0, |validator| validator.0.len() + ALLOCATION_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READS: usize = 20_000;

    /// Which part of the reads so long before the end have the item fetched.
    fn check(early_millis: u32, left: u64, expected: f64) {
        let at = Millis(1_000_000);
        let fresh = Fresh { until: at, served_until: at, kept_for_errors_until: at, early_millis };
        let mut random = Random::seeded(1);
        let now = Millis(at.0 - left);
        let due = (0..READS).filter(|_| fresh.is_due(now, &mut random)).count();
        let found = due as f64 / READS as f64;
        assert!((found - expected).abs() < 0.02, "{early_millis} ms, {left} ms left: {found}");
    }

    /// One that takes `e` times beta has this chance at a distance `d`: exp(-d / e).
    #[test]
    fn the_nearer_the_end_the_likelier() {
        check(0, 1, 0.0);
        check(100, 100_000, 0.0);
        check(100, 1_000, 0.0);
        check(100, 200, 0.135);
        check(100, 100, 0.368);
        check(100, 10, 0.905);
        check(100, 0, 1.0);
    }

    #[test]
    fn validators_have_a_length() {
        assert_eq!(Validator::new(b""), None);
        assert_eq!(Validator::new(b"\"v1\"").unwrap().bytes(), b"\"v1\"");
        assert!(Validator::new(&[b'x'; VALIDATOR_BYTES_MAX]).is_some());
        assert_eq!(Validator::new(&[b'x'; VALIDATOR_BYTES_MAX + 1]), None);
    }
}
