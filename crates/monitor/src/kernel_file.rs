//! Files of the kernel that are read again and again: kept open, into one buffer.

use std::{borrow::Cow, cell::Cell, fs::File, io, os::unix::fs::FileExt, path::PathBuf};

use nix::sys::resource::{Resource, getrlimit};

/// Bytes taken of one file; what lies behind is not read.
const FILE_LIMIT: usize = 1 << 20;

/// What a buffer begins with: enough for all but a few files.
const BUFFER_BYTES: usize = 4 << 10;

/// Files kept open at most by one monitor. Further ones are opened for each reading, which costs
/// three times as much.
const KEPT_LIMIT: usize = 2_048;

/// Of the descriptors that this process may have, the share that kept files may take from connections.
const KEPT_SHARE: usize = 8;

thread_local! {
    static KEPT: Cell<usize> = const { Cell::new(0) };
    static LIMIT: usize = getrlimit(Resource::RLIMIT_NOFILE)
        .map_or(0, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX) / KEPT_SHARE)
        .min(KEPT_LIMIT);
}

/// One file. A file of a process stays that of this process: when its number goes to another, reading
/// fails with "no such process".
#[derive(Debug)]
pub(crate) struct KernelFile {
    path: PathBuf,
    kept: Option<Kept>,
}

impl KernelFile {
    pub(crate) fn new(path: impl Into<PathBuf>) -> KernelFile {
        KernelFile { path: path.into(), kept: None }
    }

    /// Its text now.
    ///
    /// # Errors
    /// When it cannot be opened or read; the next call opens it anew.
    pub(crate) fn read<'b>(&mut self, buffer: &'b mut Buffer) -> io::Result<Cow<'b, str>> {
        let outcome = match &self.kept {
            Some(kept) => buffer.fill(&kept.0),
            None => {
                let file = File::open(&self.path)?;
                let outcome = buffer.fill(&file);
                if outcome.is_ok() {
                    self.kept = Kept::new(file);
                }
                outcome
            }
        };
        match outcome {
            Ok(length) => Ok(buffer.text(length)),
            Err(error) => {
                self.kept = None;
                Err(error)
            }
        }
    }
}

/// An open file, counted.
#[derive(Debug)]
struct Kept(File);

impl Kept {
    /// `None` when there are enough.
    fn new(file: File) -> Option<Kept> {
        let count = KEPT.get();
        if count >= LIMIT.with(|limit| *limit) {
            return None;
        }
        KEPT.set(count + 1);
        Some(Kept(file))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.set(KEPT.get().saturating_sub(1));
    }
}

/// Where texts are read into; grows to the largest.
#[derive(Debug)]
pub(crate) struct Buffer(Vec<u8>);

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer(vec![0; BUFFER_BYTES])
    }
}

impl Buffer {
    /// The whole file from its start. Such files come in pieces, each as large as the kernel likes, so
    /// only an empty piece is the end.
    fn fill(&mut self, file: &File) -> io::Result<usize> {
        let mut length = 0;
        loop {
            if length == self.0.len() {
                if length >= FILE_LIMIT {
                    return Ok(length);
                }
                self.0.resize(length * 2, 0);
            }
            let Some(free) = self.0.get_mut(length..) else { return Ok(length) };
            match file.read_at(free, length as u64) {
                Ok(0) => return Ok(length),
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Names of processes need not be UTF-8: what is not is replaced.
    fn text(&self, length: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.get(..length).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Whether the file's process is gone. One that ends between open and read gives "no such process"
    /// instead of "no such file".
    fn is_gone(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(nix::errno::Errno::ESRCH as i32)
    }

    #[test]
    fn a_file_is_read_whole_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stat");
        let (mut buffer, mut file) = (Buffer::default(), KernelFile::new(&path));
        assert!(is_gone(&file.read(&mut buffer).unwrap_err()));
        for text in ["short", &"long ".repeat(5_000), ""] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(file.read(&mut buffer).unwrap(), text);
        }
    }

    #[test]
    fn a_file_too_large_is_cut() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b'x'; FILE_LIMIT + 10]).unwrap();
        let mut buffer = Buffer::default();
        let read = KernelFile::new(file.path()).read(&mut buffer).unwrap().len();
        assert_eq!(read, FILE_LIMIT);
    }

    #[test]
    fn files_of_a_process_that_is_gone() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut file = KernelFile::new(format!("/proc/{}/stat", child.id()));
        let mut buffer = Buffer::default();
        assert!(file.read(&mut buffer).unwrap().contains("(cat)"));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(is_gone(&file.read(&mut buffer).unwrap_err()));
    }
}
