//! Where a report is written: beside its name until it is whole. What is no regular file (a pipe, a device)
//! is written to directly, since a rename would put a file in its place.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Ends the name of a report that is not whole.
const PARTIAL: &str = ".partial";

/// An open report; what was not written is removed with it.
#[derive(Debug)]
pub(crate) struct Place {
    file: Option<File>,
    /// None when it is written to directly.
    names: Option<Names>,
}

#[derive(Debug)]
struct Names {
    partial: PathBuf,
    whole: PathBuf,
}

impl Place {
    /// # Errors
    /// When nothing can be written at `path`. The error names no path but a missing folder's.
    pub(crate) fn open(path: &Path) -> io::Result<Place> {
        let Some(whole) = replaceable(path)? else {
            let file = File::options().write(true).open(path)?;
            return Ok(Place { file: Some(file), names: None });
        };
        let mut partial = OsString::from(&whole);
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        let file = File::create(&partial)?;
        Ok(Place { file: Some(file), names: Some(Names { partial, whole }) })
    }

    /// Writes the report and gives it its name.
    pub(crate) fn write(
        mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()?;
        drop(out);
        let Some(Names { partial, whole }) = &self.names else { return Ok(()) };
        // Something else may have come there while the run went on.
        if replaceable(whole)?.is_none() {
            return Err(io::Error::other("this is no regular file any more"));
        }
        fs::rename(partial, whole)?;
        self.names = None;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(names) = &self.names {
            // Nobody is left to be told.
            _ = fs::remove_file(&names.partial);
        }
    }
}

/// The name that a file can be given by a rename, links followed; none for what is no regular file.
fn replaceable(path: &Path) -> io::Result<Option<PathBuf>> {
    if path.file_name().is_none() {
        return Err(io::Error::other("this names no file"));
    }
    match fs::metadata(path) {
        Ok(known) if known.is_dir() => Err(io::Error::other("this is a folder")),
        Ok(known) if !known.is_file() => Ok(None),
        Ok(_) => Ok(Some(fs::canonicalize(path)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            Some(folder) if folder != Path::new("") && !folder.is_dir() => {
                Err(io::Error::other(format!("there is no folder {}", folder.display())))
            }
            _ => Ok(Some(path.to_owned())),
        },
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_report_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.html");
        fs::write(&path, "old").unwrap();
        let place = Place::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        place.write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["a.html"]);
    }

    #[test]
    fn what_was_not_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.html");
        drop(Place::open(&path).unwrap());
        let place = Place::open(&path).unwrap();
        place.write(|_| Err(io::Error::other("no"))).unwrap_err();
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn links_are_followed_and_devices_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.html"), folder.path().join("link.html"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Place::open(&link).unwrap().write(|out| out.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        Place::open(Path::new("/dev/null")).unwrap().write(|out| out.write_all(b"x")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_written_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, expected: &str| {
            let error = Place::open(path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&folder.path().join("none/a.html"), "there is no folder");
        check(folder.path(), "this is a folder");
    }
}
