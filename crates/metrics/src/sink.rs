//! What a series' samples are folded into, by kind of metric.

use crate::{histogram::Histogram, registry::MetricKind};

/// The aggregate of some samples of one metric.
#[derive(Clone, Debug)]
pub enum Sink {
    Counter {
        sum: f64,
    },
    /// `at`: the newest sample wins a merge.
    Gauge {
        value: f64,
        min: f64,
        max: f64,
        at: u64,
        seen: bool,
    },
    Rate {
        trues: u64,
        total: u64,
    },
    Trend(Histogram),
}

impl Sink {
    pub fn new(kind: MetricKind) -> Sink {
        match kind {
            MetricKind::Counter => Sink::Counter { sum: 0.0 },
            MetricKind::Gauge => Sink::Gauge { value: 0.0, min: 0.0, max: 0.0, at: 0, seen: false },
            MetricKind::Rate => Sink::Rate { trues: 0, total: 0 },
            MetricKind::Trend => Sink::Trend(Histogram::new()),
        }
    }

    pub fn kind(&self) -> MetricKind {
        match self {
            Sink::Counter { .. } => MetricKind::Counter,
            Sink::Gauge { .. } => MetricKind::Gauge,
            Sink::Rate { .. } => MetricKind::Rate,
            Sink::Trend(_) => MetricKind::Trend,
        }
    }

    /// Adds one sample, taken at `at` nanoseconds. For rates everything but 0 is true, as in k6.
    #[inline]
    pub fn add(&mut self, value: f64, at: u64) {
        match self {
            Sink::Counter { sum } => *sum += value,
            Sink::Rate { trues, total } => {
                *trues += u64::from(value != 0.0);
                *total += 1;
            }
            Sink::Trend(histogram) => histogram.record(value),
            Sink::Gauge { .. } => self.merge_gauge((value, value, value, at)),
        }
    }

    /// Adds the samples of `other`, which must be of the same kind; of another, nothing.
    pub fn merge(&mut self, other: &Sink) {
        match (&mut *self, other) {
            (Sink::Counter { sum }, Sink::Counter { sum: more }) => *sum += more,
            (Sink::Rate { trues, total }, Sink::Rate { trues: more, total: of }) => {
                *trues += more;
                *total += of;
            }
            (Sink::Trend(histogram), Sink::Trend(more)) => histogram.merge(more),
            (Sink::Gauge { .. }, &Sink::Gauge { value, min, max, at, seen: true }) => {
                self.merge_gauge((value, min, max, at));
            }
            (Sink::Gauge { .. }, Sink::Gauge { .. }) => {}
            _ => debug_assert!(false, "sinks of different kinds are never merged"),
        }
    }

    fn merge_gauge(&mut self, (new, least, greatest, when): (f64, f64, f64, u64)) {
        let Sink::Gauge { value, min, max, at, seen } = self else { return };
        if !*seen || when >= *at {
            *value = new;
            *at = when;
        }
        *min = if *seen { min.min(least) } else { least };
        *max = if *seen { max.max(greatest) } else { greatest };
        *seen = true;
    }

    /// Forgets its samples, keeping its memory.
    pub fn clear(&mut self) {
        match self {
            Sink::Trend(histogram) => histogram.clear(),
            _ => *self = Sink::new(self.kind()),
        }
    }
}

/// Histograms whose samples have been passed on, kept for the next ones.
///
/// As large as the largest number of series that had samples at once. Those that have memory for
/// buckets are told apart, else over time every one would grow to the size of the busiest.
#[derive(Debug, Default)]
pub(crate) struct SinkPool {
    small: Vec<Histogram>,
    large: Vec<Histogram>,
}

impl SinkPool {
    /// An empty sink; `busy`: whether it will likely take more samples than a histogram keeps singly.
    pub(crate) fn take(&mut self, kind: MetricKind, busy: bool) -> Sink {
        if kind != MetricKind::Trend {
            return Sink::new(kind);
        }
        let kept =
            if busy { self.large.pop().or_else(|| self.small.pop()) } else { self.small.pop() };
        Sink::Trend(kept.unwrap_or_default())
    }

    pub(crate) fn give_back(&mut self, sink: Sink) {
        if let Sink::Trend(mut histogram) = sink {
            histogram.clear();
            if histogram.has_bucket_memory() { &mut self.large } else { &mut self.small }
                .push(histogram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_gauge_wins_in_any_order() {
        let gauge = |samples: &[(f64, u64)]| {
            let mut sink = Sink::new(MetricKind::Gauge);
            samples.iter().for_each(|&(value, at)| sink.add(value, at));
            sink
        };
        let (old, new) = (gauge(&[(5.0, 1), (9.0, 2)]), gauge(&[(1.0, 7), (3.0, 8)]));
        for (mut first, second) in [(old.clone(), &new), (new.clone(), &old)] {
            first.merge(second);
            let Sink::Gauge { value, min, max, .. } = first else { panic!("{first:?}") };
            assert_eq!((value, min, max), (3.0, 1.0, 9.0));
        }
        let mut negative = gauge(&[(-2.0, 1)]);
        negative.merge(&gauge(&[]));
        let Sink::Gauge { value, min, max, .. } = negative else { panic!("{negative:?}") };
        assert_eq!((value, min, max), (-2.0, -2.0, -2.0));
    }

    #[test]
    fn counters_and_rates_add_up() {
        let mut counter = Sink::new(MetricKind::Counter);
        counter.add(2.5, 0);
        counter.merge(&Sink::Counter { sum: 1.5 });
        assert!(matches!(counter, Sink::Counter { sum: 4.0 }));

        let mut rate = Sink::new(MetricKind::Rate);
        rate.add(0.0, 0);
        rate.add(1.0, 0);
        rate.add(-3.0, 0);
        rate.merge(&Sink::Rate { trues: 1, total: 4 });
        assert!(matches!(rate, Sink::Rate { trues: 3, total: 7 }));
    }

    #[test]
    fn the_pool_keeps_memory_apart_by_size() {
        let mut pool = SinkPool::default();
        let mut busy = pool.take(MetricKind::Trend, false);
        (0..5_000).for_each(|at| busy.add(f64::from(at), 0));
        pool.give_back(busy);
        let quiet = pool.take(MetricKind::Trend, false);
        assert!(matches!(quiet, Sink::Trend(h) if !h.has_bucket_memory()));
        let again = pool.take(MetricKind::Trend, true);
        assert!(matches!(again, Sink::Trend(h) if h.has_bucket_memory() && h.is_empty()));
    }
}
