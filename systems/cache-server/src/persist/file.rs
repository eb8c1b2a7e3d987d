//! The file by its name: replaced whole or not at all.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{LoadError, Loaded, SaveError, Saved, UnreadableFile, Walk, load, save};
use crate::{
    commands::Keyspace,
    store::{Millis, Store},
};

/// What is appended to the file's name while a new one is written.
const UNFINISHED: &str = ".part";
/// Bytes after which what was written is forced onto the disk, so that a full disk shows early and the
/// system never has gigabytes to write at once.
const SYNC_BYTES: usize = 32 << 20;
/// Bytes of one read.
const READ_BYTES: usize = 1 << 20;
/// The items are their owner's business.
const MODE: u32 = 0o600;
/// What a save may fail in before anything is written.
const NOT_REPLACED: &str = "it cannot be replaced";
const NOT_MADE: &str = "a new one cannot be made beside it";

/// Where items are kept between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    /// A file of that name in a folder, which has to be there.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Place {
        Place { folder: folder.into(), name: name.into() }
    }

    /// Where the file is, or will be.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn unfinished_path(&self) -> PathBuf {
        self.folder.join(format!("{}{UNFINISHED}", self.name))
    }

    /// Writes all items to a new file, which takes the place of the old one when all of it is on the disk.
    ///
    /// # Errors
    /// The old file is as it was then, unless the folder could not be forced onto the disk, the last step.
    pub fn save(&self, keyspace: &Keyspace, now: Millis, walk: &Walk) -> Result<Saved, SaveError> {
        let (path, unfinished) = (self.path(), self.unfinished_path());
        check_replaceable(&path).map_err(failed(&path, NOT_REPLACED))?;
        let file = claim(&unfinished).map_err(failed(&path, NOT_MADE))?;
        let saved = write(keyspace, &file, now, walk).map_err(|error| {
            remove(&unfinished);
            failed(&path, "a new one cannot be written")(error)
        })?;
        std::fs::rename(&unfinished, &path).map_err(|error| {
            remove(&unfinished);
            failed(&path, NOT_REPLACED)(error)
        })?;
        // It was locked until here, so that nobody else wrote to it.
        drop(file);
        sync_folder(&self.folder)
            .map_err(failed(&path, "its folder cannot be forced onto the disk"))?;
        Ok(saved)
    }

    /// Whether a save could begin now: a folder that cannot be written to is better known before there is
    /// anything to save.
    ///
    /// # Errors
    /// When the file cannot be replaced, or a new one cannot be made beside it.
    pub fn check_writable(&self) -> Result<(), SaveError> {
        let (path, unfinished) = (self.path(), self.unfinished_path());
        check_replaceable(&path).map_err(failed(&path, NOT_REPLACED))?;
        match claim(&unfinished) {
            Ok(_claimed) => remove(&unfinished),
            // Somebody saves just now, so it can be written to.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(failed(&path, NOT_MADE)(error)),
        }
        Ok(())
    }

    /// Puts the file's items into the store; `None` when there is no file.
    ///
    /// # Errors
    /// When it cannot be read or is damaged, or `goes_on` ends it.
    pub fn load(
        &self,
        store: &Store,
        now: Millis,
        goes_on: impl FnMut(&Loaded) -> bool,
    ) -> Result<Option<Loaded>, UnreadableFile> {
        let path = self.path();
        let loaded = match File::open(&path) {
            Ok(file) => read(&file, store, now, goes_on).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        };
        loaded.map_err(|error| UnreadableFile { path, error })
    }
}

/// What a save to that path has failed in.
fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> SaveError {
    move |error| SaveError { path: path.to_path_buf(), what, error }
}

fn write(keyspace: &Keyspace, file: &File, now: Millis, walk: &Walk) -> io::Result<Saved> {
    let saved = save::write(keyspace, Synced { file, unsynced: 0 }, now, walk)?;
    file.sync_all()?;
    Ok(saved)
}

fn read(
    file: &File,
    store: &Store,
    now: Millis,
    goes_on: impl FnMut(&Loaded) -> bool,
) -> Result<Loaded, LoadError> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file").into());
    }
    load::read(store, BufReader::with_capacity(READ_BYTES, file), about.len(), now, goes_on)
}

/// A device or a link is not to be replaced by a file.
fn check_replaceable(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(about) if !about.is_file() => {
            Err(io::Error::new(ErrorKind::AlreadyExists, "it is no regular file"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// An empty file that no other process writes to. What a save left that was interrupted is overwritten.
fn claim(path: &Path) -> io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(MODE);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(ErrorKind::WouldBlock, "another process writes to it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between the two calls its writer may have finished it and given it its name.
        if is_at(&file, path)? {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match path.symlink_metadata() {
        Ok(there) if !there.is_file() => {
            Err(io::Error::new(ErrorKind::AlreadyExists, "it is no regular file"))
        }
        Ok(there) => Ok(own.dev() == there.dev() && own.ino() == there.ino()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) {
    // The next save overwrites it.
    std::fs::remove_file(path).ok();
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file that is forced onto the disk as it grows.
struct Synced<'f> {
    file: &'f File,
    unsynced: usize,
}

impl Write for Synced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::{Config, Deadline, NewValue, Policy};

    const NOW: Millis = Millis(1_700_000_000_000);

    fn store() -> Store {
        Store::new(&Config { shards: 1, max_bytes: 0, policy: Policy::NO_EVICTION, seed: 1 })
    }

    fn keyspace(items: u32) -> Keyspace {
        let store = store();
        for number in 0..items {
            let bytes = number.to_le_bytes();
            let key = store.key(&bytes);
            let value = NewValue::Bytes(b"value");
            store.lock_for(&key).set(&key, value, Deadline::None, NOW).unwrap();
        }
        Keyspace::new(store)
    }

    fn save(place: &Place, items: u32) -> Result<Saved, SaveError> {
        place.save(&keyspace(items), NOW, &Walk::default())
    }

    fn check(place: &Place, items: Option<u64>) {
        let loaded = place.load(&store(), NOW, |_| true).unwrap();
        assert_eq!(loaded.map(|loaded| loaded.items), items);
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), "items");
        check(&place, None);
        save(&place, 3).unwrap();
        check(&place, Some(3));
        // What a save left that was killed.
        fs::write(place.unfinished_path(), vec![7; 10_000]).unwrap();
        assert_eq!(save(&place, 4).unwrap().items, 4);
        check(&place, Some(4));
        let walk = Walk::default();
        walk.is_cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
        let error = place.save(&keyspace(5), NOW, &walk).unwrap_err().to_string();
        assert!(error.contains("items: a new one cannot be written"), "{error}");
        check(&place, Some(4));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nobody_else_writes_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), "items");
        let other = claim(&place.unfinished_path()).unwrap();
        let error = save(&place, 1).unwrap_err().to_string();
        assert!(error.contains("another process writes to it"), "{error}");
        drop(other);
        save(&place, 1).unwrap();
    }

    #[test]
    fn what_is_no_file_is_let_alone() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for name in ["link", "folder"] {
            let error = save(&Place::new(folder.path(), name), 1).unwrap_err().to_string();
            assert!(error.contains("it is no regular file"), "{error}");
            let unread = Place::new(folder.path(), name).load(&store(), NOW, |_| true);
            assert!(unread.is_err());
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(save(&Place::new(folder.path().join("missing"), "items"), 1).is_err());
    }
}
