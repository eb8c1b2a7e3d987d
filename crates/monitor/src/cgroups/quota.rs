//! The file of a CPU quota, for whoever wants to change it. Nothing is written here.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use plimsoll_runtime::workers;

use super::{
    docker::{self, Engine},
    hierarchy::{self, Hierarchy},
    membership,
};
use crate::processes;

/// The quota of a cgroup as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `cpu.max`, or `cpu.cfs_quota_us` of version 1.
    pub file: PathBuf,
    /// Its text, without the newline.
    pub text: String,
    micros: u64,
    period: u64,
}

impl Quota {
    /// Of what the tag `cgroup` names: a cgroup, a container, or a watched process such as `port:8080`, of
    /// which it is the smallest quota of the cgroups that it is in.
    ///
    /// # Errors
    /// In words: what is not there, or has no quota.
    pub fn find(name: &str) -> Result<Quota, String> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let hierarchies = hierarchy::parse_mounts(&read("/proc/self/mountinfo"));
        let path = match processes::first(name) {
            Some(pid) => {
                let membership = read(&format!("/proc/{}/cgroup", pid?));
                membership::tightest(&hierarchies, &membership).map(|(path, _)| path)
            }
            None => Some(resolve(&hierarchies, name)?),
        };
        let quota = path.and_then(|path| hierarchies.iter().find_map(|one| of(one, &path)));
        quota.ok_or_else(|| format!("{name} has no CPU quota"))
    }

    pub fn cores(&self) -> f64 {
        self.micros as f64 / self.period as f64
    }

    /// The text of one `factor` times as large, in the same periods.
    pub fn times(&self, factor: f64) -> String {
        let micros = (self.micros as f64 * factor).round() as u64;
        match self.text.split_once(' ') {
            Some((_, period)) => format!("{micros} {period}"),
            None => micros.to_string(),
        }
    }

    /// What the file says now, without the newline.
    ///
    /// # Errors
    /// When it is gone or may not be read.
    pub fn read(&self) -> io::Result<String> {
        fs::read_to_string(&self.file).map(|text| text.trim_end().to_owned())
    }
}

fn resolve(hierarchies: &[Hierarchy], name: &str) -> Result<PathBuf, String> {
    hierarchy::resolve(hierarchies, name).or_else(|error| {
        let container = docker::is_valid(name).then(|| {
            let found = async { docker::resolve(&Engine::default(), hierarchies, name).await };
            workers::block_on(found).ok()?.ok()
        });
        container.flatten().ok_or(error)
    })
}

/// In one hierarchy; `None` when there is no limit there.
fn of(hierarchy: &Hierarchy, path: &Path) -> Option<Quota> {
    let folder = hierarchy.root.join(path);
    let read = |name: &str| {
        let file = folder.join(name);
        let text = fs::read_to_string(&file).ok()?.trim_end().to_owned();
        Some((file, text))
    };
    let is_unified = hierarchy.controllers.is_empty();
    let (file, text) = read(if is_unified { "cpu.max" } else { "cpu.cfs_quota_us" })?;
    let (micros, period) = match text.split_once(' ') {
        Some((micros, period)) => (micros.parse().ok()?, period.parse().ok()?),
        None => (text.parse().ok()?, read("cpu.cfs_period_us")?.1.parse().ok()?),
    };
    (micros > 0 && period > 0).then_some(Quota { file, text, micros, period })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(controllers: &[&'static str], files: &[(&str, &str)], expected: Option<(f64, &str)>) {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(root.path().join("web")).unwrap();
            fs::write(root.path().join("web").join(name), text).unwrap();
        }
        let hierarchy = Hierarchy { root: root.path().into(), controllers: controllers.to_vec() };
        let found = of(&hierarchy, Path::new("web"));
        let found = found.map(|quota| (quota.cores(), quota.times(1.25), quota.read().unwrap()));
        let expected = expected.map(|(cores, times)| {
            (cores, times.to_owned(), files.first().unwrap().1.trim_end().to_owned())
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn quotas_of_both_versions() {
        check(&[], &[("cpu.max", "2500 10000\n")], Some((0.25, "3125 10000")));
        check(&[], &[("cpu.max", "max 100000\n")], None);
        check(&[], &[], None);
        let period = ("cpu.cfs_period_us", "10000\n");
        check(&["cpu"], &[("cpu.cfs_quota_us", "2500\n"), period], Some((0.25, "3125")));
        check(&["cpu"], &[("cpu.cfs_quota_us", "-1\n"), period], None);
        check(&["memory"], &[], None);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = Quota::find("/no/such/cgroup").unwrap_err();
        assert_eq!(error, "there is no such cgroup");
        assert!(Quota::find("name:no-such-program").unwrap_err().contains("no-such-program"));
    }
}
