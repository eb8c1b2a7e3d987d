//! One line per thing and sample, for pipes.

use std::time::Duration;

use plimsoll_metrics::{Observation, Registry};
use plimsoll_outputs::format::time::{Fraction, LocalTime};

use super::{
    columns::SECTIONS,
    things::{Key, Thing, Things},
};

pub(super) struct Lines {
    things: Things,
    time: LocalTime,
}

impl Lines {
    pub(super) fn new(registry: Registry, every: Duration) -> Lines {
        Lines { things: Things::new(registry, every), time: LocalTime::default() }
    }

    /// The lines of one more observation.
    pub(super) fn add(&mut self, observation: &Observation) -> String {
        let mut text = String::new();
        for (key, thing) in self.things.add(observation) {
            self.time.push(&mut text, thing.at, Fraction::None);
            text.push_str(&line(key, thing));
            text.push('\n');
        }
        text
    }
}

fn line(key: &Key, thing: &Thing) -> String {
    let Some(section) = SECTIONS.get(key.section) else {
        let count = thing.series.len();
        return format!(
            " prometheus {} host={} {count} series (all with --json)",
            key.name, key.host
        );
    };
    let mut line = format!(" {} {}", section.title.to_lowercase(), key.name);
    if !key.host.is_empty() {
        line.push_str(&format!(" host={}", key.host));
    }
    for (column, value) in section
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((column, thing.figures.get(&at)?)))
    {
        line.push_str(&format!(" {}={}", column.heading, column.form.text(*value)));
    }
    line
}
