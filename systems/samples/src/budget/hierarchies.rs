//! Where a process may make its cgroup.

use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// What has limits of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Controller {
    /// Its name in version 1, and that of another that counts what is used there.
    pub(super) one: &'static str,
    pub(super) counting: Option<&'static str>,
    /// In version 2.
    pub(super) two: &'static str,
}

/// A mounted tree of cgroups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) root: PathBuf,
    /// The cgroup that the process is in.
    pub(super) own: PathBuf,
}

/// Below which cgroup a new one is made, and in which hierarchies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Of the hierarchy that has the limits.
    pub(super) version: Version,
    /// Below the roots, without a leading slash.
    pub(super) below: PathBuf,
    /// The one that has the limits, then those that only count.
    pub(super) hierarchies: Vec<Hierarchy>,
}

/// One line of mountinfo that is about cgroups.
struct Mount<'a> {
    point: &'a str,
    /// What of the hierarchy is mounted there.
    top: &'a str,
    /// Of version 1; none for version 2.
    controllers: Option<&'a str>,
}

/// `mountinfo` and `cgroup` are the process's own files in `/proc`. With version 1 the new cgroup is below
/// the process's own one, so that limits set from outside stay; version 2 has no place there, since
/// cgroups with processes may not have others below, so it is below the root.
pub(super) fn find(mountinfo: &str, cgroup: &str, controller: Controller) -> Option<Place> {
    let mounts: Vec<Mount<'_>> = mountinfo.lines().filter_map(mount).collect();
    let of = |controller: &str| {
        let has = |mount: &&Mount<'_>| {
            mount.controllers.is_some_and(|list| list.split(',').any(|name| name == controller))
        };
        mounts.iter().find(has)
    };
    let two = mounts.iter().find(|mount| mount.controllers.is_none());
    let hierarchy = |mount: &Mount<'_>, controller: &str| {
        let own = relative(mount, own_path(cgroup, controller));
        Hierarchy { root: mount.point.into(), own: Path::new(mount.point).join(own) }
    };
    let Some(limiting) = of(controller.one) else {
        let two = two?;
        let hierarchies = vec![hierarchy(two, "")];
        return Some(Place { version: Version::Two, below: PathBuf::new(), hierarchies });
    };
    let mut hierarchies = vec![hierarchy(limiting, controller.one)];
    // Usage, and pressure: of version 2 in a system that has both.
    let counting =
        controller.counting.and_then(|name| of(name).map(|mount| hierarchy(mount, name)));
    for found in counting.into_iter().chain(two.map(|mount| hierarchy(mount, ""))) {
        // Two controllers may share a hierarchy.
        if hierarchies.iter().all(|hierarchy| hierarchy.root != found.root) {
            hierarchies.push(found);
        }
    }
    let below = relative(limiting, own_path(cgroup, controller.one));
    Some(Place { version: Version::One, below, hierarchies })
}

fn mount(line: &str) -> Option<Mount<'_>> {
    // Behind the dash: type, source, options of the file system.
    let (mount, system) = line.split_once(" - ")?;
    let mut system = system.split(' ');
    let (kind, options) = (system.next()?, system.nth(1).unwrap_or_default());
    let mut fields = mount.split(' ').skip(3);
    let (top, point) = (fields.next()?, fields.next()?);
    let controllers = match kind {
        "cgroup" => Some(options),
        "cgroup2" => None,
        _ => return None,
    };
    Some(Mount { point, top, controllers })
}

/// Of `/proc/self/cgroup`: `3:cpu,cpuacct:/docker/4d`, and `0::/` for version 2.
fn own_path<'a>(cgroup: &'a str, controller: &str) -> &'a str {
    let of = |line: &'a str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|name| name == controller).then_some(path)
    };
    cgroup.lines().find_map(of).unwrap_or("/")
}

/// Below the mount's point. A container may see a part of the hierarchy alone, and itself by a path from
/// the whole one's root; what is not below counts as the top.
fn relative(mount: &Mount<'_>, own: &str) -> PathBuf {
    let below = Path::new(own).strip_prefix(mount.top).unwrap_or(Path::new(""));
    let climbs = below.components().any(|part| part == std::path::Component::ParentDir);
    if climbs { PathBuf::new() } else { below.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{super::CPU, *};

    /// Roots and own cgroups.
    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn check(mountinfo: &str, cgroup: &str, expected: Option<(Version, &str, Pairs<'_>)>) {
        let expected = expected.map(|(version, below, hierarchies)| Place {
            version,
            below: below.into(),
            hierarchies: hierarchies
                .iter()
                .map(|(root, own)| Hierarchy { root: root.into(), own: own.into() })
                .collect(),
        });
        assert_eq!(find(mountinfo, cgroup, CPU), expected);
    }

    /// Recorded on Linux 6.18.
    #[test]
    fn both_versions_at_once() {
        check(
            "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
             32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
             33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n\
             34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
            "8:pids:/\n2:cpuacct:/\n1:cpu:/\n0::/\n",
            Some((
                Version::One,
                "",
                &[
                    ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu"),
                    ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpuacct"),
                    ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified"),
                ],
            )),
        );
    }

    #[test]
    fn version_one_below_the_own_cgroup() {
        let mounts = "32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
        let cgroup = "4:cpu,cpuacct:/docker/4d\n1:name=systemd:/docker/4d\n";
        let own: Pairs<'_> = &[("/cg/cpu", "/cg/cpu/docker/4d")];
        check(mounts, cgroup, Some((Version::One, "docker/4d", own)));
        // Inside that container only its own part is mounted.
        let mounts = "32 31 0:29 /docker/4d /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
        let own: Pairs<'_> = &[("/cg/cpu", "/cg/cpu")];
        check(mounts, cgroup, Some((Version::One, "", own)));
    }

    #[test]
    fn version_two_below_the_root() {
        let mounts =
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let cgroup = "0::/user.slice/user-0.slice/session-2.scope\n";
        let own = "/sys/fs/cgroup/user.slice/user-0.slice/session-2.scope";
        check(mounts, cgroup, Some((Version::Two, "", &[("/sys/fs/cgroup", own)])));
    }

    #[test]
    fn without_cgroups_or_with_nonsense_there_is_no_place() {
        check("22 28 0:20 / /proc rw - proc proc rw\n", "0::/\n", None);
        check("", "", None);
        check(" - cgroup2 \n - cgroup\nx", ":\n::", None);
        // Outside of what its namespace shows.
        let mounts = "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n";
        check(mounts, "0::/../other\n", Some((Version::Two, "", &[("/cg", "/cg")])));
    }
}
