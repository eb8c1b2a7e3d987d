//! Small files that are written while the server serves: on a thread of their own, as the disk may take its
//! time, and one at a time.

use std::{
    io,
    sync::{
        Mutex, TryLockError,
        mpsc::{self, Receiver, TryRecvError},
    },
    thread::{Builder, JoinHandle},
};

use crate::serve::locked;

/// Of one server.
#[derive(Debug, Default)]
pub(crate) struct FileWriter {
    at_work: Mutex<Option<JoinHandle<()>>>,
}

/// What becomes of a file that is being written.
#[derive(Debug)]
pub(crate) struct Written(Receiver<io::Result<()>>);

impl Written {
    /// `None` while it is at work. To be asked no more after it has answered.
    pub(crate) fn outcome(&self) -> Option<io::Result<()>> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(Err(io::Error::other("it has failed by a fault of this program")))
            }
        }
    }
}

impl FileWriter {
    /// Begins to write a file; `None` while another one is being written. It goes on to the end though nobody
    /// waits for it any more.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn start(
        &self,
        write: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Option<Written>> {
        let mut at_work = match self.at_work.try_lock() {
            Ok(at_work) => at_work,
            Err(TryLockError::Poisoned(at_work)) => at_work.into_inner(),
            // By `write_here`, for as long as the disk takes.
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        if at_work.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(None);
        }
        let (told, written) = mpsc::sync_channel(1);
        let run = move || {
            told.send(write()).ok();
        };
        *at_work = Some(Builder::new().name("cache-files".to_owned()).spawn(run)?);
        Ok(Some(Written(written)))
    }

    /// Writes a file on the thread that asks, behind the one that is being written.
    ///
    /// # Errors
    /// What came of it.
    pub(crate) fn write_here(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        // Until the end: two that write the same file would write the same new one.
        let mut at_work = locked(&self.at_work);
        join(at_work.take());
        write()
    }

    /// Waits for the file that is being written, if any.
    pub(crate) fn finish(&self) {
        join(locked(&self.at_work).take());
    }
}

fn join(thread: Option<JoinHandle<()>>) {
    if let Some(thread) = thread {
        // Whoever waits for it has been told of a panic.
        thread.join().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_at_a_time() {
        let writer = FileWriter::default();
        let (go, wait) = mpsc::sync_channel::<()>(1);
        let first = writer.start(move || {
            wait.recv().ok();
            Err(io::Error::other("full"))
        });
        let first = first.unwrap().unwrap();
        assert!(writer.start(|| Ok(())).unwrap().is_none());
        assert!(first.outcome().is_none());
        drop(go);
        writer.finish();
        assert_eq!(first.outcome().unwrap().unwrap_err().to_string(), "full");
        let second = writer.start(|| Ok(())).unwrap().unwrap();
        writer.finish();
        assert!(second.outcome().unwrap().is_ok());
    }

    #[test]
    fn who_writes_here_waits_for_the_other() {
        let writer = FileWriter::default();
        let (go, wait) = mpsc::sync_channel::<()>(1);
        let (told, order) = mpsc::sync_channel(2);
        let second = told.clone();
        let first = writer.start(move || {
            wait.recv().ok();
            told.send(1).ok();
            Ok(())
        });
        drop(go);
        let written = writer.write_here(|| {
            assert!(writer.start(|| Ok(())).unwrap().is_none(), "two at a time");
            second.send(2).ok();
            Err(io::Error::other("full"))
        });
        assert_eq!(written.unwrap_err().to_string(), "full");
        assert_eq!(order.try_iter().collect::<Vec<i32>>(), [1, 2]);
        assert!(first.unwrap().unwrap().outcome().unwrap().is_ok());
        assert!(writer.start(|| Ok(())).unwrap().is_some());
        writer.finish();
    }

    #[test]
    fn a_panic_is_an_error() {
        let writer = FileWriter::default();
        let written = writer.start(|| panic!("on purpose")).unwrap().unwrap();
        writer.finish();
        assert!(written.outcome().unwrap().is_err());
    }
}
