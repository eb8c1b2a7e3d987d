//! How far apart two groups are: the shift of Hodges and Lehmann, with an interval that needs no
//! distribution.

use super::order::median;

/// A range that holds the true value with a stated confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// By how much `b` is above `a`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The median of all differences between a value of `b` and one of `a`.
    pub estimate: f64,
    /// `None` when so few values cannot give the confidence.
    pub interval: Option<Interval>,
}

/// The shift from `a` to `b`, with an interval of at least `confidence` (0..1). `None` when a group is
/// empty.
pub fn shift(a: &[f64], b: &[f64], confidence: f64) -> Option<Shift> {
    let mut differences: Vec<f64> = b.iter().flat_map(|y| a.iter().map(move |x| y - x)).collect();
    differences.sort_unstable_by(f64::total_cmp);
    let estimate = median(&differences)?;
    let interval = cut(a.len(), b.len(), (1.0 - confidence) / 2.0).and_then(|cut| {
        let low = *differences.get(cut)?;
        let high = *differences.get(differences.len().checked_sub(cut + 1)?)?;
        (low <= high).then_some(Interval { low, high })
    });
    Some(Shift { estimate, interval })
}

/// How many of the smallest (and of the largest) differences are left out so that at most `tail` of the
/// true shifts lie below; `None` when even all differences leave more.
fn cut(a: usize, b: usize, tail: f64) -> Option<usize> {
    let ways = ways_by_wins(a, b);
    let all: f64 = ways.iter().sum();
    let mut below = 0.0;
    let mut cut = None;
    for (wins, ways) in ways.iter().enumerate() {
        below += ways / all;
        if below > tail {
            break;
        }
        cut = Some(wins);
    }
    cut
}

/// By number of pairs in which the first group's value is larger: in how many of the arrangements of two
/// groups without ties it is so.
fn ways_by_wins(a: usize, b: usize) -> Vec<f64> {
    // The coefficients of the Gaussian binomial: multiply by (1 - q^(b + i)), divide by (1 - q^i).
    let mut ways = vec![0.0; a * b + 1];
    if let Some(first) = ways.first_mut() {
        *first = 1.0;
    }
    for step in 1..=a {
        for at in (b + step..ways.len()).rev() {
            let less = ways.get(at - b - step).copied().unwrap_or(0.0);
            if let Some(slot) = ways.get_mut(at) {
                *slot -= less;
            }
        }
        for at in step..ways.len() {
            let more = ways.get(at - step).copied().unwrap_or(0.0);
            if let Some(slot) = ways.get_mut(at) {
                *slot += more;
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arrangements_are_all_counted() {
        assert_eq!(ways_by_wins(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways_by_wins(5, 5).iter().sum::<f64>(), 252.0);
    }

    /// The critical values of published tables: of U for a two-sided test at 5 %.
    #[test]
    fn cuts_are_those_of_the_tables() {
        for (n, expected) in [(3, None), (4, Some(0)), (5, Some(2)), (6, Some(5)), (10, Some(23))] {
            assert_eq!(cut(n, n, 0.025), expected, "{n}");
        }
    }

    #[test]
    fn an_exact_shift_is_found() {
        let a = [10.0, 11.0, 12.0, 13.0, 14.0];
        let b = a.map(|value| value + 5.0);
        let found = shift(&a, &b, 0.95).unwrap();
        assert_eq!(found.estimate, 5.0);
        let interval = found.interval.unwrap();
        assert!(interval.low < 5.0 && interval.high > 5.0, "{interval:?}");
        assert_eq!(shift(&[], &b, 0.95), None);
        assert_eq!(shift(&a[..3], &b[..3], 0.95).unwrap().interval, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// Two groups of six from one source: zero is outside the interval in at most about 5 % of cases.
        #[test]
        fn intervals_hold_the_truth(seed in 0_u64..1_000_000) {
            let mut state = seed;
            let mut next = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64
            };
            let misses = (0..400).filter(|_| {
                let a: Vec<f64> = (0..6).map(|_| next().powi(3)).collect();
                let b: Vec<f64> = (0..6).map(|_| next().powi(3)).collect();
                let interval = shift(&a, &b, 0.95).unwrap().interval.unwrap();
                interval.low > 0.0 || interval.high < 0.0
            });
            prop_assert!(misses.count() <= 36);
        }
    }
}
