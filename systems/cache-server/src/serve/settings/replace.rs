//! Replacing a file as a whole: whoever reads it, at any time, sees the old one or the new one.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Permissions of a file that was not there: it may hold passwords.
const MODE: u32 = 0o600;

/// Writes a file beside `path`, gives it the same permissions, and the name. A link stays one.
///
/// # Errors
/// When that cannot be done, or `path` is something other than a file; what was there is then as it was.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let (path, mode) = match fs::metadata(path) {
        Ok(found) if found.is_file() => (fs::canonicalize(path)?, found.permissions().mode()),
        Ok(_) => return Err(io::Error::other("it is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), MODE),
        Err(error) => return Err(error),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = write(&new, mode, text).and_then(|()| fs::rename(&new, &path));
    if let Err(error) = written {
        // Nobody needs what is left of it.
        fs::remove_file(&new).ok();
        return Err(error);
    }
    // The name too is to be on the disk.
    File::open(folder)?.sync_all()
}

fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Never wider than it will be, not even for a moment.
    let mut file = options.write(true).create(true).truncate(true).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.conf"), folder.path().join("link"));
        replace(&path, "new").unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode()), ("new", 0o600));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, "newer").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode()), ("newer", 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn only_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(replace(folder.path(), "x").is_err());
        assert!(replace(&folder.path().join("not/there"), "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
