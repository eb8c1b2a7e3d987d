//! A cgroup that comes, works, is killed in and goes, in folders of both versions.

use std::{fs, path::PathBuf};

use plimsoll_metrics::{Observation, Registry, Sink};
use plimsoll_runtime::workers;

use super::*;

fn write(folder: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// Names of metrics with their values, in order.
fn values(registry: &Registry, observation: &Observation) -> Vec<(String, f64)> {
    let mut found: Vec<_> = observation
        .interval
        .sinks
        .iter()
        .map(|(series, sink)| {
            let name = registry.def(registry.series_def(*series).metric).name.to_string();
            let value = match sink {
                Sink::Counter { sum } => *sum,
                Sink::Trend(histogram) => histogram.max(),
                other => panic!("{other:?}"),
            };
            (name, value)
        })
        .collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

struct Rig {
    registry: Registry,
    readings: Readings,
    probe: CgroupProbe,
}

impl Rig {
    fn new(hierarchies: Vec<Hierarchy>) -> Rig {
        let registry = Registry::new(1_000);
        let engine = Engine { sockets: Vec::new(), containers: PathBuf::new() };
        Rig {
            readings: Readings::new(registry.clone(), "here", false),
            registry,
            probe: CgroupProbe::new(Which::Cgroup("web".into()), hierarchies, engine),
        }
    }

    fn read(&mut self) -> Result<Vec<(String, f64)>, String> {
        self.probe.search = Pace::default();
        let outcome = workers::block_on(self.probe.read(&self.readings)).unwrap();
        let values = values(&self.registry, &self.readings.take());
        outcome.map(|()| values).map_err(|error| error.to_string())
    }
}

#[test]
fn version_2() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("system.slice/web.service");
    let mut rig = Rig::new(vec![Hierarchy { root: root.path().into(), controllers: Vec::new() }]);
    assert_eq!(rig.read().unwrap_err(), "no cgroup has this name");
    write(
        &folder,
        &[
            (
                "cpu.stat",
                "usage_usec 1000\nnr_periods 10\nnr_throttled 5\nthrottled_usec 1000000\n",
            ),
            ("cpu.max", "50000 100000\n"),
            ("memory.current", "4096\n"),
            ("memory.max", "max\n"),
            ("memory.events", "oom_kill 1\n"),
            ("cpu.pressure", "some avg10=0 total=5\nfull avg10=0 total=5\n"),
        ],
    );
    let first = rig.read().unwrap();
    assert_eq!(first, [("cgroup_cpu_quota".into(), 0.5), ("cgroup_memory_bytes".into(), 4_096.0)]);
    write(
        &folder,
        &[
            (
                "cpu.stat",
                "usage_usec 1000\nnr_periods 20\nnr_throttled 8\nthrottled_usec 1500000\n",
            ),
            ("memory.events", "oom_kill 3\n"),
        ],
    );
    let names = |values: Vec<(String, f64)>| -> Vec<String> {
        values.into_iter().map(|(name, value)| format!("{name} {value}")).collect()
    };
    assert_eq!(
        names(rig.read().unwrap()),
        [
            "cgroup_cpu_quota 0.5",
            "cgroup_cpu_throttled_seconds 0.5",
            "cgroup_cpu_throttled_share 0.3",
            "cgroup_cpu_utilization 0",
            "cgroup_memory_bytes 4096",
            "cgroup_oom_kills 2",
            "cgroup_pressure_cpu_full 0",
            "cgroup_pressure_cpu_some 0",
        ]
    );

    // The kernel's files cannot be read any more when they are gone; these can, so they are emptied first.
    for name in ["cpu.stat", "cpu.max", "memory.current", "memory.max", "memory.events"] {
        write(&folder, &[(name, "")]);
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(rig.read().unwrap_err().starts_with("the cgroup is gone"));
    assert_eq!(rig.read().unwrap_err(), "no cgroup has this name");
    write(&folder, &[("memory.current", "8192\n")]);
    assert_eq!(rig.read().unwrap(), [("cgroup_memory_bytes".to_owned(), 8_192.0)]);
}

#[test]
fn version_1_in_several_hierarchies() {
    let root = tempfile::tempdir().unwrap();
    let folder = |controller: &str| root.path().join(controller).join("docker/web");
    let hierarchy = |controller| Hierarchy {
        root: root.path().join(controller),
        controllers: vec![controller],
    };
    write(&folder("cpu"), &[("cpu.cfs_quota_us", "-1\n"), ("cpu.cfs_period_us", "100000\n")]);
    write(&folder("memory"), &[("memory.usage_in_bytes", "5\n"), ("memory.limit_in_bytes", "9\n")]);
    let mut rig = Rig::new(vec![hierarchy("cpu"), hierarchy("memory")]);
    let expected =
        [("cgroup_memory_bytes".to_owned(), 5.0), ("cgroup_memory_limit_bytes".to_owned(), 9.0)];
    assert_eq!(rig.read().unwrap(), expected);
}

#[test]
fn texts() {
    assert!(parse("pid:1").is_none());
    for (text, part) in [("cgroup:", "a path or a name"), ("docker:a/b", "a container has a name")]
    {
        let error = parse(text).unwrap().map(|_| ()).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(parse("docker:web").unwrap().unwrap().name(), "docker:web");
}
