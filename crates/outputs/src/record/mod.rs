//! The run record on disk: written while a run goes, listed and read afterwards.
//!
//! A record is a zstd stream of the frames of [`plimsoll_metrics::record`]; docs/run-record.md has
//! the format.

mod list;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use plimsoll_metrics::record::{Frame, Header};

pub use list::{RunSummary, Verdict, json, table, unreadable};
pub use place::RecordTarget;
pub use read::{Frames, ReadError, read};
pub use write::{PENDING_LIMIT, RecordWriter};

/// Finished records are called `<time>-<name>.plimsoll`.
pub const EXTENSION: &str = "plimsoll";

/// What is added to the name until a record is complete.
const PARTIAL: &str = ".partial";

/// Records that [`Runs::prune`] keeps by default.
pub const RUNS_KEPT: usize = 50;

/// The directory with a user's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    directory: PathBuf,
}

impl Runs {
    pub fn new(directory: PathBuf) -> Runs {
        Runs { directory }
    }

    /// `$XDG_STATE_HOME/plimsoll/runs`, or `~/.local/state/plimsoll/runs`; none when neither variable
    /// is set. `env` looks up a variable.
    pub fn of_user(env: impl Fn(&str) -> Option<OsString>) -> Option<Runs> {
        let set = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The specification wants relative paths ignored.
        let state = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let state = state.or_else(|| Some(set("HOME")?.join(".local/state")))?;
        Some(Runs::new(state.join("plimsoll/runs")))
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every record, the newest first. One that cannot be read is listed as such.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn list(&self) -> io::Result<Vec<RunSummary>> {
        Ok(self.files()?.iter().map(|path| list::summarize(path)).collect())
    }

    /// The newest record that `is_meant`, by its path and header. Those that cannot be read are not.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn newest(&self, is_meant: impl Fn(&Path, &Header) -> bool) -> io::Result<Option<PathBuf>> {
        let is_it = |path: &PathBuf| match read(path).ok().and_then(|mut frames| frames.next()) {
            Some(Ok(Frame::Header(header))) => is_meant(path, &header),
            _ => false,
        };
        Ok(self.files()?.into_iter().find(is_it))
    }

    /// Removes all but the newest `kept` records. Files that are not named like records stay.
    ///
    /// # Errors
    /// When the directory cannot be read or a file not be removed.
    pub fn prune(&self, kept: usize) -> io::Result<()> {
        for path in self.files()?.iter().skip(kept) {
            match fs::remove_file(path) {
                // Another run may have been faster.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Files with names of ours, the newest first.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names: Vec<String> = Vec::new();
        for entry in entries {
            if let Ok(name) = entry?.file_name().into_string()
                && is_record_name(&name)
            {
                names.push(name);
            }
        }
        // They start with the time.
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(names.into_iter().map(|name| self.directory.join(name)).collect())
    }
}

/// `20261121T112004Z-script.plimsoll`, with or without [`PARTIAL`].
fn is_record_name(name: &str) -> bool {
    const TIME: &str = "00000000T000000Z-";
    let stem = name.strip_suffix(PARTIAL).unwrap_or(name);
    let Some(stem) = stem.strip_suffix(EXTENSION).and_then(|stem| stem.strip_suffix('.')) else {
        return false;
    };
    let matches = |(char, pattern): (char, char)| match pattern {
        '0' => char.is_ascii_digit(),
        other => char == other,
    };
    stem.len() > TIME.len() && stem.chars().zip(TIME.chars()).all(matches)
}
