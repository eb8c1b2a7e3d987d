//! From the words on the command line to groups of runs.

use std::path::{Path, PathBuf};

use plimsoll_analysis::compare::Run;
use plimsoll_outputs::record::{self, EXTENSION};

use crate::{
    commands::view,
    exit::{Exit, Failure},
};

/// Groups of one comparison.
const GROUPS_MAX: usize = 12;

/// Runs of one group: more than anybody waits for.
const RUNS_MAX: usize = 100;

/// Runs that belong together.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
}

pub(super) fn read_all(texts: &[String]) -> Result<Vec<Group>, Failure> {
    if texts.len() > GROUPS_MAX {
        let message = format!("{} groups are more than {GROUPS_MAX}, the limit", texts.len());
        return Err(Failure::new(Exit::Other, message));
    }
    texts.iter().map(|text| read(text)).collect()
}

/// `[NAME=]RUN,RUN,...` or `[NAME=]FOLDER`
fn read(text: &str) -> Result<Group, Failure> {
    let (name, what) = match text.split_once('=') {
        Some((name, what)) if !name.is_empty() && !Path::new(text).exists() => (name, what),
        _ => (text, text),
    };
    let paths = if Path::new(what).is_dir() {
        records_in(Path::new(what))?
    } else {
        what.split(',').map(view::find).collect::<Result<Vec<_>, _>>()?
    };
    if paths.len() > RUNS_MAX {
        let message = format!("{what}: {} runs are more than {RUNS_MAX}, the limit", paths.len());
        return Err(Failure::new(Exit::Other, message));
    }
    let runs = paths.iter().map(|path| run(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Group { name: short(name), runs })
}

/// A group is called by its first run's file, or by its folder.
fn short(name: &str) -> String {
    let first = name.split(',').next().unwrap_or(name).trim_end_matches('/');
    let base = first.rsplit('/').next().unwrap_or(first);
    base.strip_suffix(&format!(".{EXTENSION}")).unwrap_or(base).to_owned()
}

fn records_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(Exit::Other, format!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            found.push(path);
        }
    }
    found.sort_unstable();
    if found.is_empty() {
        let message = format!("{}: there is no run record in it", folder.display());
        let hint = format!("records are files called *.{EXTENSION}");
        return Err(Failure::new(Exit::Other, message).with_hint(hint));
    }
    Ok(found)
}

fn run(path: &Path) -> Result<Run, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Other, format!("{}: {error}", path.display()))
    };
    let frames = record::read(path).map_err(|error| failed(&error))?;
    let frames = frames.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
    Run::read(&path.display().to_string(), frames).map_err(|error| {
        failed(&error).with_hint("leave it out: a group is of runs that went their whole way")
    })
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn groups_are_called_by_what_they_are_of() {
        for (text, expected) in [
            ("a.plimsoll", "a"),
            ("runs/main/", "main"),
            ("x/one.plimsoll,x/two.plimsoll", "one"),
            ("latest", "latest"),
        ] {
            assert_eq!(short(text), expected);
        }
    }
}
