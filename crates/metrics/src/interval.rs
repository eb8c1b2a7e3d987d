//! What was recorded since the last report, by a worker or beside the load: the unit that goes to the hub.

use hashbrown::HashMap;

use crate::{
    Timestamp,
    registry::SeriesId,
    sink::{Sink, SinkPool},
    tags::TagSet,
};

/// One sample as an output that needs each of them sees it.
#[derive(Clone, Debug)]
pub struct RawSample {
    pub series: SeriesId,
    pub at: Timestamp,
    pub value: f64,
    /// Not indexed, so not part of the series (`vu`, `iter`, the script's own).
    pub metadata: Option<TagSet>,
}

#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Only series with samples, each once, in no order.
    pub sinks: Vec<(SeriesId, Sink)>,
}

/// What was recorded beside the load up to one moment: by a monitor, or by whoever breaks things.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    pub interval: Interval,
    /// The same values singly, for outputs that need each sample.
    pub samples: Vec<RawSample>,
    pub events: Vec<Event>,
}

/// Something that happened, for people: a mark on the axis of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    /// A short word by which events are told apart: `invalid`, `probe`, `fault`.
    pub kind: String,
    pub text: String,
}

/// Merges the intervals of several workers into one, reusing its memory from second to second.
#[derive(Debug, Default)]
pub struct Merger {
    merged: Interval,
    /// Where a series is in `merged`.
    positions: HashMap<SeriesId, usize>,
    pool: SinkPool,
}

impl Merger {
    pub fn new() -> Merger {
        Merger::default()
    }

    /// Adds what a worker recorded. The interval can be recycled afterwards.
    pub fn add(&mut self, interval: &Interval) {
        for (series, sink) in &interval.sinks {
            let position = *self.positions.entry(*series).or_insert_with(|| {
                let busy = matches!(sink, Sink::Trend(histogram) if !histogram.is_exact());
                self.merged.sinks.push((*series, self.pool.take(sink.kind(), busy)));
                self.merged.sinks.len() - 1
            });
            if let Some((_, into)) = self.merged.sinks.get_mut(position) {
                into.merge(sink);
            }
        }
    }

    /// Everything added since the last [`Merger::clear`].
    pub fn merged(&self) -> &Interval {
        &self.merged
    }

    /// Starts the next interval.
    pub fn clear(&mut self) {
        self.positions.clear();
        for (_, sink) in self.merged.sinks.drain(..) {
            self.pool.give_back(sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_by_series() {
        let interval = |sums: &[(u32, f64)]| Interval {
            sinks: sums.iter().map(|&(id, sum)| (SeriesId(id), Sink::Counter { sum })).collect(),
        };
        let mut merger = Merger::new();
        merger.add(&interval(&[(0, 1.0), (7, 2.0)]));
        merger.add(&interval(&[(7, 3.0), (9, 4.0)]));
        let sums = |merger: &Merger| -> Vec<(u32, f64)> {
            let of = |(id, sink): &(SeriesId, Sink)| match sink {
                Sink::Counter { sum } => (id.0, *sum),
                other => panic!("{other:?}"),
            };
            merger.merged().sinks.iter().map(of).collect()
        };
        assert_eq!(sums(&merger), [(0, 1.0), (7, 5.0), (9, 4.0)]);
        merger.clear();
        merger.add(&interval(&[(7, 1.0)]));
        assert_eq!(sums(&merger), [(7, 1.0)]);
    }
}
