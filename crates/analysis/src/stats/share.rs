//! Shares of events that come in clusters.

use super::{Interval, trend::z_of};

/// A share with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub estimate: f64,
    pub interval: Interval,
    /// How many independent events tell as much as these.
    pub effective: f64,
}

/// The share of events that are marked, from `(marked, all)` of successive blocks of time. Events of one
/// block tend to share its luck, so that many count as few: the variance between blocks says how few.
/// Wilson's interval of `confidence`; `None` without events.
pub fn share(blocks: &[(f64, f64)], confidence: f64) -> Option<Share> {
    let marked: f64 = blocks.iter().map(|(marked, _)| marked).sum();
    let all: f64 = blocks.iter().map(|(_, all)| all).sum();
    if all <= 0.0 {
        return None;
    }
    let estimate = marked / all;
    let effective = all / design_effect(blocks, estimate, all);
    let z = z_of(confidence);
    let (z2, n) = (z * z, effective);
    let centre = (estimate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (estimate * (1.0 - estimate) / n + z2 / (4.0 * n * n)).sqrt();
    let interval = Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) };
    Some(Share { estimate, interval, effective })
}

/// By how much the variance of the share is above that of independent events; at least 1.
fn design_effect(blocks: &[(f64, f64)], share: f64, all: f64) -> f64 {
    let expected = all * share * (1.0 - share);
    if expected <= 0.0 || blocks.len() < 3 {
        return 1.0;
    }
    (clustered(blocks, share) / expected).max(1.0)
}

/// The standard error of the ratio of two sums, from both of successive blocks of time.
pub fn ratio_error(blocks: &[(f64, f64)]) -> f64 {
    let (sum, all) = blocks.iter().fold((0.0, 0.0), |(a, b), (sum, all)| (a + sum, b + all));
    if all > 0.0 { clustered(blocks, sum / all).sqrt() / all } else { 0.0 }
}

/// The variance of the sum of what blocks have beyond `ratio`. Runs of blocks that lie on one side of it
/// are counted too: a queue that builds up lasts.
fn clustered(blocks: &[(f64, f64)], ratio: f64) -> f64 {
    let residuals: Vec<f64> = blocks.iter().map(|(sum, all)| sum - ratio * all).collect();
    // Sums over stretches of 1, 2, 4 ... blocks: where neighbours are alike, longer ones vary more.
    let mut widest = 0.0_f64;
    let mut width = 1;
    while width == 1 || residuals.len() / width >= 4 {
        let sums = residuals.chunks_exact(width).map(|chunk| chunk.iter().sum::<f64>());
        let (count, squares) =
            sums.fold((0.0, 0.0), |(count, squares), sum| (count + 1.0, squares + sum * sum));
        let used = count * width as f64 / residuals.len() as f64;
        widest = widest.max(squares / used * count / (count - 1.0).max(1.0));
        width *= 2;
    }
    widest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_events_count_fully() {
        let blocks: Vec<(f64, f64)> =
            [9.0, 11.0, 10.0, 12.0, 8.0, 10.0].iter().map(|&marked| (marked, 1000.0)).collect();
        let found = share(&blocks, 0.95).unwrap();
        assert_eq!(found.estimate, 0.01);
        assert_eq!(found.effective, 6000.0);
        assert!((0.007..0.0085).contains(&found.interval.low), "{found:?}");
        assert!((0.0125..0.014).contains(&found.interval.high), "{found:?}");
    }

    #[test]
    fn clusters_count_as_few() {
        let mut blocks = vec![(0.0, 1000.0); 12];
        blocks[5] = (80.0, 1000.0);
        blocks[6] = (40.0, 1000.0);
        let found = share(&blocks, 0.95).unwrap();
        assert_eq!(found.estimate, 0.01);
        assert!(found.effective < 500.0, "{found:?}");
        assert!(found.interval.low < 0.005 && found.interval.high > 0.02, "{found:?}");
    }

    #[test]
    fn nothing_marked_still_leaves_a_doubt() {
        let found = share(&[(0.0, 500.0); 4], 0.95).unwrap();
        assert_eq!((found.estimate, found.interval.low), (0.0, 0.0));
        assert!((0.001..0.003).contains(&found.interval.high), "{found:?}");
        assert_eq!(share(&[], 0.95), None);
    }
}
