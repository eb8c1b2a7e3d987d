//! LATENCY: events that took longer than the threshold, with their history.

use std::collections::{BTreeMap, VecDeque};

/// Seconds that are kept of each event: Redis's own.
const HISTORY_MAX: usize = 160;

/// What is watched for being slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A command that is not O(1) or O(log n).
    Command,
    FastCommand,
    /// Removing what has expired.
    ExpireCycle,
}

impl Event {
    pub(crate) const ALL: [Event; 3] = [Event::Command, Event::FastCommand, Event::ExpireCycle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Event::Command => "command",
            Event::FastCommand => "fast-command",
            Event::ExpireCycle => "expire-cycle",
        }
    }

    pub(crate) fn by_name(name: &[u8]) -> Option<Event> {
        Event::ALL.into_iter().find(|event| name.eq_ignore_ascii_case(event.name().as_bytes()))
    }
}

/// The worst of one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Unix time, in seconds.
    pub(crate) second: u64,
    pub(crate) millis: u64,
}

/// The seconds with slow events, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) samples: VecDeque<Sample>,
    /// In milliseconds, since the last reset.
    pub(crate) max: u64,
}

/// All events.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    events: BTreeMap<Event, History>,
}

impl Latencies {
    pub(crate) fn add(&mut self, event: Event, second: u64, millis: u64) {
        let history = self.events.entry(event).or_default();
        history.max = history.max.max(millis);
        match history.samples.back_mut() {
            Some(last) if last.second == second => last.millis = last.millis.max(millis),
            _ => history.samples.push_back(Sample { second, millis }),
        }
        if history.samples.len() > HISTORY_MAX {
            history.samples.pop_front();
        }
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (Event, &History)> {
        self.events.iter().map(|(event, history)| (*event, history))
    }

    pub(crate) fn history(&self, event: Event) -> Option<&History> {
        self.events.get(&event)
    }

    /// Forgets these events, or all when none is named; how many there were.
    pub(crate) fn reset(&mut self, events: &[Event]) -> usize {
        let before = self.events.len();
        self.events.retain(|event, _| !events.is_empty() && !events.contains(event));
        before - self.events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_each_second() {
        let mut latencies = Latencies::default();
        for (second, millis) in [(1, 5), (1, 9), (1, 7), (2, 3)] {
            latencies.add(Event::Command, second, millis);
        }
        let history = latencies.history(Event::Command).unwrap();
        assert_eq!(history.max, 9);
        let samples = [Sample { second: 1, millis: 9 }, Sample { second: 2, millis: 3 }];
        assert_eq!(history.samples, samples);
        for second in 3..400 {
            latencies.add(Event::Command, second, 1);
        }
        assert_eq!(latencies.history(Event::Command).unwrap().samples.len(), HISTORY_MAX);
        latencies.add(Event::FastCommand, 1, 1);
        assert_eq!(latencies.reset(&[Event::FastCommand]), 1);
        assert_eq!(latencies.reset(&[]), 1);
        assert_eq!(latencies.events().count(), 0);
    }
}
