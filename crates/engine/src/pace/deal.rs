//! Which arrivals are whose: numbers 0.. dealt to workers in rounds.

/// One worker's places in each round. The workers' places are a partition of the round, so their
/// arrivals are a partition of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Ascending, each below `round`.
    places: Vec<u64>,
    round: u64,
}

impl Deal {
    /// One worker has everything.
    pub fn whole() -> Deal {
        Deal { places: vec![0], round: 1 }
    }

    /// The places of `own` in a round dealt as `owners` says.
    pub fn of(owners: impl IntoIterator<Item = usize>, own: usize) -> Deal {
        let mut deal = Deal { places: Vec::new(), round: 0 };
        for owner in owners {
            if owner == own {
                deal.places.push(deal.round);
            }
            deal.round += 1;
        }
        deal
    }

    /// The number of its arrival `turn`; `None` when it has none at all.
    pub fn number(&self, turn: u64) -> Option<u64> {
        let each = self.places.len() as u64;
        let place = usize::try_from(turn.checked_rem(each)?).ok()?;
        Some((turn / each).saturating_mul(self.round).saturating_add(*self.places.get(place)?))
    }

    /// Its arrivals among the first `total`.
    pub fn count(&self, total: u64) -> u64 {
        let Some(rest) = total.checked_rem(self.round) else { return 0 };
        let rest = self.places.partition_point(|place| *place < rest) as u64;
        (total / self.round).saturating_mul(self.places.len() as u64).saturating_add(rest)
    }

    /// Its part of all arrivals, 0..=1.
    pub fn share(&self) -> f64 {
        self.places.len() as f64 / self.round.max(1) as f64
    }
}
