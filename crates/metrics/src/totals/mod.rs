//! The hub's side: aggregates since the start of the run, per metric and per sub-metric.

mod checks;
#[cfg(test)]
mod tests;
mod windows;

use std::time::Duration;

pub use checks::{CHECKS_LIMIT, CheckTotal, GROUPS_LIMIT, GroupTotals};
pub use windows::InWindows;

use crate::{
    builtin::Builtin,
    interval::Interval,
    registry::{MetricDef, MetricId, Origin, Registry, SeriesDef, SeriesId},
    sink::Sink,
    tags::TagSet,
    threshold::{Threshold, ThresholdGroup},
};
use checks::Checks;
use windows::Windows;

/// A metric or sub-metric with its aggregate.
#[derive(Clone, Debug)]
pub struct Entry {
    pub metric: MetricDef,
    /// `name` or `name{tag:value}`.
    pub name: String,
    /// Empty for the metric itself.
    pub tags: TagSet,
    pub sink: Sink,
    /// Whether any sample came.
    pub seen: bool,
    pub thresholds: Vec<ThresholdState>,
}

/// A threshold with the result of its last evaluation.
#[derive(Clone, Debug)]
pub struct ThresholdState {
    pub threshold: Threshold,
    pub last_failed: bool,
    /// Of one with windows.
    pub in_windows: InWindows,
}

impl ThresholdState {
    fn new(threshold: Threshold) -> ThresholdState {
        ThresholdState { threshold, last_failed: false, in_windows: InWindows::default() }
    }

    /// What decides it: the aggregate of `sink`, its entry's, over all of the run, or that of the first
    /// window that did not keep it, else of the worst.
    pub fn value(&self, sink: &Sink, elapsed: Duration) -> Option<f64> {
        let InWindows { worst, broken } = self.in_windows;
        match self.threshold.over {
            Some(_) => broken.map(|(value, _)| value).or(worst),
            None => self.threshold.aggregation.of(sink, elapsed),
        }
    }

    fn holds(&self, sink: &Sink, elapsed: Duration) -> bool {
        match self.threshold.over {
            Some(_) => self.in_windows.broken.is_none(),
            None => self.threshold.holds(sink, elapsed),
        }
    }
}

/// Memory depends on the number of metrics, sub-metrics, checks and groups, never on time.
pub struct Totals {
    registry: Registry,
    /// In order of their metrics; a metric before its sub-metrics.
    entries: Vec<Entry>,
    checks: Checks,
    windows: Windows,
    /// Where samples of a series go, by [`SeriesId`]; `None` until it is first seen.
    routes: Vec<Option<Box<[Target]>>>,
}

/// One place that a series' samples are added to: a position among the entries, the checks or the
/// windows.
#[derive(Clone, Copy, Debug)]
enum Target {
    Entry(u32),
    Check(u32),
    Window(u32),
}

/// The sub-metric that k6 always adds.
const EXPECTED_RESPONSE: &str = "http_req_duration{expected_response:true}";

impl Totals {
    /// `groups` must have been checked against the registry's metrics; one on a metric that does
    /// not exist is left out. Their metrics and sub-metrics exist even without samples;
    /// `http_req_duration{expected_response:true}` is there as soon as it has one.
    pub fn new(registry: Registry, groups: &[ThresholdGroup]) -> Totals {
        let mut totals = Totals {
            registry,
            entries: Vec::new(),
            checks: Checks::default(),
            windows: Windows::default(),
            routes: Vec::new(),
        };
        for group in groups {
            let Some(metric) = totals.registry.find(&group.metric) else { continue };
            totals.add_metric(metric.id);
            totals.windows.add_group(group, metric.id, metric.kind);
            let position = totals.add_entry(metric, &group.key, &group.tags);
            let states = group.thresholds.iter().cloned().map(ThresholdState::new);
            if let Some(entry) = totals.entries.get_mut(position) {
                entry.thresholds.extend(states);
            }
        }
        totals
    }

    /// Adds everything in `interval`.
    pub fn absorb(&mut self, interval: &Interval) {
        self.route_new_series(interval);
        for (series, sink) in &interval.sinks {
            let route = self.routes.get(series.0 as usize).and_then(|route| route.as_deref());
            for target in route.unwrap_or_default() {
                match *target {
                    Target::Entry(at) => {
                        if let Some(entry) = self.entries.get_mut(at as usize) {
                            entry.sink.merge(sink);
                            entry.seen = true;
                        }
                    }
                    Target::Check(at) => self.checks.add(at, sink),
                    Target::Window(at) => self.windows.add(at, sink),
                }
            }
        }
    }

    /// Decides, once for each series, where its samples go. Series are numbered in order of their
    /// first sample, so going by number makes all orders below the order of first sight.
    fn route_new_series(&mut self, interval: &Interval) {
        let is_new = |id: &SeriesId| !matches!(self.routes.get(id.0 as usize), Some(Some(_)));
        let mut new: Vec<SeriesId> =
            interval.sinks.iter().map(|(id, _)| *id).filter(is_new).collect();
        if new.is_empty() {
            return;
        }
        new.sort_unstable();
        let new: Vec<SeriesDef> = new.into_iter().map(|id| self.registry.series_def(id)).collect();
        let entries = self.entries.len();
        for def in &new {
            self.add_metric(def.metric);
            self.add_expected_response(def);
        }
        if self.entries.len() != entries {
            // Positions have shifted. This happens once per metric, so it costs nothing in the long run.
            self.routes.clear();
            let all = interval.sinks.iter().map(|(id, _)| self.registry.series_def(*id));
            let mut all: Vec<SeriesDef> = all.collect();
            all.sort_unstable_by_key(|def| def.id);
            self.add_routes(&all);
        } else {
            self.add_routes(&new);
        }
    }

    fn add_routes(&mut self, series: &[SeriesDef]) {
        for def in series {
            let at = def.id.0 as usize;
            if self.routes.len() <= at {
                self.routes.resize_with(at + 1, || None);
            }
            let route = self.route(def);
            if let Some(slot) = self.routes.get_mut(at) {
                *slot = Some(route);
            }
        }
    }

    fn route(&mut self, def: &SeriesDef) -> Box<[Target]> {
        let entries = (0..).zip(&self.entries);
        let takes =
            |entry: &Entry| entry.metric.id == def.metric && def.tags.contains_all(&entry.tags);
        let mut route: Vec<Target> =
            entries.filter(|(_, entry)| takes(entry)).map(|(at, _)| Target::Entry(at)).collect();
        self.checks.see_group(def);
        if def.metric == Builtin::Checks.id() {
            route.extend(self.checks.position(def).map(Target::Check));
        }
        route.extend(self.windows.takers(def).map(Target::Window));
        route.into()
    }

    /// Makes the entry of a metric itself.
    fn add_metric(&mut self, id: MetricId) {
        if !self.entries.iter().any(|entry| entry.metric.id == id && entry.tags.is_empty()) {
            let metric = self.registry.def(id);
            let name = metric.name.to_string();
            self.add_entry(metric, &name, &TagSet::default());
        }
    }

    fn add_expected_response(&mut self, def: &SeriesDef) {
        let is_it = def.metric == Builtin::HttpReqDuration.id()
            && def.tags.get("expected_response") == Some("true");
        if is_it && self.entry(EXPECTED_RESPONSE).is_none() {
            let tags = TagSet::from_pairs([("expected_response", "true")]);
            self.add_entry(self.registry.def(def.metric), EXPECTED_RESPONSE, &tags);
        }
    }

    /// The position of the entry called `name`, made behind its metric's others when it is not there.
    fn add_entry(&mut self, metric: MetricDef, name: &str, tags: &TagSet) -> usize {
        if let Some(at) = self.entries.iter().position(|entry| entry.name == name) {
            return at;
        }
        let at = self.entries.partition_point(|entry| entry.metric.id <= metric.id);
        let sink = Sink::new(metric.kind);
        let (name, tags) = (name.to_owned(), tags.clone());
        let entry = Entry { metric, name, tags, sink, seen: false, thresholds: Vec::new() };
        self.entries.insert(at, entry);
        at
    }

    /// Ends a second, for thresholds with windows. Those are about the time in which there is load:
    /// without `counts`, as in a setup, it is forgotten. Whether one is broken that was kept so far.
    pub fn end_second(&mut self, counts: bool) -> bool {
        self.windows.end_second(counts);
        if !counts {
            return false;
        }
        let second = self.windows.second();
        let mut is_news = false;
        for entry in &mut self.entries {
            for state in &mut entry.thresholds {
                let over = state.threshold.over;
                let last = over.and_then(|over| self.windows.last(&entry.name, over));
                if let Some(samples) = last {
                    is_news |= state.in_windows.see(&state.threshold, &samples, second);
                }
            }
        }
        is_news
    }

    /// Evaluates every threshold, while the run goes on and once after its last sample. When one with
    /// `abort_on_fail` failed after its delay, returns the keys of all that failed, sorted.
    ///
    /// A metric without samples may fail but never aborts, and is not among the keys, as in k6: else
    /// `count>0` would end every run at its start. One that is watched beside the load fails without
    /// samples: that a host which was not seen had little to do is not known.
    pub fn evaluate(&mut self, elapsed: Duration) -> Vec<String> {
        let (mut failed, mut aborts) = (Vec::new(), false);
        for entry in &mut self.entries {
            let mut entry_failed = false;
            let is_missing = !entry.seen && entry.metric.origin == Origin::Watched;
            for state in &mut entry.thresholds {
                state.last_failed = is_missing || !state.holds(&entry.sink, elapsed);
                let threshold = &state.threshold;
                entry_failed |= state.last_failed;
                aborts |= entry.seen
                    && state.last_failed
                    && threshold.abort_on_fail
                    && elapsed >= threshold.delay_abort_eval;
            }
            if entry_failed && entry.seen {
                failed.push(entry.name.clone());
            }
        }
        if !aborts {
            failed.clear();
        }
        failed.sort_unstable();
        failed
    }

    /// Keys with a threshold that failed when last evaluated, sorted as k6 lists them.
    pub fn failed(&self) -> Vec<&str> {
        let failed = |entry: &&Entry| entry.thresholds.iter().any(|state| state.last_failed);
        let mut keys: Vec<&str> =
            self.entries.iter().filter(failed).map(|entry| entry.name.as_str()).collect();
        keys.sort_unstable();
        keys
    }

    /// Metrics with samples or thresholds, and sub-metrics: in order of the metrics' registration,
    /// a metric's sub-metrics behind it in the order of the groups given to [`Totals::new`].
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry called `name`, a metric's name or a threshold's key.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Totals of each check: `(its group and check tags, passes, fails)`, in order of first sight.
    pub fn checks(&self) -> Vec<(TagSet, u64, u64)> {
        self.checks.list()
    }

    /// Groups and checks as the tree that scripts make of them, in order of first sight.
    pub fn root_group(&self) -> GroupTotals {
        self.checks.tree()
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}
