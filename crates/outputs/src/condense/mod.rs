//! What was recorded in a second with more samples than can be written singly, as fewer samples that
//! answer queries alike.
//!
//! A database weighs all points of a query alike. So every trend and every rate gets points in
//! proportion to its samples, however many series share them, and means and percentiles over several
//! series come out right.

#[cfg(test)]
mod tests;
mod trend;

use std::collections::HashMap;

use plimsoll_metrics::{
    Histogram, Interval, MetricId, RawSample, Registry, SeriesId, Sink, Timestamp,
};

/// The golden ratio's fraction: its multiples fall evenly between 0 and 1, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Times of points are spread over at least so many nanoseconds, so that none replaces another.
const SPAN_MIN: u64 = 1_000_000;

/// Points for which there is room from the start.
const ROOM_LIMIT: usize = 50_000;

/// Points that stand for an interval: a counter's sum, a gauge's newest, least and greatest value, and
/// `points` for all trends and rates together (more, when there are more series). Sums of counters
/// are kept, means of rates too; see [`trend::points`] for trends. The least and the greatest value of
/// a metric are always there.
pub(crate) fn condense(
    registry: &Registry,
    interval: &Interval,
    from: Timestamp,
    to: Timestamp,
    points: u64,
) -> Vec<RawSample> {
    let extremes = Extremes::new(registry, interval);
    let samples: u64 = interval.sinks.iter().map(|(_, sink)| weight(sink)).sum();
    let per_point = (samples as f64 / points.max(1) as f64).max(1.0);
    let span = Span::new(from, to);
    let room = usize::try_from(points).unwrap_or(usize::MAX).min(ROOM_LIMIT);
    let mut condensed = Vec::with_capacity(room + interval.sinks.len());
    for (series, sink) in &interval.sinks {
        let mut push = |value, at| {
            condensed.push(RawSample { series: *series, at, value, metadata: None });
        };
        let share = share(weight(sink), per_point);
        match sink {
            Sink::Counter { sum } => push(*sum, span.at(0.5)),
            Sink::Gauge { value, min, max, at, .. } => {
                // Before the newest, which is the last.
                let before = Span::new(from, Timestamp(*at));
                for (extreme, part) in [(min, 0.25), (max, 0.5)] {
                    if extreme != value {
                        push(*extreme, before.at(part));
                    }
                }
                push(*value, Timestamp(*at));
            }
            Sink::Rate { trues, total } => {
                let points = rate_points(*trues, *total, share);
                points.enumerate().for_each(|(at, value)| push(value, span.spread(at)));
            }
            Sink::Trend(histogram) => {
                let extremes = extremes.of(*series, histogram);
                let points = trend::points(histogram, share, extremes).into_iter();
                points.enumerate().for_each(|(at, value)| push(value, span.spread(at)));
            }
        }
    }
    condensed
}

/// Samples of those kinds whose points have to be in proportion to them.
fn weight(sink: &Sink) -> u64 {
    match sink {
        Sink::Rate { total, .. } => *total,
        Sink::Trend(histogram) => histogram.count(),
        Sink::Counter { .. } | Sink::Gauge { .. } => 0,
    }
}

/// Points of a series with so many samples: at least one, when it has any.
fn share(samples: u64, per_point: f64) -> usize {
    let points = (samples as f64 / per_point).round() as u64;
    usize::try_from(points.clamp(samples.min(1), samples)).unwrap_or(usize::MAX)
}

/// Ones and zeros, and one value in between with which their mean is the share that was true.
fn rate_points(trues: u64, total: u64, points: usize) -> impl Iterator<Item = f64> {
    let ones = if total == 0 { 0.0 } else { trues as f64 / total as f64 * points as f64 };
    (0..points).map(move |at| (ones - at as f64).clamp(0.0, 1.0))
}

/// Which series have the least and the greatest value of their metric.
#[derive(Default)]
struct Extremes(HashMap<SeriesId, [bool; 2]>);

impl Extremes {
    fn new(registry: &Registry, interval: &Interval) -> Extremes {
        let mut ends: HashMap<MetricId, [(f64, SeriesId); 2]> = HashMap::new();
        for (series, sink) in &interval.sinks {
            let Sink::Trend(histogram) = sink else { continue };
            if histogram.is_empty() {
                continue;
            }
            let (min, max) = ((histogram.min(), *series), (histogram.max(), *series));
            let metric = registry.series_def(*series).metric;
            let [least, greatest] = ends.entry(metric).or_insert([min, max]);
            if min.0 < least.0 {
                *least = min;
            }
            if max.0 > greatest.0 {
                *greatest = max;
            }
        }
        let mut extremes = Extremes::default();
        for [(_, least), (_, greatest)] in ends.into_values() {
            extremes.0.entry(least).or_default()[0] = true;
            extremes.0.entry(greatest).or_default()[1] = true;
        }
        extremes
    }

    /// The two values, where this series has those of its metric.
    fn of(&self, series: SeriesId, histogram: &Histogram) -> [Option<f64>; 2] {
        let [is_least, is_greatest] = self.0.get(&series).copied().unwrap_or_default();
        [is_least.then(|| histogram.min()), is_greatest.then(|| histogram.max())]
    }
}

/// The time that points are spread over.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    fn new(from: Timestamp, to: Timestamp) -> Span {
        Span { from: Timestamp(from.0.min(to.0.saturating_sub(SPAN_MIN))), to }
    }

    /// `part` of the way, 0 to 1.
    fn at(self, part: f64) -> Timestamp {
        let length = (self.to.0 - self.from.0) as f64;
        Timestamp(self.from.0 + (length * part) as u64)
    }

    /// The `at`th of any number of points: those in any part of the time have all sorts of values.
    fn spread(self, at: usize) -> Timestamp {
        self.at(((at as f64 + 0.5) * GOLDEN).fract())
    }
}
