//! How much of each resource was in use in each trial: for a picture, not for a verdict.

use super::{
    gather,
    observed::{Known, Observed},
    verdict::{Ceiling, Subject},
    weigh::{Scene, Weighed},
};

/// A resource over all trials.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    pub subject: Subject,
    /// Where all of it is used up, if its use rises with throughput.
    pub limit: Option<Ceiling>,
    /// The share in use in each trial, in the order given.
    pub shares: Vec<Option<f64>>,
}

/// What was watched and has a limit, the fullest first.
pub fn used(rows: &[Observed], known: &Known) -> Vec<Used> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let level = |at: usize| rows.get(at).map_or(0.0, |row| row.level(known.is_closed));
    order.sort_by(|a, b| level(*a).total_cmp(&level(*b)));
    let sorted: Vec<&Observed> = order.iter().filter_map(|at| rows.get(*at)).collect();
    let Some(scene) = Scene::new(sorted, known) else { return Vec::new() };
    let watched = gather::gather(&scene.rows, known);
    let with_share = watched.into_iter().filter(|watched| watched.nature.is_some());
    let mut found: Vec<(f64, Used)> = with_share
        .map(|watched| {
            let mut shares = vec![None; rows.len()];
            for (at, share) in order.iter().zip(&watched.shares) {
                if let Some(place) = shares.get_mut(*at) {
                    *place = *share;
                }
            }
            let weighed = Weighed::new(&scene, watched);
            let Weighed { watched, limit, highest, .. } = weighed;
            (highest, Used { subject: watched.subject, limit, shares })
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, used)| used).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::observed::Signal, *};

    #[test]
    fn shares_are_in_the_order_of_the_trials() {
        let row = |rate: f64| Observed {
            offered: rate,
            throughput: rate,
            latency_mean: 5.0,
            in_flight: 1.0,
            kept: true,
            generator: 0.1,
            signals: vec![
                Signal::new("cgroup_cpu_utilization", &[("cgroup", "a")], rate / 1000.0, 1.0),
                Signal::new("cgroup_cpu_quota", &[("cgroup", "a")], 0.5, 0.5),
            ],
        };
        let rows: Vec<Observed> = [400.0, 100.0, 200.0, 300.0, 50.0].map(row).to_vec();
        let found = used(&rows, &Known::default());
        let shares: Vec<f64> = found[0].shares.iter().map(|share| share.unwrap()).collect();
        let expected = [0.8, 0.2, 0.4, 0.6, 0.1];
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{shares:?}");
        assert!((found[0].limit.unwrap().value - 500.0).abs() < 1.0, "{found:?}");
        assert_eq!(used(&[], &Known::default()), []);
    }
}
