//! Cgroups of both versions: services, slices and containers.

mod docker;
mod figures;
mod hierarchy;
mod membership;
pub mod metrics;
mod quota;
mod throttle;
mod v1;
mod v2;

use std::{path::Path, time::Duration};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use crate::{
    host::pressure::Pressure,
    increase::Increase,
    kernel_file::Buffer,
    metric::Metric,
    pace::Pace,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
pub(crate) use membership::{QuotaOf, own_quota};
pub use quota::Quota;

use docker::Engine;
use figures::{Figures, Throttling};
use hierarchy::Hierarchy;
use throttle::Throttle;
use v1::V1;
use v2::V2;

/// `cgroup:` or `docker:`.
#[derive(Debug)]
struct CgroupSubject {
    text: String,
    which: Which,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Cgroup(String),
    /// A container's name, or the beginning of its id.
    Container(String),
}

/// What `cgroup:/system.slice/nginx.service` and `docker:web` name; `None` for other texts.
pub(crate) fn parse(text: &str) -> Option<Result<Box<dyn Subject>, String>> {
    let (scheme, value) = text.split_once(':').unwrap_or((text, ""));
    let which = match scheme {
        "cgroup" if value.is_empty() => Err("a cgroup has a path or a name"),
        "cgroup" => Ok(Which::Cgroup(value.to_owned())),
        "docker" if docker::is_valid(value) => Ok(Which::Container(value.to_owned())),
        "docker" => Err("a container has a name of letters, digits, `_`, `.` and `-`, or an id"),
        _ => return None,
    };
    let subject = which.map(|which| CgroupSubject { text: text.to_owned(), which });
    Some(subject.map(|subject| Box::new(subject) as Box<dyn Subject>).map_err(str::to_owned))
}

impl Subject for CgroupSubject {
    fn name(&self) -> &str {
        &self.text
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        metrics::ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let mountinfo = std::fs::read_to_string("/proc/self/mountinfo");
        let hierarchies = hierarchy::parse_mounts(&mountinfo.unwrap_or_default());
        if hierarchies.is_empty() {
            return Err(ProbeError::new("no cgroups are mounted"));
        }
        Ok(Box::new(CgroupProbe::new(self.which, hierarchies, Engine::default())))
    }
}

struct CgroupProbe {
    which: Which,
    hierarchies: Vec<Hierarchy>,
    engine: Engine,
    place: Option<Place>,
    search: Pace,
    buffer: Buffer,
    tags: Option<TagSet>,
}

/// A cgroup that was found, and the last look at it.
struct Place {
    v1: V1,
    v2: Option<V2>,
    at: Option<Instant>,
    before: Figures,
    pressure: [Pressure; 3],
    oom_kills: Increase,
    read_bytes: Increase,
    written_bytes: Increase,
    throttles: Vec<Throttle>,
}

impl Probe for CgroupProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async {
            if self.place.is_none() {
                self.find().await?;
            }
            self.read_now(readings)
        })
    }
}

impl CgroupProbe {
    fn new(which: Which, hierarchies: Vec<Hierarchy>, engine: Engine) -> CgroupProbe {
        CgroupProbe {
            which,
            hierarchies,
            engine,
            place: None,
            search: Pace::default(),
            buffer: Buffer::default(),
            tags: None,
        }
    }

    async fn find(&mut self) -> Result<(), ProbeError> {
        if !self.search.is_due(Duration::ZERO) {
            return Err(ProbeError::new("it is searched for again soon"));
        }
        let began = Instant::now();
        let found = match &self.which {
            Which::Cgroup(text) => hierarchy::resolve(&self.hierarchies, text),
            Which::Container(name) => docker::resolve(&self.engine, &self.hierarchies, name).await,
        };
        self.search.took(began);
        let path = found.map_err(ProbeError::new)?;
        self.place = Some(Place::new(&self.hierarchies, &path));
        Ok(())
    }

    fn read_now(&mut self, readings: &Readings) -> Result<(), ProbeError> {
        let Some(place) = &mut self.place else {
            return Err(ProbeError::new("there is no such cgroup"));
        };
        let (Which::Cgroup(name) | Which::Container(name)) = &self.which;
        let tags = self.tags.get_or_insert_with(|| readings.host().with("cgroup", name));
        if !place.read(name, tags, readings, &mut self.buffer) {
            self.place = None;
            return Err(ProbeError::new("the cgroup is gone, or none of its controllers is on"));
        }
        Ok(())
    }
}

impl Place {
    fn new(hierarchies: &[Hierarchy], path: &Path) -> Place {
        let (mut v1, mut v2) = (V1::default(), None);
        let mut throttles = Vec::new();
        for hierarchy in hierarchies {
            let folder = hierarchy.root.join(path);
            if !folder.is_dir() {
                continue;
            }
            match hierarchy.controllers[..] {
                [] => {
                    v2 = Some(V2::new(&folder));
                    throttles.push(Throttle::two(&folder));
                }
                ref controllers => {
                    if controllers.contains(&"blkio") {
                        throttles.push(Throttle::one(&folder));
                    }
                    controllers.iter().for_each(|controller| v1.add(controller, &folder));
                }
            }
        }
        Place {
            v1,
            v2,
            at: None,
            before: Figures::default(),
            pressure: Default::default(),
            oom_kills: Increase::new(),
            read_bytes: Increase::new(),
            written_bytes: Increase::new(),
            throttles,
        }
    }

    /// Whether it is still there.
    fn read(
        &mut self,
        name: &str,
        tags: &TagSet,
        readings: &Readings,
        buffer: &mut Buffer,
    ) -> bool {
        let now = Instant::now();
        let figures = self.figures(buffer);
        if figures.is_empty() {
            return false;
        }
        self.record(&figures, now, tags, readings);
        self.record_pressure(buffer, tags, readings);
        self.throttles.iter_mut().for_each(|throttle| throttle.read(tags, readings, buffer));
        self.record_kills(&figures, name, tags, readings);
        self.at = Some(now);
        self.before = figures;
        true
    }

    /// Where both versions know of it, each tells what the other does not.
    fn figures(&mut self, buffer: &mut Buffer) -> Figures {
        let unified = self.v2.as_mut().map(|v2| v2.read(buffer)).unwrap_or_default();
        unified.or(self.v1.read(buffer))
    }

    fn record(&mut self, now: &Figures, at: Instant, tags: &TagSet, readings: &Readings) {
        let record = |metric, value: Option<f64>| {
            if let Some(value) = value {
                readings.record(metric, tags, value);
            }
        };
        record(&metrics::CPU_QUOTA, now.quota_cores);
        record(&metrics::MEMORY, now.memory_bytes.map(|bytes| bytes as f64));
        record(&metrics::MEMORY_LIMIT, now.memory_limit_bytes.map(|bytes| bytes as f64));
        if let Some(disk) = now.disk {
            let read = self.read_bytes.of(disk.read_bytes);
            let written = self.written_bytes.of(disk.written_bytes);
            record(&metrics::DISK_READ, read.map(|bytes| bytes as f64));
            record(&metrics::DISK_WRITTEN, written.map(|bytes| bytes as f64));
        }
        let passed = self.at.map(|before| at.since(before)).filter(|passed| !passed.is_zero());
        if let (Some(passed), Some(cpu), Some(before)) = (passed, now.cpu, self.before.cpu) {
            let used = cpu.saturating_sub(before);
            record(&metrics::CPU_UTILIZATION, Some(used.as_secs_f64() / passed.as_secs_f64()));
        }
        if let (Some(now), Some(before)) = (now.throttling, self.before.throttling) {
            let (share, time) = throttled(&before, &now);
            record(&metrics::CPU_THROTTLED_SHARE, Some(share));
            record(&metrics::CPU_THROTTLED_SECONDS, Some(time.as_secs_f64()));
        }
    }

    fn record_pressure(&mut self, buffer: &mut Buffer, tags: &TagSet, readings: &Readings) {
        let Some(v2) = &mut self.v2 else { return };
        let kinds = [
            (&metrics::PRESSURE_CPU_SOME, Some(&metrics::PRESSURE_CPU_FULL)),
            (&metrics::PRESSURE_MEMORY_SOME, Some(&metrics::PRESSURE_MEMORY_FULL)),
            (&metrics::PRESSURE_IO_SOME, Some(&metrics::PRESSURE_IO_FULL)),
        ];
        for ((file, pressure), kinds) in v2.pressure.iter_mut().zip(&mut self.pressure).zip(kinds) {
            if let Ok(text) = file.read(buffer) {
                pressure.read(&text, kinds, tags, readings);
            }
        }
    }

    /// A kill is also an event: whoever reads the curves wants to know when.
    fn record_kills(&mut self, now: &Figures, name: &str, tags: &TagSet, readings: &Readings) {
        let Some(kills) = now.oom_kills.and_then(|total| self.oom_kills.of(total)) else { return };
        readings.record(&metrics::OOM_KILLS, tags, kills as f64);
        if kills > 0 {
            readings.event("oom", format!("{name}: {kills} processes killed for want of memory"));
        }
    }
}

/// Cores that a cgroup may take by its own quota.
fn quota_in(hierarchy: &Hierarchy, folder: &Path) -> Option<f64> {
    let buffer = &mut Buffer::default();
    match hierarchy.controllers[..] {
        [] => v2::quota(folder, buffer),
        _ => v1::quota(folder, buffer),
    }
}

/// The share of periods in which it was stopped, and for how long, between two looks; none of both when no
/// period has passed.
fn throttled(before: &Throttling, now: &Throttling) -> (f64, Duration) {
    let periods = now.periods.saturating_sub(before.periods);
    let stopped = now.throttled.saturating_sub(before.throttled);
    let share = if periods == 0 { 0.0 } else { stopped as f64 / periods as f64 };
    (share, now.time.saturating_sub(before.time))
}

#[cfg(test)]
mod tests;
