//! The rank-sum test of Mann, Whitney and Wilcoxon: are the values of one group larger than the other's?

/// Values of both groups together up to which every arrangement is counted. Beyond it the normal
/// approximation is as good.
pub const EXACT_LIMIT: usize = 60;

/// How likely two groups from the same source would differ at least so much, two-sided: every way to
/// deal the values out to groups of these sizes is counted, ties included. 1 when a group is empty.
pub fn p_value(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(a, b);
    let sum: u64 = ranks.iter().take(a.len()).sum();
    if ranks.len() > EXACT_LIMIT {
        return approximate(&ranks, a.len(), sum);
    }
    let ways = ways_by_sum(&ranks, a.len());
    let all: f64 = ways.iter().sum();
    // Doubled ranks have this mean sum: n (N + 1).
    let mean = (a.len() * (ranks.len() + 1)) as u64;
    let distance = sum.abs_diff(mean);
    let extreme = |(at, _): &(u64, &f64)| at.abs_diff(mean) >= distance;
    let far: f64 = (0_u64..).zip(&ways).filter(extreme).map(|(_, ways)| ways).sum();
    (far / all).min(1.0)
}

/// The smallest p-value that groups of these sizes can have: all of one below all of the other.
pub fn smallest_p_value(a: usize, b: usize) -> f64 {
    let mut combinations = 1.0;
    for step in 1..=a.min(b) {
        combinations *= (a.max(b) + step) as f64 / step as f64;
    }
    (2.0 / combinations).min(1.0)
}

/// How much more often a value of `b` is above one of `a` than below it, from -1 to 1.
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    let balance: i64 = pairs.map(|(x, y)| i64::from(y > x) - i64::from(y < x)).sum();
    let count = a.len() * b.len();
    if count == 0 { 0.0 } else { balance as f64 / count as f64 }
}

/// Twice the rank of each value, first those of `a`: equal values share the mean of their ranks.
fn doubled_ranks(a: &[f64], b: &[f64]) -> Vec<u64> {
    let all: Vec<f64> = a.iter().chain(b).copied().collect();
    let rank = |value: &f64| {
        let below = all.iter().filter(|other| other.total_cmp(value).is_lt()).count();
        let equal = all.iter().filter(|other| other.total_cmp(value).is_eq()).count();
        (2 * below + equal + 1) as u64
    };
    all.iter().map(rank).collect()
}

/// By sum of ranks: in how many ways `taken` of the items have it.
fn ways_by_sum(ranks: &[u64], taken: usize) -> Vec<f64> {
    let most = ranks.iter().sum::<u64>() as usize;
    // By number of items taken, then by their sum.
    let mut ways = vec![vec![0.0; most + 1]; taken + 1];
    if let Some(nothing) = ways.first_mut().and_then(|sums| sums.first_mut()) {
        *nothing = 1.0;
    }
    for &rank in ranks {
        // From many to few, so that no item is taken twice.
        for count in (1..=taken).rev() {
            let (fewer, more) = ways.split_at_mut(count);
            let (Some(fewer), Some(more)) = (fewer.last(), more.first_mut()) else { continue };
            for (into, from) in more.iter_mut().skip(rank as usize).zip(fewer) {
                *into += from;
            }
        }
    }
    ways.pop().unwrap_or_default()
}

/// By the normal distribution, corrected for ties and for the steps of the sum.
fn approximate(ranks: &[u64], taken: usize, sum: u64) -> f64 {
    let (n, all) = (taken as f64, ranks.len() as f64);
    let mean = n * (all + 1.0);
    let squares: f64 = ranks.iter().map(|&rank| (rank as f64 - (all + 1.0)).powi(2)).sum();
    let variance = n * (all - n) / (all * (all - 1.0)) * squares;
    if variance <= 0.0 {
        return 1.0;
    }
    let distance = ((sum as f64 - mean).abs() - 1.0).max(0.0);
    (2.0 * upper_tail(distance / variance.sqrt())).min(1.0)
}

/// The share of a normal distribution above `z`, for z of 0 and more; off by less than 1e-7
/// (Abramowitz and Stegun, 26.2.17).
pub(super) fn upper_tail(z: f64) -> f64 {
    const WEIGHTS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = WEIGHTS.iter().rev().fold(0.0, |sum, weight| (sum + weight) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn check(a: &[f64], b: &[f64], expected: f64) {
        let found = p_value(a, b);
        assert!((found - expected).abs() < 1e-4, "{a:?} {b:?}: {found}, not {expected}");
    }

    /// From published tables of the test.
    #[test]
    fn known_p_values() {
        check(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.1);
        check(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], 2.0 / 70.0);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0], 2.0 / 252.0);
        check(&[1.0, 2.0, 3.0, 4.0, 6.0], &[5.0, 7.0, 8.0, 9.0, 10.0], 4.0 / 252.0);
        check(&[1.0, 4.0], &[2.0, 3.0], 1.0);
        check(&[], &[1.0], 1.0);
        check(&[2.0, 2.0], &[2.0, 2.0], 1.0);
    }

    #[test]
    fn smallest_is_that_of_groups_apart() {
        for (a, b) in [(3, 3), (5, 5), (2, 7), (1, 1)] {
            let low: Vec<f64> = (0..a).map(f64::from).collect();
            let high: Vec<f64> = (0..b).map(|at| f64::from(at) + 100.0).collect();
            check(&low, &high, smallest_p_value(a as usize, b as usize));
        }
    }

    #[test]
    fn many_values_are_approximated_well() {
        let a: Vec<f64> = (0..30).map(|at| f64::from(at) * 1.7).collect();
        let b: Vec<f64> = (0..30).map(|at| f64::from(at) * 1.7 + 9.3).collect();
        let ranks = doubled_ranks(&a, &b);
        let sum = ranks.iter().take(a.len()).sum();
        let (exact, near) = (p_value(&a, &b), approximate(&ranks, a.len(), sum));
        assert!((exact - near).abs() < 2e-3, "{exact} {near}");
    }

    #[test]
    fn delta_is_about_pairs() {
        assert_eq!(cliffs_delta(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(cliffs_delta(&[3.0, 4.0], &[1.0, 2.0]), -1.0);
        assert_eq!(cliffs_delta(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(cliffs_delta(&[], &[1.0]), 0.0);
    }

    proptest! {
        #[test]
        fn groups_may_be_swapped(a in vec(-9_i8..9, 1..8), b in vec(-9_i8..9, 1..8)) {
            let floats = |values: &[i8]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let (a, b) = (floats(&a), floats(&b));
            let (one, other) = (p_value(&a, &b), p_value(&b, &a));
            prop_assert!((one - other).abs() < 1e-9, "{} {}", one, other);
            prop_assert!(one > 0.0 && one <= 1.0);
        }
    }
}
