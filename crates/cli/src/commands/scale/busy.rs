//! What was busiest at each size, of what was watched beside the load.

use plimsoll_analysis::bottleneck::{self, Known, Observed, Used};
use plimsoll_monitor::own_host;
use plimsoll_runtime::workers;

use super::conclusion::Entry;

/// A resource, and the share of it that was in use in the mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Busiest {
    pub(super) words: String,
    pub(super) share: f64,
}

/// How much of what was watched was in use in each run.
pub(super) struct Use {
    used: Vec<Used>,
}

impl Use {
    /// Of all runs: what a resource is, is told by several of them.
    pub(super) fn of(entries: &[Entry]) -> Use {
        let rows: Vec<Observed> = entries.iter().map(observed).collect();
        // Of another host it is not known, and one number is for all.
        let mut signals = entries.iter().flat_map(|entry| &entry.signals);
        let here = own_host();
        let is_elsewhere = signals.any(|signal| signal.tag("host").is_some_and(|at| at != here));
        let cores = (!is_elsewhere).then(|| workers::cores() as f64);
        Use { used: bottleneck::used(&rows, &Known { cores, is_closed: true, ..Known::default() }) }
    }

    /// In those runs, by their places.
    pub(super) fn busiest(&self, runs: &[usize]) -> Option<Busiest> {
        let mean = |used: &Used| {
            let shares = runs.iter().filter_map(|at| used.shares.get(*at).copied().flatten());
            let (sum, count) =
                shares.fold((0.0, 0), |(sum, count), share| (sum + share, count + 1));
            (count > 0).then(|| sum / f64::from(count))
        };
        let shares = self.used.iter().filter_map(|used| Some((mean(used)?, used)));
        let (share, used) = shares.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Busiest { words: bottleneck::subject(&used.subject), share })
    }
}

fn observed(entry: &Entry) -> Observed {
    Observed {
        offered: entry.throughput(),
        throughput: entry.throughput(),
        latency_mean: entry.measured.latency.mean(),
        in_flight: entry.in_flight as f64,
        kept: true,
        generator: entry.cpu_share,
        signals: entry.signals.clone(),
    }
}
