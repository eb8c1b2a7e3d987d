//! What leaves when the memory is full, by the names that Redis gives it.

/// Which items may be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// Nothing: a write that finds no room fails.
    None,
    /// Any item.
    All,
    /// Only items with a deadline.
    Volatile,
}

/// Who among the candidates goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Newcomers pass a small queue; what is not asked for again leaves from there, and what is
    /// moves to the main one. Resists scans.
    S3Fifo,
    /// One queue and a hand that spares once what was asked for since it last came by.
    Sieve,
}

/// The policy under a byte cap. Redis's names are accepted: those of `lru`, `lfu`, `random` and
/// `ttl` all mean [`Order::S3Fifo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// As it was given.
    name: &'static str,
    /// Who may leave.
    pub candidates: Candidates,
    /// Who of them goes first.
    pub order: Order,
}

impl Policy {
    /// Nothing leaves; writes are refused.
    pub const NO_EVICTION: Policy =
        Policy { name: "noeviction", candidates: Candidates::None, order: Order::S3Fifo };
    /// Any item may leave, in the order of S3-FIFO.
    pub const S3_FIFO: Policy =
        Policy { name: "s3-fifo", candidates: Candidates::All, order: Order::S3Fifo };
    /// Any item may leave, in the order of SIEVE.
    pub const SIEVE: Policy =
        Policy { name: "sieve", candidates: Candidates::All, order: Order::Sieve };

    /// All policies, Redis's names first.
    pub const ALL: [Policy; 10] = [
        Policy::NO_EVICTION,
        Policy::all_keys("allkeys-lru"),
        Policy::all_keys("allkeys-lfu"),
        Policy::all_keys("allkeys-random"),
        Policy::volatile("volatile-lru"),
        Policy::volatile("volatile-lfu"),
        Policy::volatile("volatile-random"),
        Policy::volatile("volatile-ttl"),
        Policy::S3_FIFO,
        Policy::SIEVE,
    ];

    const fn all_keys(name: &'static str) -> Policy {
        Policy { name, candidates: Candidates::All, order: Order::S3Fifo }
    }

    const fn volatile(name: &'static str) -> Policy {
        Policy { name, candidates: Candidates::Volatile, order: Order::S3Fifo }
    }

    /// The policy of this name, in either case.
    pub fn by_name(name: &str) -> Option<Policy> {
        Policy::ALL.into_iter().find(|policy| policy.name.eq_ignore_ascii_case(name))
    }

    /// The name it was chosen by.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_policy() {
        for policy in Policy::ALL {
            assert_eq!(Policy::by_name(&policy.name().to_uppercase()), Some(policy));
        }
        assert_eq!(Policy::by_name("allkeys-lru").map(|p| p.order), Some(Order::S3Fifo));
        assert_eq!(
            Policy::by_name("volatile-ttl").map(|p| p.candidates),
            Some(Candidates::Volatile)
        );
        assert_eq!(Policy::by_name("lru"), None);
    }
}
