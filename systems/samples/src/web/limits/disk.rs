//! A file that requests write to and sync, as in a service that must not lose what it was told.
//!
//! The writes go over one file again and again, which has all its blocks from the start: no more than
//! the data itself has to reach the disk. They happen on threads of their own, so that waiting for the disk
//! holds up nothing else.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use plimsoll_runtime::clock::Instant;
use tokio::{sync::Semaphore, task};

use super::{QUEUE_MAX, gate::Full, waits::Waits};

/// Most that one request writes.
pub(in crate::web) const WRITE_BYTES_MAX: usize = 1 << 20;

/// How long the file is.
const FILE_BYTES: u64 = 16 << 20;

/// Writes begin at multiples of it, since the kernel writes whole pages.
const PAGE_BYTES: u64 = 4 << 10;

/// Writes at a time: enough for the disk to have the next one when one is done.
const WRITERS: usize = 4;

/// A file on the disk. It has no name, so it is gone with the process, however that ends.
pub struct Disk {
    file: File,
    /// What is written; pieces of it.
    text: Box<[u8]>,
    /// Pages that were written.
    pages: AtomicU64,
    turns: Semaphore,
    pub(super) waits: Waits,
    writes: AtomicU64,
    bytes: AtomicU64,
    nanos: AtomicU64,
}

/// Why nothing was written.
#[derive(Debug)]
pub(in crate::web) enum WriteError {
    /// As many wait already as may.
    Full,
    Io(io::Error),
}

impl From<Full> for WriteError {
    fn from(_: Full) -> WriteError {
        WriteError::Full
    }
}

impl Disk {
    /// Makes the file in `folder` and writes all of it once.
    ///
    /// # Errors
    /// When the folder is not there, may not be written, or has no room.
    pub fn make(folder: &Path) -> io::Result<Disk> {
        let path = folder.join(format!(".plimsoll-disk-{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        let text = vec![b'x'; WRITE_BYTES_MAX].into_boxed_slice();
        for _ in 0..FILE_BYTES / WRITE_BYTES_MAX as u64 {
            file.write_all(&text)?;
        }
        file.sync_all()?;
        Ok(Disk {
            file,
            text,
            pages: AtomicU64::new(0),
            turns: Semaphore::new(WRITERS),
            waits: Waits::default(),
            writes: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
        })
    }

    /// Writes that many bytes, [`WRITE_BYTES_MAX`] at most, and waits until the disk has them. What has begun
    /// goes on when the future is dropped.
    pub(in crate::web) async fn write(self: &Arc<Self>, bytes: usize) -> Result<(), WriteError> {
        let came = Instant::now();
        let waiting = self.waits.begin(QUEUE_MAX).ok_or(Full)?;
        // It is never closed.
        let turn = self.turns.acquire().await.map_err(|_| Full)?;
        drop(waiting);
        self.waits.add(came.elapsed());
        let disk = Arc::clone(self);
        let written = task::spawn_blocking(move || disk.write_now(bytes)).await;
        drop(turn);
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(WriteError::Io)
    }

    fn write_now(&self, bytes: usize) -> io::Result<()> {
        let text = self.text.get(..bytes).unwrap_or(&self.text);
        let pages = (text.len() as u64).div_ceil(PAGE_BYTES);
        let all = FILE_BYTES / PAGE_BYTES;
        let first = self.pages.fetch_add(pages, Relaxed) % all;
        // What would stand over the end begins at the start.
        let first = if first + pages > all { 0 } else { first };
        let began = Instant::now();
        self.file.write_all_at(text, first * PAGE_BYTES)?;
        self.file.sync_data()?;
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.writes.fetch_add(1, Relaxed);
        self.bytes.fetch_add(text.len() as u64, Relaxed);
        self.nanos.fetch_add(nanos, Relaxed);
        Ok(())
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Over all writes, from the call until the disk had it.
    pub(super) fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Disk").field("file", &self.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_stay_within_a_file_without_a_name() {
        let folder = std::env::temp_dir().join(format!("plimsoll-disk-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let disk = Arc::new(Disk::make(&folder).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        for bytes in [1, 4096, 5000, WRITE_BYTES_MAX, WRITE_BYTES_MAX + 1] {
            disk.write(bytes).await.unwrap();
        }
        // Once around.
        for _ in 0..FILE_BYTES / WRITE_BYTES_MAX as u64 {
            disk.write(WRITE_BYTES_MAX).await.unwrap();
        }
        assert_eq!(disk.file.metadata().unwrap().len(), FILE_BYTES);
        assert_eq!((disk.writes(), disk.waits.count(), disk.waits.waiting()), (21, 21, 0));
        assert_eq!(disk.bytes(), 1 + 4096 + 5000 + 18 * WRITE_BYTES_MAX as u64);
        assert!(disk.time() > Duration::ZERO);
        fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there() {
        let error = Disk::make(Path::new("/no/such/folder")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
