//! The cgroup that the process is in while it serves, of one hierarchy or of several.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_runtime::{timer, workers};

use super::hierarchies::{self, Controller, Hierarchy, Place, Version};

/// The cgroup that those of all our services are below.
pub const PARENT: &str = "plimsoll";
/// A cgroup whose last process has just left may be busy for a moment.
const REMOVE_ATTEMPTS: u32 = 50;
const REMOVE_PAUSE: Duration = Duration::from_millis(2);
/// Another service that ends may remove [`PARENT`] while this one makes its cgroup below.
const MAKE_ATTEMPTS: u32 = 5;

/// Its processes are listed there, and join by writing their number.
const MEMBERS: &str = "cgroup.procs";
/// Before the process's number in the name of its cgroup.
const PREFIX: &str = "web-";
/// Folders that are looked at for what killed processes left.
const LEFT_MAX: usize = 1_000;

/// The membership in the cgroup. Dropping it moves the process back and removes the cgroup.
#[derive(Debug)]
pub(super) struct Joined {
    place: Place,
    controller: Controller,
    /// Those that were made, each in its hierarchy; the one with the limit first.
    folders: Vec<(PathBuf, Hierarchy)>,
}

/// What could not be done, and why.
pub(super) type NotJoined = (String, io::Error);

impl Joined {
    /// Puts this process, with all its threads, into a cgroup of its own below [`PARENT`] that `limit` has
    /// written a limit to. What killed processes have left there is removed before. Nothing where no
    /// hierarchy has such limits.
    ///
    /// # Errors
    /// What this process may not do; nothing is left then.
    pub(super) fn new(
        controller: Controller,
        limit: impl FnOnce(&Path, Version) -> io::Result<()>,
    ) -> Option<Result<Joined, NotJoined>> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (mounts, own) = (read("/proc/self/mountinfo"), read("/proc/self/cgroup"));
        let place = hierarchies::find(&mounts, &own, controller)?;
        Some(Joined::at(place, controller, limit))
    }

    pub(super) fn at(
        place: Place,
        controller: Controller,
        limit: impl FnOnce(&Path, Version) -> io::Result<()>,
    ) -> Result<Joined, NotJoined> {
        let mut joined = Joined { place, controller, folders: Vec::new() };
        joined
            .set_up(limit)
            .map_err(|(what, error)| (format!("{what} the cgroup {}", joined.path()), error))?;
        Ok(joined)
    }

    /// Below the mounted hierarchies, with a leading slash.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.below().display())
    }

    fn below(&self) -> PathBuf {
        self.place.below.join(PARENT).join(format!("{PREFIX}{}", std::process::id()))
    }

    fn set_up(
        &mut self,
        limit: impl FnOnce(&Path, Version) -> io::Result<()>,
    ) -> Result<(), (&'static str, io::Error)> {
        let below = self.below();
        let hierarchies = self.place.hierarchies.clone();
        let mut hierarchies = hierarchies.into_iter();
        if let Some(first) = hierarchies.next() {
            let folder = first.root.join(&below);
            if self.make(&folder, true).map_err(|error| ("make", error))? {
                self.folders.push((folder.clone(), first));
            }
            limit(&folder, self.place.version).map_err(|error| ("limit", error))?;
            join(&folder).map_err(|error| ("join", error))?;
        }
        for hierarchy in hierarchies {
            let folder = hierarchy.root.join(&below);
            // Where it fails the figures of that hierarchy are missing, and the limit holds.
            if let Ok(true) = self.make(&folder, false) {
                self.folders.push((folder.clone(), hierarchy));
                join(&folder).ok();
            }
        }
        Ok(())
    }

    /// Whether it was made: with version 2 another limit of this process may have made it before.
    fn make(&self, folder: &Path, has_limit: bool) -> io::Result<bool> {
        let parent = folder.parent().unwrap_or(folder);
        sweep(parent);
        let mut outcome = Ok(());
        for _ in 0..MAKE_ATTEMPTS {
            match fs::create_dir(parent) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            outcome = self.hand_down(parent, has_limit).and_then(|()| fs::create_dir(folder));
            match &outcome {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                _ => break,
            }
        }
        match outcome {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => {
                // It stays if others have theirs below.
                fs::remove_dir(parent).ok();
                Err(error)
            }
        }
    }

    /// With version 2 a cgroup has no file for limits before those above hand the controller down. The root
    /// mostly does already, and then this changes nothing.
    fn hand_down(&self, parent: &Path, has_limit: bool) -> io::Result<()> {
        if !has_limit || self.place.version == Version::One {
            return Ok(());
        }
        let above = parent.parent().unwrap_or(parent);
        let controller = format!("+{}", self.controller.two);
        fs::write(above.join("cgroup.subtree_control"), &controller)?;
        fs::write(parent.join("cgroup.subtree_control"), controller)
    }
}

fn join(folder: &Path) -> io::Result<()> {
    fs::write(folder.join(MEMBERS), std::process::id().to_string())
}

impl Drop for Joined {
    fn drop(&mut self) {
        let pid = std::process::id().to_string();
        for (folder, hierarchy) in self.folders.drain(..) {
            // The cgroup that we came from may be gone, since nobody was left in it.
            let back = [&hierarchy.own, &hierarchy.root];
            back.iter().find(|place| fs::write(place.join(MEMBERS), &pid).is_ok());
            remove(&folder);
            // Others may have theirs below.
            folder.parent().and_then(|parent| fs::remove_dir(parent).ok());
        }
    }
}

/// Removes what processes that are no more have left: they were killed. Nobody needs to know if that
/// fails; the next start tries again.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten().take(LEFT_MAX) {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(pid) = pid.and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        // One with our own number is not ours: we have none yet. That of another process may be about to
        // be joined; with processes in it the kernel would keep it anyway.
        let is_left = pid == std::process::id() || !Path::new(&format!("/proc/{pid}")).is_dir();
        if is_left {
            fs::remove_dir(entry.path()).ok();
        }
    }
}

/// Best effort: what stays is found at the next start.
fn remove(folder: &Path) {
    for _ in 0..REMOVE_ATTEMPTS {
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {}
            _ => return,
        }
        workers::block_on(timer::sleep(REMOVE_PAUSE)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_processes_left_goes() {
        let parent = std::env::temp_dir().join(format!("plimsoll-sweep-{}", std::process::id()));
        let own = format!("web-{}", std::process::id());
        // No process has a number as great as that; 1 is always there.
        for name in ["web-4294967295", "web-1", "web-x", "web-", "db-4294967295", &own] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        sweep(&parent);
        let left = fs::read_dir(&parent).unwrap().map(|entry| entry.unwrap().file_name());
        let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
        left.sort_unstable();
        assert_eq!(left, ["db-4294967295", "web-", "web-1", "web-x"]);
        fs::remove_dir_all(&parent).unwrap();
    }
}
