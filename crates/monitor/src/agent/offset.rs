//! How far another host's clock is from ours, from the stamps of requests and their answers.

use std::collections::VecDeque;

/// Exchanges that are remembered: of these the quickest is believed. Short enough to follow clocks that
/// drift apart by some hundred microseconds a minute.
const EXCHANGES_LIMIT: usize = 16;

/// The four stamps of a request and its answer, in nanoseconds since the Unix epoch: the first and the last by
/// our clock, the two others by the other host's. The time that it took over the answer cancels out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub sent: u64,
    pub arrived: u64,
    pub answered: u64,
    pub returned: u64,
}

impl Exchange {
    /// Time under way, there and back, in nanoseconds.
    fn round_trip(self) -> u64 {
        let ours = self.returned.saturating_sub(self.sent);
        ours.saturating_sub(self.answered.saturating_sub(self.arrived))
    }

    /// Their clock minus ours, wrong by at most half of the round trip.
    fn offset(self) -> i128 {
        let there = i128::from(self.arrived) - i128::from(self.sent);
        let back = i128::from(self.answered) - i128::from(self.returned);
        (there + back) / 2
    }
}

/// Their clock against ours, by the latest exchanges.
#[derive(Clone, Debug, Default)]
pub struct Offset {
    exchanges: VecDeque<Exchange>,
}

impl Offset {
    /// Takes one more exchange into account.
    pub fn add(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= EXCHANGES_LIMIT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// What our clock showed when theirs showed `theirs`; unchanged before the first exchange.
    pub fn ours(&self, theirs: u64) -> u64 {
        let quickest = self.exchanges.iter().min_by_key(|exchange| exchange.round_trip());
        let offset = quickest.map_or(0, |exchange| exchange.offset());
        u64::try_from(i128::from(theirs) - offset).unwrap_or(if offset < 0 { u64::MAX } else { 0 })
    }

    /// Half of the quickest round trip: the most by which [`Offset::ours`] may be wrong, in nanoseconds.
    pub fn uncertainty(&self) -> Option<u64> {
        self.exchanges.iter().map(|exchange| exchange.round_trip() / 2).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exchange(sent: u64, ahead: i64, there: u64, thinking: u64, back: u64) -> Exchange {
        let arrived = (sent + there).saturating_add_signed(ahead);
        Exchange {
            sent,
            arrived,
            answered: arrived + thinking,
            returned: sent + there + thinking + back,
        }
    }

    #[test]
    fn the_quickest_exchange_is_believed() {
        let mut offset = Offset::default();
        assert_eq!((offset.ours(77), offset.uncertainty()), (77, None));
        offset.add(exchange(1_000_000, 5_000, 900, 700_000, 100));
        assert_eq!(offset.ours(2_000_000), 2_000_000 - 5_400);
        offset.add(exchange(2_000_000, 5_000, 10, 999_000, 10));
        offset.add(exchange(3_000_000, 5_000, 10, 0, 500));
        assert_eq!((offset.ours(2_000_000), offset.uncertainty()), (1_995_000, Some(10)));
    }

    #[test]
    fn old_exchanges_are_forgotten() {
        let mut offset = Offset::default();
        offset.add(exchange(1_000, 50, 1, 0, 1));
        for at in 0..EXCHANGES_LIMIT as u64 {
            offset.add(exchange(2_000 + at, 90, 5, 0, 5));
        }
        assert_eq!(offset.ours(10_000), 9_910);
        assert_eq!(offset.exchanges.len(), EXCHANGES_LIMIT);
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_half_a_round_trip(
            sent in 1_u64 << 60..1 << 61,
            ahead in -1_000_000_000_000_i64..1_000_000_000_000,
            (there, thinking, back) in (0_u64..1 << 40, 0_u64..1 << 40, 0_u64..1 << 40),
        ) {
            let mut offset = Offset::default();
            offset.add(exchange(sent, ahead, there, thinking, back));
            let theirs = sent.saturating_add_signed(ahead);
            let error = offset.ours(theirs).abs_diff(sent);
            prop_assert!(error <= offset.uncertainty().unwrap() + 1);
        }

        #[test]
        fn no_stamps_panic(sent: u64, arrived: u64, answered: u64, returned: u64, theirs: u64) {
            let mut offset = Offset::default();
            offset.add(Exchange { sent, arrived, answered, returned });
            offset.ours(theirs);
        }
    }
}
