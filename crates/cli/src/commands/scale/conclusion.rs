//! What a sweep says, whole or ended early.

use plimsoll_analysis::{
    bottleneck::Signal,
    scaling::{self, Fit, Measured, Point, ScalingError, Validity},
};
use plimsoll_metrics::Histogram;
use plimsoll_runtime::random::Random;

use super::busy::{Busiest, Use};
use crate::exit::Exit;

/// One run that is over.
pub(super) struct Entry {
    pub(super) n: u64,
    pub(super) in_flight: u64,
    pub(super) measured: Measured,
    pub(super) cpu_share: f64,
    /// Requests that are one iteration.
    pub(super) batch: f64,
    /// Of what was watched.
    pub(super) signals: Vec<Signal>,
}

/// All runs of one size that count.
pub(super) struct Size {
    pub(super) n: u64,
    /// Runs that count, and all.
    pub(super) counted: (usize, usize),
    /// Mean, least and most of what succeeded per second; `None` when no run counts.
    pub(super) throughput: Option<[f64; 3]>,
    /// Milliseconds, of all runs that count together.
    pub(super) latency: Histogram,
    pub(super) failed: f64,
    /// The most of any run, those that do not count too.
    pub(super) cpu_share: f64,
    /// Under way by Little's law, where it is furthest from what was; and whether that is near enough.
    pub(super) little: (f64, bool),
    /// Of what was watched, in the runs that count.
    pub(super) busiest: Option<Busiest>,
}

/// In one word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Fitted,
    /// Too few sizes were left, since the generator was the limit of the others.
    Invalid(String),
    /// No law could be fitted, or none fits.
    Inconclusive(String),
    Interrupted,
}

pub(super) struct Conclusion {
    pub(super) sizes: Vec<Size>,
    pub(super) fit: Option<Fit>,
    pub(super) verdict: Verdict,
}

impl Entry {
    pub(super) fn counts(&self) -> bool {
        self.measured.validity == Validity::Valid
    }

    /// Requests or commands that succeeded per second.
    pub(super) fn throughput(&self) -> f64 {
        self.measured.throughput * self.batch
    }
}

impl Verdict {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Verdict::Fitted => "fitted",
            Verdict::Invalid(_) => "invalid",
            Verdict::Inconclusive(_) => "inconclusive",
            Verdict::Interrupted => "interrupted",
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Invalid(reason) | Verdict::Inconclusive(reason) => Some(reason),
            Verdict::Fitted | Verdict::Interrupted => None,
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Verdict::Fitted => Exit::Success,
            Verdict::Invalid(_) => Exit::Invalid,
            Verdict::Inconclusive(_) => Exit::Inconclusive,
            Verdict::Interrupted => Exit::Interrupted,
        }
    }
}

impl Conclusion {
    pub(super) fn new(entries: &[Entry], seed: u64, is_interrupted: bool) -> Conclusion {
        let counted = entries.iter().filter(|entry| entry.counts());
        let points: Vec<Point> = counted
            .map(|entry| Point { n: entry.n as f64, throughput: entry.throughput() })
            .collect();
        let mut random = Random::seeded(seed);
        let fit = scaling::fit(&points, || random.next_u64());
        let verdict = match (&fit, is_interrupted) {
            (_, true) => Verdict::Interrupted,
            (Err(error), false) => without_fit(*error, entries),
            (Ok(fit), false) if !fit.is_lawful => Verdict::Inconclusive(
                "throughput follows none of the laws: runs of one size differ too much, or something \
                 else changed between them"
                    .to_owned(),
            ),
            (Ok(_), false) => Verdict::Fitted,
        };
        Conclusion { sizes: sizes(entries), fit: fit.ok(), verdict }
    }
}

fn without_fit(error: ScalingError, entries: &[Entry]) -> Verdict {
    let invalid = entries.iter().find_map(|entry| match &entry.measured.validity {
        Validity::Invalid(reason) => Some(reason.clone()),
        Validity::Valid | Validity::Failed => None,
    });
    invalid.map_or_else(|| Verdict::Inconclusive(error.to_string()), Verdict::Invalid)
}

fn sizes(entries: &[Entry]) -> Vec<Size> {
    let in_use = Use::of(entries);
    let mut sorted: Vec<(usize, &Entry)> = entries.iter().enumerate().collect();
    sorted.sort_by_key(|(_, entry)| entry.n);
    let size = |runs: &[(usize, &Entry)]| {
        let entries: Vec<&Entry> = runs.iter().map(|(_, entry)| *entry).collect();
        let counted = runs.iter().filter(|(_, entry)| entry.counts());
        let counted: Vec<usize> = counted.map(|(at, _)| *at).collect();
        size(&entries, in_use.busiest(&counted))
    };
    sorted.chunk_by(|(_, a), (_, b)| a.n == b.n).filter_map(size).collect()
}

fn size(entries: &[&Entry], busiest: Option<Busiest>) -> Option<Size> {
    let first = entries.first()?;
    let counted: Vec<&&Entry> = entries.iter().filter(|entry| entry.counts()).collect();
    let mean = |of: fn(&Entry) -> f64| {
        counted.iter().map(|entry| of(entry)).sum::<f64>() / counted.len().max(1) as f64
    };
    let all = counted.iter().map(|entry| entry.throughput());
    let (least, most) =
        all.fold((f64::INFINITY, 0.0), |(least, most), x| (f64::min(least, x), f64::max(most, x)));
    let strays = |entry: &&&&Entry| entry.measured.little.gap - entry.measured.little.allowed;
    let mut latency = Histogram::new();
    counted.iter().for_each(|entry| latency.merge(&entry.measured.latency));
    let worst = counted.iter().max_by(|a, b| strays(a).total_cmp(&strays(b)));
    Some(Size {
        n: first.n,
        counted: (counted.len(), entries.len()),
        throughput: (!counted.is_empty()).then(|| [mean(Entry::throughput), least, most]),
        latency,
        failed: mean(|entry| entry.measured.failed),
        cpu_share: entries.iter().map(|entry| entry.cpu_share).fold(0.0, f64::max),
        little: worst.map_or((0.0, true), |entry| {
            (entry.measured.little.in_flight, entry.measured.little.holds())
        }),
        busiest,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use plimsoll_analysis::scaling::Little;

    use super::*;

    pub(in crate::commands::scale) fn entry(n: u64, throughput: f64, validity: Validity) -> Entry {
        let (in_flight, gap) = (n as f64 * 1.01, 0.01);
        let mut latency = Histogram::new();
        latency.record(n as f64 / throughput * 1e3);
        let measured = Measured {
            validity,
            throughput,
            failed: 0.0,
            latency,
            little: Little { in_flight, gap, allowed: 0.06 },
            warm_up_seconds: 1.0,
            used_seconds: 4.0,
        };
        Entry { n, in_flight: n, measured, cpu_share: 0.1, batch: 1.0, signals: Vec::new() }
    }

    /// Three runs of each size; the peak is at about 15.
    pub(in crate::commands::scale) fn sweep() -> Vec<Entry> {
        let law = |n: f64| 100.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.004 * n * (n - 1.0));
        let runs = [1_u64, 2, 4, 8, 16, 32].iter().flat_map(|n| {
            [0.99, 1.0, 1.012].map(|off| entry(*n, law(*n as f64) * off, Validity::Valid))
        });
        runs.collect()
    }

    #[test]
    fn a_sweep_is_fitted_without_what_is_invalid() {
        let mut entries = sweep();
        entries.push(entry(64, 5000.0, Validity::Invalid("CPU".to_owned())));
        let found = Conclusion::new(&entries, 1, false);
        assert_eq!((found.verdict.name(), found.verdict.exit()), ("fitted", Exit::Success));
        let fit = found.fit.unwrap();
        assert!((fit.usl.lambda.value - 100.0).abs() < 3.0, "{fit:?}");
        let last = found.sizes.last().unwrap();
        assert_eq!((last.n, last.counted, last.throughput), (64, (0, 1), None));
        assert_eq!(found.sizes.first().unwrap().counted, (3, 3));
    }

    #[test]
    fn what_is_busiest_may_change_with_the_size() {
        let mut entries = sweep();
        for entry in &mut entries {
            let share = |most: f64| (entry.n as f64 / 32.0 * most).min(1.0);
            entry.signals = vec![
                Signal::new("cgroup_cpu_utilization", &[("cgroup", "a")], share(2.0) * 0.5, 0.5),
                Signal::new("cgroup_cpu_quota", &[("cgroup", "a")], 0.5, 0.5),
            ];
        }
        let found = Conclusion::new(&entries, 1, false);
        let busiest = |at: usize| found.sizes[at].busiest.clone().unwrap();
        assert!(busiest(5).words.contains('a') && busiest(5).share > 0.95, "{:?}", busiest(5));
        assert!(busiest(0).share < busiest(3).share, "{:?}", busiest(0));
        assert_eq!(Conclusion::new(&sweep(), 1, false).sizes[0].busiest, None);
    }

    #[test]
    fn verdicts_and_exit_codes() {
        let check = |entries: &[Entry], is_interrupted, name: &str, code: u8| {
            let found = Conclusion::new(entries, 1, is_interrupted).verdict;
            assert_eq!((found.name(), found.exit().code()), (name, code), "{found:?}");
        };
        let two = || vec![entry(1, 10.0, Validity::Valid), entry(2, 19.0, Validity::Valid)];
        check(&two(), false, "inconclusive", 113);
        check(&two(), true, "interrupted", 105);
        check(&[], true, "interrupted", 105);
        let mut invalid = two();
        invalid.push(entry(4, 30.0, Validity::Invalid("no ports".to_owned())));
        check(&invalid, false, "invalid", 111);
        let mut failed = two();
        failed.push(entry(4, 30.0, Validity::Failed));
        check(&failed, false, "inconclusive", 113);
        let jagged = [100.0, 900.0, 50.0, 1200.0, 40.0];
        let jagged: Vec<Entry> =
            jagged.iter().zip(1..).map(|(x, n)| entry(n, *x, Validity::Valid)).collect();
        check(&jagged, false, "inconclusive", 113);
    }
}
