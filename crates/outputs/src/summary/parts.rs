//! What each scenario and each group recorded, for the full summary.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_metrics::{
    Builtin, Interval, MetricId, Registry, SeriesId, Sink, TagSet, totals::Entry,
};

use super::checks::{self, Check};

/// The scenario of a script that names none; its groups stand on their own.
pub(super) const DEFAULT_SCENARIO: &str = "default";

/// Samples outside of any scenario, which k6 shows only in the totals.
const LIFE_CYCLE_GROUPS: [&str; 2] = ["::setup", "::teardown"];

/// Slices told apart; samples of further ones are only in the totals. Names of scenarios, groups and
/// checks are written by hand, so a script with more of them makes names from data.
const SLICES_LIMIT: usize = 10_000;

/// Groups inside of each other; what is deeper is one name, since sections are made by recursion.
const DEPTH_LIMIT: usize = 64;

/// Aggregates by scenario, group and check. Follows a run interval by interval, and only when the
/// summary will need it: it merges every interval once more.
pub struct Parts {
    registry: Registry,
    /// In order of first sight.
    slices: Vec<Slice>,
    positions: HashMap<TagSet, usize>,
    /// By [`SeriesId`]; `None` for series that belong to no slice.
    routes: HashMap<SeriesId, Option<(usize, MetricId)>>,
}

struct Slice {
    /// `scenario`, `group` and `check`, as far as the samples have them.
    tags: TagSet,
    sinks: BTreeMap<MetricId, Sink>,
}

/// A group or scenario with what was recorded in it; of a scenario, that of its groups too.
pub(super) struct PartGroup {
    pub(super) name: String,
    path: String,
    pub(super) checks: Vec<Check>,
    pub(super) entries: Vec<Entry>,
    pub(super) groups: Vec<PartGroup>,
}

impl Parts {
    pub fn new(registry: Registry) -> Parts {
        Parts { registry, slices: Vec::new(), positions: HashMap::new(), routes: HashMap::new() }
    }

    /// Adds everything in `interval`.
    pub fn absorb(&mut self, interval: &Interval) {
        let mut sinks: Vec<&(SeriesId, Sink)> = interval.sinks.iter().collect();
        // Series are numbered as they are first used: so slices are found in that order.
        sinks.sort_by_key(|(series, _)| *series);
        for (series, sink) in sinks {
            let route = match self.routes.get(series) {
                Some(route) => *route,
                None => {
                    let route = self.route(*series);
                    self.routes.insert(*series, route);
                    route
                }
            };
            if let Some((at, metric)) = route
                && let Some(slice) = self.slices.get_mut(at)
            {
                slice.sinks.entry(metric).or_insert_with(|| Sink::new(sink.kind())).merge(sink);
            }
        }
    }

    fn route(&mut self, series: SeriesId) -> Option<(usize, MetricId)> {
        let def = self.registry.series_def(series);
        let keys = ["scenario", "group", "check"].into_iter();
        let tags = TagSet::from_pairs(keys.filter_map(|key| Some((key, def.tags.get(key)?))));
        if let Some(at) = self.positions.get(&tags) {
            return Some((*at, def.metric));
        }
        if tags.is_empty() || self.slices.len() >= SLICES_LIMIT {
            return None;
        }
        self.positions.insert(tags.clone(), self.slices.len());
        self.slices.push(Slice { tags, sinks: BTreeMap::new() });
        Some((self.slices.len() - 1, def.metric))
    }

    /// Names of scenarios, sorted as k6 shows them.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = &str> {
        let names = self.slices.iter().filter_map(|slice| slice.tags.get("scenario"));
        names.collect::<BTreeSet<&str>>().into_iter()
    }

    /// A scenario: everything in it, and its groups.
    pub(super) fn scenario(&self, name: &str) -> PartGroup {
        let mut part = PartGroup::new(name, String::new());
        for slice in &self.slices {
            if slice.tags.get("scenario") == Some(name) {
                self.add(&mut part, slice);
            }
        }
        part.groups = self.groups(|scenario| scenario == Some(name));
        part
    }

    /// The outermost groups in the scenarios that `wanted` takes.
    pub(super) fn groups(&self, wanted: impl Fn(Option<&str>) -> bool) -> Vec<PartGroup> {
        let mut root = PartGroup::new("", String::new());
        for slice in self.slices.iter().filter(|slice| wanted(slice.tags.get("scenario"))) {
            let path = slice.tags.get("group").unwrap_or_default();
            if !path.is_empty() && !LIFE_CYCLE_GROUPS.contains(&path) {
                self.add(root.at(path), slice);
            }
        }
        root.groups
    }

    fn add(&self, part: &mut PartGroup, slice: &Slice) {
        for (metric, sink) in &slice.sinks {
            if let (true, Sink::Rate { trues, total }) = (*metric == Builtin::Checks.id(), sink) {
                checks::add(&mut part.checks, &slice.tags, *trues, total - trues);
            }
            match part.entries.iter_mut().find(|entry| entry.metric.id == *metric) {
                Some(entry) => entry.sink.merge(sink),
                None => {
                    let metric = self.registry.def(*metric);
                    part.entries.push(Entry {
                        name: metric.name.to_string(),
                        metric,
                        tags: TagSet::default(),
                        sink: sink.clone(),
                        seen: true,
                        thresholds: Vec::new(),
                    });
                }
            }
        }
    }
}

impl PartGroup {
    fn new(name: &str, path: String) -> PartGroup {
        let name = name.to_owned();
        PartGroup { name, path, checks: Vec::new(), entries: Vec::new(), groups: Vec::new() }
    }

    /// The group at `path` below this one, made with those around it when it is not there.
    fn at(&mut self, path: &str) -> &mut PartGroup {
        let mut group = self;
        for name in path.splitn(DEPTH_LIMIT + 1, "::").skip(1) {
            let known = group.groups.iter().position(|child| child.name == name);
            let position = known.unwrap_or_else(|| {
                let path = format!("{}::{name}", group.path);
                group.groups.push(PartGroup::new(name, path));
                group.groups.len() - 1
            });
            group = &mut group.groups[position];
        }
        group
    }
}
