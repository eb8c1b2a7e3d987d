//! The newest CPU and memory of each watched thing, for a small view.

use std::sync::Arc;

use hashbrown::HashMap;
use plimsoll_metrics::{MetricId, Registry, TagSet, Timestamp};

/// Things that a snapshot shows; later ones are left out.
const THINGS_LIMIT: usize = 64;

/// A thing that has been silent for so long is left out.
const SILENT_NANOS: u64 = 10_000_000_000;

/// A figure that is older says nothing of now: its thing may be gone, or another.
const STALE_NANOS: u64 = 3_000_000_000;

/// What is watched, as a view lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The process that makes the load.
    Generator,
    Host,
    Process,
    Cgroup,
}

/// One thing's newest figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    pub kind: Kind,
    pub host: Arc<str>,
    /// As the user named it; of a host its name.
    pub name: Arc<str>,
    /// Cores in use (1.0 is one core); of a host the share of all its cores. `None` when not known now.
    pub cpu: Option<f64>,
    /// In use.
    pub memory_bytes: Option<f64>,
}

/// What a view shows now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub at: Timestamp,
    /// The generator first, then hosts, processes and cgroups, each in the order of their first reading.
    pub things: Vec<Glance>,
}

/// The metrics that are figures of a view: of what, and whether CPU or memory.
const FIGURES: [(&str, Kind, bool); 6] = [
    ("host_cpu_utilization", Kind::Host, true),
    ("host_memory_used_bytes", Kind::Host, false),
    ("process_cpu_utilization", Kind::Process, true),
    ("process_memory_bytes", Kind::Process, false),
    ("cgroup_cpu_utilization", Kind::Cgroup, true),
    ("cgroup_memory_bytes", Kind::Cgroup, false),
];

/// Notes what passes by, from here and from other hosts.
pub(crate) struct Glances {
    registry: Registry,
    figures: HashMap<MetricId, Option<(Kind, bool)>>,
    things: Vec<Thing>,
    at: Timestamp,
}

struct Thing {
    tags: TagSet,
    /// Without its figures.
    glance: Glance,
    cpu: Option<(Timestamp, f64)>,
    memory: Option<(Timestamp, f64)>,
}

impl Glances {
    pub(crate) fn new(registry: &Registry) -> Glances {
        Glances {
            registry: registry.clone(),
            figures: HashMap::new(),
            things: Vec::new(),
            at: Timestamp(0),
        }
    }

    pub(crate) fn note(&mut self, metric: MetricId, tags: &TagSet, value: f64, at: Timestamp) {
        let figure = *self.figures.entry(metric).or_insert_with(|| {
            let name = self.registry.def(metric).name;
            let figure = FIGURES.iter().find(|(figure, _, _)| **figure == *name);
            figure.map(|&(_, kind, is_cpu)| (kind, is_cpu))
        });
        let Some((kind, is_cpu)) = figure else { return };
        self.at = self.at.max(at);
        let same = |thing: &Thing| thing.tags == *tags && is_of(thing.glance.kind, kind);
        let place = self.things.iter().position(same).unwrap_or(self.things.len());
        if place == self.things.len() && place < THINGS_LIMIT {
            let (tags, glance) = (tags.clone(), glance(kind, tags));
            self.things.push(Thing { tags, glance, cpu: None, memory: None });
        }
        let Some(thing) = self.things.get_mut(place) else { return };
        *(if is_cpu { &mut thing.cpu } else { &mut thing.memory }) = Some((at, value));
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let at = self.at;
        let newer_than =
            |age: u64| move |(seen, _): &(Timestamp, f64)| at.0.saturating_sub(seen.0) < age;
        let speaks = |figure: &Option<_>| figure.as_ref().is_some_and(newer_than(SILENT_NANOS));
        self.things.retain(|thing| speaks(&thing.cpu) || speaks(&thing.memory));
        let value = |figure: Option<(Timestamp, f64)>| {
            figure.filter(newer_than(STALE_NANOS)).map(|(_, value)| value)
        };
        let now = |thing: &Thing| Glance {
            cpu: value(thing.cpu),
            memory_bytes: value(thing.memory),
            ..thing.glance.clone()
        };
        let mut things: Vec<_> = self.things.iter().map(now).collect();
        things.sort_by_key(|glance| glance.kind);
        Snapshot { at, things }
    }
}

/// The generator is a process with a role.
fn is_of(known: Kind, figure: Kind) -> bool {
    known == figure || (known == Kind::Generator && figure == Kind::Process)
}

fn glance(kind: Kind, tags: &TagSet) -> Glance {
    let tag = |key| Arc::from(tags.get(key).unwrap_or_default());
    let host: Arc<str> = tag("host");
    let (kind, name) = match kind {
        Kind::Host => (Kind::Host, host.clone()),
        Kind::Cgroup => (Kind::Cgroup, tag("cgroup")),
        _ if tags.get("role") == Some("generator") => (Kind::Generator, tag("process")),
        _ => (Kind::Process, tag("process")),
    };
    Glance { kind, host, name, cpu: None, memory_bytes: None }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Contains, MetricKind};

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_newest_figures_of_what_still_speaks() {
        let registry = Registry::new(100);
        let metric =
            |name| registry.watched_metric(name, MetricKind::Trend, Contains::Default).unwrap();
        let mut glances = Glances::new(&registry);
        let host = TagSet::from_pairs([("host", "app1")]);
        let (web, own) = (
            host.with("process", "nginx"),
            host.with("process", "generator").with("role", "generator"),
        );
        let (cpu, memory) = (metric("process_cpu_utilization"), metric("process_memory_bytes"));
        let mut note = |metric, tags: &TagSet, value, second| {
            glances.note(metric, tags, value, Timestamp(second * SECOND));
        };
        note(cpu, &web, 0.5, 1);
        note(memory, &web, 1e6, 1);
        note(cpu, &web, 0.7, 2);
        note(metric("process_threads"), &web, 9.0, 2);
        note(cpu, &own, 0.2, 2);
        note(metric("host_cpu_utilization"), &host, 0.9, 4);
        let seen = |glances: &mut Glances| -> Vec<_> {
            let things = glances.snapshot().things;
            let of = |glance: Glance| (glance.kind, glance.name.to_string(), glance.cpu);
            things.into_iter().map(of).collect()
        };
        let expected = [
            (Kind::Generator, "generator".to_owned(), Some(0.2)),
            (Kind::Host, "app1".to_owned(), Some(0.9)),
            (Kind::Process, "nginx".to_owned(), Some(0.7)),
        ];
        assert_eq!(seen(&mut glances), expected);
        glances.note(cpu, &own, 0.3, Timestamp(6 * SECOND));
        let expected = [
            (Kind::Generator, "generator".to_owned(), Some(0.3)),
            (Kind::Host, "app1".to_owned(), Some(0.9)),
            (Kind::Process, "nginx".to_owned(), None),
        ];
        assert_eq!(seen(&mut glances), expected, "nobody knows what nginx does now");
        glances.note(cpu, &own, 0.3, Timestamp(13 * SECOND));
        assert_eq!(seen(&mut glances).len(), 2, "nginx has been silent");
    }
}
