//! From totals that only grow to what was added since the last look.

/// Remembers one running total.
///
/// The first look at it tells nothing. A total below the last one has begun anew (a restart, a reset by
/// hand): all of it has been added since.
#[derive(Clone, Copy, Debug, Default)]
pub struct Increase {
    last: Option<u64>,
}

impl Increase {
    pub fn new() -> Increase {
        Increase::default()
    }

    /// For a total that is known to have been `total` before.
    pub fn from(total: u64) -> Increase {
        Increase { last: Some(total) }
    }

    /// What was added since the last call; `None` for the first.
    pub fn of(&mut self, total: u64) -> Option<u64> {
        let last = self.last.replace(total)?;
        Some(total.checked_sub(last).unwrap_or(total))
    }

    /// As [`Increase::of`], for totals that the kernel keeps in 32 bits. One that goes down by more than
    /// half of their range has wrapped.
    pub fn of_32_bits(&mut self, total: u64) -> Option<u64> {
        const RANGE: u64 = 1 << 32;
        let last = self.last.replace(total)?;
        Some(match total.checked_sub(last) {
            Some(added) => added,
            None if last < RANGE && last - total > RANGE / 2 => total + RANGE - last,
            None => total,
        })
    }

    /// Forgets the last total, so that the next look is a first one.
    pub fn forget(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn the_first_total_adds_nothing_and_a_restart_adds_all() {
        let mut increase = Increase::new();
        let found: Vec<_> = [5, 5, 9, 3, 4].map(|total| increase.of(total)).into();
        assert_eq!(found, [None, Some(0), Some(4), Some(3), Some(1)]);
        increase.forget();
        assert_eq!(increase.of(100), None);
    }

    #[test]
    fn wraps_of_32_bits() {
        let mut increase = Increase::from(u64::from(u32::MAX) - 1);
        assert_eq!(increase.of_32_bits(3), Some(5));
        assert_eq!(increase.of_32_bits(1_000), Some(997));
        assert_eq!(increase.of_32_bits(10), Some(10), "a reset");
    }

    proptest! {
        /// Whatever is added between looks, and wherever the total starts anew: the sum of all
        /// increases is what was added since the first look.
        #[test]
        fn nothing_is_lost_over_resets(steps in vec((0_u64..1_000, any::<bool>()), 1..50)) {
            let mut increase = Increase::new();
            let (mut total, mut sum, mut expected) = (7_u64, 0_u64, 0_u64);
            increase.of(total);
            for (added, reset) in steps {
                // A restart can only be told when less came after it than there was before.
                let reset = reset && added < total;
                total = if reset { added } else { total + added };
                expected += added;
                sum += increase.of(total).unwrap_or(0);
            }
            prop_assert_eq!(sum, expected);
        }

        #[test]
        fn nothing_is_lost_over_wraps(start: u32, steps in vec(0_u32..=i32::MAX as u32, 1..50)) {
            let mut increase = Increase::from(u64::from(start));
            let mut total = start;
            for added in steps {
                total = total.wrapping_add(added);
                prop_assert_eq!(increase.of_32_bits(u64::from(total)), Some(u64::from(added)));
            }
        }

        #[test]
        fn no_total_makes_an_increase_larger_than_itself_or_the_range(totals in vec(any::<u64>(), 1..20)) {
            let (mut wide, mut narrow) = (Increase::new(), Increase::new());
            for total in totals {
                prop_assert!(wide.of(total).unwrap_or(0) <= total);
                prop_assert!(narrow.of_32_bits(total).unwrap_or(0) <= total.max(1 << 32));
            }
        }
    }
}
