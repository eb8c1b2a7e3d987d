//! The cgroup whose CPU quota holds for a process, found by the process: its own, or one above it.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use super::{
    Place,
    hierarchy::{self, Hierarchy},
    metrics,
};
use crate::{kernel_file::Buffer, readings::Readings};

/// How often it is looked whether the process has moved or has got a quota. Paths are read again then.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Follows the quota of one process.
#[derive(Default)]
pub(crate) struct QuotaOf {
    looked: Option<(u32, Instant)>,
    place: Option<(PathBuf, Place)>,
    tags: Option<TagSet>,
}

impl QuotaOf {
    /// Records the figures of the cgroup that limits `pid`, tagged as `label`; nothing when it has no quota.
    /// `used`: cores that its watched processes take, for cgroups of version 1 that do not tell since usage
    /// is counted in a hierarchy where they have another path.
    pub(crate) fn read(
        &mut self,
        (pid, used): (u32, Option<f64>),
        label: &str,
        readings: &Readings,
        buffer: &mut Buffer,
    ) {
        let at = readings.at();
        let is_fresh =
            self.looked.is_some_and(|(known, when)| known == pid && at.since(when) < LOOK_EVERY);
        if !is_fresh {
            self.looked = Some((pid, at));
            self.look(pid);
        }
        let Some((_, place)) = &mut self.place else { return };
        let tags = self.tags.get_or_insert_with(|| readings.host().with("cgroup", label));
        if !place.read(label, tags, readings, buffer) {
            self.place = None;
            self.looked = None;
        } else if let (None, Some(used)) = (place.before.cpu, used) {
            readings.record(&metrics::CPU_UTILIZATION, tags, used);
        }
    }

    /// A place that stays keeps what increases are counted from.
    fn look(&mut self, pid: u32) {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let hierarchies = hierarchy::parse_mounts(&mountinfo);
        let membership = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        match tightest(&hierarchies, &membership) {
            None => self.place = None,
            Some((path, _)) => {
                if self.place.as_ref().is_none_or(|(known, _)| *known != path) {
                    let place = Place::new(&hierarchies, &path);
                    self.place = Some((path, place));
                }
            }
        }
    }
}

/// Cores that the quotas of this process's cgroups let it take; `None` when it has none.
pub(crate) fn own_quota() -> Option<f64> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    tightest(&hierarchy::parse_mounts(&mountinfo), &membership).map(|(_, cores)| cores)
}

/// The path below the roots of the cgroup with the smallest quota among those that a process is in, and
/// its cores. `membership`: the text of `/proc/PID/cgroup`.
pub(super) fn tightest(hierarchies: &[Hierarchy], membership: &str) -> Option<(PathBuf, f64)> {
    let mut found: Option<(PathBuf, f64)> = None;
    for hierarchy in hierarchies {
        let Some(path) = path_in(hierarchy, membership) else { continue };
        for below in path.ancestors() {
            let cores = super::quota_in(hierarchy, &hierarchy.root.join(below));
            let is_tighter = |cores: &f64| found.as_ref().is_none_or(|(_, least)| cores < least);
            if let Some(cores) = cores.filter(is_tighter) {
                found = Some((below.to_owned(), cores));
            }
        }
    }
    found
}

/// Where a process is in one hierarchy: `4:cpu,cpuacct:/docker/4242`, `0::/system.slice/web.service`.
fn path_in(hierarchy: &Hierarchy, membership: &str) -> Option<PathBuf> {
    let wanted = hierarchy.controllers.iter().find(|name| **name == "cpu");
    let path = membership.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let is_it = match (wanted, hierarchy.controllers.is_empty()) {
            (Some(cpu), _) => controllers.split(',').any(|name| name == *cpu),
            (None, true) => controllers.is_empty(),
            (None, false) => false,
        };
        is_it.then(|| Path::new(path.trim_start_matches('/')).to_owned())
    })?;
    // In a namespace of cgroups, those outside of it have `..`.
    let is_below = !path.components().any(|part| part == Component::ParentDir);
    is_below.then_some(path)
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Registry, Sink};

    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    #[track_caller]
    fn check(hierarchies: &[Hierarchy], membership: &str, expected: Option<(&str, f64)>) {
        let found = tightest(hierarchies, membership);
        let found = found.as_ref().map(|(path, cores)| (path.to_str().unwrap(), *cores));
        assert_eq!(found, expected, "{membership}");
    }

    #[test]
    fn the_smallest_quota_of_version_2() {
        let root = tempfile::tempdir().unwrap();
        let all = [Hierarchy { root: root.path().into(), controllers: Vec::new() }];
        write(&root.path().join("a.slice"), &[("cpu.max", "50000 100000\n")]);
        write(&root.path().join("a.slice/web"), &[("cpu.max", "max 100000\n")]);
        write(&root.path().join("a.slice/small"), &[("cpu.max", "2500 10000\n")]);
        check(&all, "0::/a.slice/web\n", Some(("a.slice", 0.5)));
        check(&all, "0::/a.slice/small\n", Some(("a.slice/small", 0.25)));
        check(&all, "0::/\n", None);
        check(&all, "0::/../other\n", None);
        check(&all, "", None);
    }

    #[test]
    fn version_1_beside_version_2() {
        let root = tempfile::tempdir().unwrap();
        let (cpu, unified) = (root.path().join("cpu"), root.path().join("unified"));
        let all = [
            Hierarchy { root: cpu.clone(), controllers: vec!["cpu"] },
            Hierarchy { root: root.path().join("memory"), controllers: vec!["memory"] },
            Hierarchy { root: unified.clone(), controllers: Vec::new() },
        ];
        let period = ("cpu.cfs_period_us", "10000\n");
        write(&cpu, &[("cpu.cfs_quota_us", "-1\n"), period]);
        write(&cpu.join("plimsoll/web-1"), &[("cpu.cfs_quota_us", "2500\n"), period]);
        fs::create_dir_all(unified.join("plimsoll/web-1")).unwrap();
        let membership = "8:memory:/other\n1:cpu:/plimsoll/web-1\n0::/plimsoll/web-1\n";
        check(&all, membership, Some(("plimsoll/web-1", 0.25)));
        check(&all, "8:memory:/other\n1:cpu:/\n0::/\n", None);
        check(&all, "nonsense\n::\n", None);
    }

    /// The hierarchy of `cpuacct` has another path for the process.
    #[test]
    fn usage_that_the_cgroup_does_not_tell() {
        let root = tempfile::tempdir().unwrap();
        let all = [Hierarchy { root: root.path().into(), controllers: vec!["cpu"] }];
        let files = [("cpu.cfs_quota_us", "2500\n"), ("cpu.cfs_period_us", "10000\n")];
        write(&root.path().join("web"), &files);
        let registry = Registry::new(100);
        let readings = Readings::new(registry.clone(), "here", false);
        let place = Some((PathBuf::from("web"), Place::new(&all, Path::new("web"))));
        let mut quota = QuotaOf { looked: Some((7, readings.at())), place, tags: None };
        quota.read((7, Some(0.125)), "port:80", &readings, &mut Buffer::default());
        let mut found: Vec<(String, f64)> = Vec::new();
        for (series, sink) in &readings.take().interval.sinks {
            let name = registry.def(registry.series_def(*series).metric).name.to_string();
            let Sink::Trend(histogram) = sink else { panic!("{sink:?}") };
            found.push((name, histogram.max()));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [("cgroup_cpu_quota", 0.25), ("cgroup_cpu_utilization", 0.125)];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
