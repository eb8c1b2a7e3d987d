//! Where cgroups are, and which of them a text names.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Cgroups that are looked through for a name.
const FOLDERS_LIMIT: usize = 20_000;

/// Controllers of version 1 that have figures for us.
const CONTROLLERS: [&str; 4] = ["cpu", "cpuacct", "memory", "blkio"];

/// A mounted tree of cgroups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) root: PathBuf,
    /// Of version 1; empty for version 2.
    pub(super) controllers: Vec<&'static str>,
}

/// The hierarchies of `/proc/self/mountinfo`, each once.
pub(super) fn parse_mounts(mountinfo: &str) -> Vec<Hierarchy> {
    let mut found: Vec<Hierarchy> = Vec::new();
    for line in mountinfo.lines() {
        // Behind the dash: type, source, options of the file system.
        let Some((mount, system)) = line.split_once(" - ") else { continue };
        let mut system = system.split(' ');
        let (kind, options) = (system.next(), system.nth(1).unwrap_or_default());
        let controllers: Vec<&'static str> = match kind {
            Some("cgroup2") => Vec::new(),
            Some("cgroup") => CONTROLLERS
                .into_iter()
                .filter(|name| options.split(',').any(|o| o == *name))
                .collect(),
            _ => continue,
        };
        let is_of_use = kind == Some("cgroup2") || !controllers.is_empty();
        let is_new = found.iter().all(|hierarchy| hierarchy.controllers != controllers);
        if let Some(root) = mount.split(' ').nth(4).filter(|_| is_of_use && is_new) {
            found.push(Hierarchy { root: unescape(root).into(), controllers });
        }
    }
    found
}

/// Spaces and the like are written as `\040`.
fn unescape(path: &str) -> String {
    let mut parts = path.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (code, part.get(3..)) {
            (Some(code), Some(rest)) => {
                plain.push(char::from(code));
                plain.push_str(rest);
            }
            _ => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// The path below the roots of the one cgroup that `text` names: a path (below a root or from the
/// file system's), or the name of its folder, with or without a unit's suffix.
pub(super) fn resolve(hierarchies: &[Hierarchy], text: &str) -> Result<PathBuf, String> {
    let Some(path) = text.strip_prefix('/') else {
        let suffixes = ["", ".service", ".scope", ".slice"];
        let found = search(hierarchies, |name| {
            suffixes.iter().any(|suffix| name.strip_suffix(suffix) == Some(text))
        });
        return only(found, "no cgroup has this name");
    };
    let below = hierarchies
        .iter()
        .filter_map(|hierarchy| Path::new(text).strip_prefix(&hierarchy.root).ok())
        .max_by_key(|below| std::cmp::Reverse(below.as_os_str().len()))
        .unwrap_or(Path::new(path));
    if below.components().any(|part| part == std::path::Component::ParentDir) {
        return Err("a cgroup's path has no `..`".to_owned());
    }
    let is_there = hierarchies.iter().any(|hierarchy| hierarchy.root.join(below).is_dir());
    if is_there { Ok(below.to_owned()) } else { Err("there is no such cgroup".to_owned()) }
}

/// The only one of `found`.
pub(super) fn only(found: BTreeSet<PathBuf>, none: &str) -> Result<PathBuf, String> {
    let several = found.len() > 1;
    if several {
        let names: Vec<_> =
            found.iter().take(3).map(|path| format!("/{}", path.display())).collect();
        let names = names.join(", ");
        return Err(format!(
            "{} cgroups have this name: name one by its path: {names}",
            found.len()
        ));
    }
    found.into_iter().next().ok_or_else(|| none.to_owned())
}

/// Paths below the roots of cgroups whose folder's name is `wanted`.
pub(super) fn search(
    hierarchies: &[Hierarchy],
    wanted: impl Fn(&str) -> bool,
) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut looked_at = 0;
    for hierarchy in hierarchies {
        let mut next = vec![PathBuf::new()];
        while let Some(below) = next.pop() {
            looked_at += 1;
            if looked_at > FOLDERS_LIMIT {
                return found;
            }
            if below.file_name().and_then(|name| name.to_str()).is_some_and(&wanted) {
                found.insert(below.clone());
            }
            let entries = fs::read_dir(hierarchy.root.join(&below)).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            next.extend(folders.map(|folder| below.join(folder.file_name())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mounts_of_each_kind() {
        let check = |mountinfo: &str, expected: &[(&str, &[&str])]| {
            let found = parse_mounts(mountinfo);
            let found: Vec<_> = found
                .iter()
                .map(|hierarchy| (hierarchy.root.to_str().unwrap(), &hierarchy.controllers[..]))
                .collect();
            assert_eq!(found, expected);
        };
        // Version 2 alone, as on current systems.
        let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 \
            rw,nsdelegate,memory_recursiveprot\n22 28 0:20 / /proc rw - proc proc rw\n";
        check(unified, &[("/sys/fs/cgroup", &[])]);
        // Both, recorded on Linux 6.18.
        let both = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
            34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        check(
            both,
            &[
                ("/sys/fs/cgroup/cpu", &["cpu"]),
                ("/sys/fs/cgroup/memory", &["memory"]),
                ("/sys/fs/cgroup/unified", &[]),
            ],
        );
        // Two controllers in one, and a folder with a space.
        let joint = "33 31 0:29 / /sys/fs/c\\040g rw - cgroup cgroup rw,cpu,cpuacct\n";
        check(joint, &[("/sys/fs/c g", &["cpu", "cpuacct"])]);
        check("", &[]);
    }

    #[test]
    fn paths_and_names() {
        let root = tempfile::tempdir().unwrap();
        let (memory, cpu) = (root.path().join("memory"), root.path().join("cpu"));
        for folder in ["system.slice/nginx.service", "a/web", "b/web", "process_api/94a5"] {
            fs::create_dir_all(memory.join(folder)).unwrap();
        }
        fs::create_dir_all(cpu.join("system.slice/nginx.service")).unwrap();
        let hierarchies = [
            Hierarchy { root: memory.clone(), controllers: vec!["memory"] },
            Hierarchy { root: cpu, controllers: vec!["cpu"] },
        ];
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = resolve(&hierarchies, text).map(|path| path.display().to_string());
            let found = found.as_ref().map(String::as_str).map_err(String::as_str);
            assert_eq!(found, expected, "{text}");
        };
        let nginx = Ok("system.slice/nginx.service");
        check("nginx", nginx);
        check("nginx.service", nginx);
        check("/system.slice/nginx.service", nginx);
        check(memory.join("system.slice/nginx.service").to_str().unwrap(), nginx);
        check("94a5", Ok("process_api/94a5"));
        check("apache", Err("no cgroup has this name"));
        check("/nowhere", Err("there is no such cgroup"));
        check("/a/../b", Err("a cgroup's path has no `..`"));
        check("web", Err("2 cgroups have this name: name one by its path: /a/web, /b/web"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_panics(text in "([0-9]{1,3} |/[a-z]{0,3}\\\\?0?4? |- |cgroup2? |rw,cpu,memory|\\n){0,40}") {
            prop_assert!(parse_mounts(&text).len() <= text.lines().count());
            unescape(&text);
        }
    }
}
