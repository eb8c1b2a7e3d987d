//! What is watched beside the load, in the few signals that people look at first: CPU and memory of each
//! thing, and what hints at trouble. For the view on a terminal, lines in a pipe and the summary.

mod level;
mod signals;
#[cfg(test)]
mod tests;
mod text;

use plimsoll_metrics::{Interval, Origin, Registry, SeriesDef, Sink};

pub use level::{Level, RECENT_LIMIT};
pub use signals::Trouble;
pub use text::{line, summary};

use signals::Signal;

/// Things that are told apart. A person who watches more looks at a dashboard.
pub const THINGS_LIMIT: usize = 256;

/// A thing that was silent for so many intervals is taken for gone. Samples and intervals have clocks of
/// their own, so that one interval may have none and the next two.
const SILENT_LIMIT: u32 = 3;

/// What kind of thing is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Host,
    Process,
    Cgroup,
    /// The load generator's own process.
    Generator,
}

/// One host, process or cgroup.
#[derive(Clone, Debug)]
pub struct Thing {
    pub kind: Kind,
    /// As the person named it; of a host its name.
    pub name: String,
    pub host: String,
    /// Of a host the share of all its cores, else in cores.
    pub cpu: Level,
    /// bytes
    pub memory: Level,
    /// What memory there is, in bytes: of a host all, of a cgroup its limit.
    pub memory_limit: Option<f64>,
    troubles: [f64; Trouble::COUNT],
    silent: u32,
}

impl Thing {
    /// Whether nothing came of it for some seconds.
    pub fn is_gone(&self) -> bool {
        self.silent >= SILENT_LIMIT
    }

    /// What happened of it since the start, in its own unit.
    pub fn trouble(&self, trouble: Trouble) -> f64 {
        self.troubles.get(trouble as usize).copied().unwrap_or(0.0)
    }
}

/// Follows everything that is watched. Memory is bounded by [`THINGS_LIMIT`] and the number of series.
pub struct Things {
    registry: Registry,
    things: Vec<Thing>,
    /// Where samples of a series go, by its number; `None` until it is first seen.
    routes: Vec<Option<Route>>,
}

#[derive(Clone, Copy)]
enum Route {
    Nowhere,
    To { thing: usize, signal: Signal },
}

impl Things {
    pub fn new(registry: Registry) -> Things {
        Things { registry, things: Vec::new(), routes: Vec::new() }
    }

    /// The generator last, what was asked for before it in order of kind and first sight.
    pub fn list(&self) -> Vec<&Thing> {
        let mut list: Vec<&Thing> = self.things.iter().collect();
        list.sort_by_key(|thing| thing.kind);
        list
    }

    /// Adds what was recorded in one interval.
    pub fn absorb(&mut self, interval: &Interval) {
        self.things.iter_mut().for_each(|thing| thing.silent = thing.silent.saturating_add(1));
        for (series, sink) in &interval.sinks {
            let at = series.0 as usize;
            let route = match self.routes.get(at).copied().flatten() {
                Some(route) => route,
                None => self.add_route(at, &self.registry.series_def(*series)),
            };
            let Route::To { thing, signal } = route else { continue };
            if let Some(thing) = self.things.get_mut(thing) {
                add(thing, signal, sink);
            }
        }
    }

    fn add_route(&mut self, at: usize, series: &SeriesDef) -> Route {
        let metric = self.registry.def(series.metric);
        let signal = match metric.origin {
            Origin::Watched => Signal::of(&metric.name),
            _ => None,
        };
        let found = signal.and_then(|(kind, signal)| Some((self.thing(kind, series)?, signal)));
        let route = match found {
            Some((thing, signal)) => Route::To { thing, signal },
            None => Route::Nowhere,
        };
        if self.routes.len() <= at {
            self.routes.resize(at + 1, None);
        }
        if let Some(slot) = self.routes.get_mut(at) {
            *slot = Some(route);
        }
        route
    }

    /// The place of the thing that a series is of, made when it is new and there is room.
    fn thing(&mut self, kind: Kind, series: &SeriesDef) -> Option<usize> {
        let tag = |name: &str| series.tags.get(name).unwrap_or_default();
        let kind = if tag("role") == "generator" { Kind::Generator } else { kind };
        let host = tag("host");
        let name = match kind {
            Kind::Host => host,
            Kind::Process => tag("process"),
            Kind::Cgroup => tag("cgroup"),
            Kind::Generator => "generator",
        };
        let is_it = |thing: &Thing| thing.kind == kind && thing.name == name && thing.host == host;
        if let Some(at) = self.things.iter().position(is_it) {
            return Some(at);
        }
        if self.things.len() >= THINGS_LIMIT {
            return None;
        }
        self.things.push(Thing {
            kind,
            name: name.to_owned(),
            host: host.to_owned(),
            cpu: Level::default(),
            memory: Level::default(),
            memory_limit: None,
            troubles: [0.0; Trouble::COUNT],
            silent: 0,
        });
        Some(self.things.len() - 1)
    }
}

fn add(thing: &mut Thing, signal: Signal, sink: &Sink) {
    match (signal, sink) {
        (Signal::Cpu, Sink::Trend(histogram)) => thing.cpu.add(histogram),
        (Signal::Memory, Sink::Trend(histogram)) => thing.memory.add(histogram),
        (Signal::MemoryLimit, Sink::Trend(histogram)) => thing.memory_limit = Some(histogram.max()),
        (Signal::MemoryLimit, Sink::Gauge { value, .. }) => thing.memory_limit = Some(*value),
        (Signal::Trouble(trouble), Sink::Counter { sum }) => {
            if let Some(so_far) = thing.troubles.get_mut(trouble as usize) {
                *so_far += sum;
            }
        }
        // A metric of another kind than its name says is somebody else's.
        _ => return,
    }
    thing.silent = 0;
}
