//! Where a record is written, and how it gets its name.
//!
//! A record is written beside its name and renamed when it is complete. What is no regular file (a
//! pipe, a device) is written to directly: a rename would put a file in its place.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use plimsoll_metrics::record::{Frame, Header};

use super::{EXTENSION, PARTIAL, Runs, read};
use crate::format::time::utc_compact;

/// Characters of the run's name in a file's name.
const NAME_LIMIT: usize = 64;

/// Where a record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordTarget {
    /// Among the user's records; the oldest are removed.
    Runs(Runs),
    /// `--record FILE`
    File(PathBuf),
}

impl RecordTarget {
    /// Whether a record may be written there. Nothing is opened but what may have to be replaced.
    ///
    /// # Errors
    /// For a file: when its folder is missing, or when it exists and is no run record, which is not
    /// replaced. The error names no path.
    pub fn check(&self) -> io::Result<()> {
        match self {
            RecordTarget::Runs(_) => Ok(()),
            RecordTarget::File(path) => Way::to(path).map(|_| ()),
        }
    }

    /// A new record; its errors name the path.
    pub(super) fn open(&self, header: &Header) -> io::Result<Place> {
        let (path, result) = match self {
            RecordTarget::Runs(runs) => (runs.directory(), create_in(runs.directory(), header)),
            RecordTarget::File(path) => (&**path, create(path)),
        };
        result.map_err(|error| named(path, &error))
    }
}

/// An open record.
pub(super) struct Place {
    pub(super) file: File,
    /// Where the record is once it is complete.
    pub(super) path: PathBuf,
    /// What it is called until then; none when it is written to its place directly.
    pub(super) partial: Option<PathBuf>,
}

/// Gives a complete record its name.
pub(super) fn complete(partial: &Path, path: &Path) -> io::Result<()> {
    match Way::to(path)? {
        Way::Rename(path) => fs::rename(partial, path),
        Way::Direct => Err(io::Error::other("there is something else by now")),
    }
}

/// How a record comes to a path.
enum Way {
    /// Under this name, which links have been followed to.
    Rename(PathBuf),
    Direct,
}

impl Way {
    fn to(path: &Path) -> io::Result<Way> {
        let refused = |why: &str| Err(io::Error::other(why.to_owned()));
        if path.file_name().is_none() {
            return refused("this names no file");
        }
        match fs::metadata(path) {
            Ok(known) if known.is_dir() => refused("this is a directory"),
            Ok(known) if !known.is_file() => Ok(Way::Direct),
            Ok(known) if known.len() > 0 && !is_record(path) => {
                refused("this file exists and is no run record, so it is not replaced")
            }
            Ok(_) => Ok(Way::Rename(fs::canonicalize(path)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
                Some(folder) if folder != Path::new("") && !folder.is_dir() => {
                    refused(&format!("{} is no folder", folder.display()))
                }
                _ => Ok(Way::Rename(path.to_owned())),
            },
            Err(error) => Err(error),
        }
    }
}

fn is_record(path: &Path) -> bool {
    let first = read(path).ok().and_then(|mut frames| frames.next());
    matches!(first, Some(Ok(Frame::Header(_))))
}

fn create(path: &Path) -> io::Result<Place> {
    match Way::to(path)? {
        Way::Direct => {
            let file = File::options().write(true).open(path)?;
            Ok(Place { file, path: path.to_owned(), partial: None })
        }
        Way::Rename(path) => {
            let partial = partial(&path);
            Ok(Place { file: File::create(&partial)?, path, partial: Some(partial) })
        }
    }
}

/// A new file for a run of that time and name; runs of the same second are numbered.
fn create_in(directory: &Path, header: &Header) -> io::Result<Place> {
    const NUMBERS: std::ops::Range<u32> = 1..1_000;
    fs::create_dir_all(directory)?;
    let time = utc_compact(header.started_unix_ms.saturating_mul(1_000_000));
    let name = file_name(&header.script);
    for number in NUMBERS {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = directory.join(format!("{time}-{name}{number}.{EXTENSION}"));
        if path.try_exists()? {
            continue;
        }
        let partial = partial(&path);
        match File::create_new(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return Ok(Place { file: result?, path, partial: Some(partial) }),
        }
    }
    Err(io::Error::other("too many runs of the same second"))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

/// What of a script's name a file's name may hold.
fn file_name(script: &str) -> String {
    let stem = Path::new(script).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let safe =
        |char: char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '_' };
    let name: String = stem.chars().map(safe).take(NAME_LIMIT).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}
