//! Targets that are read while the attack runs (`-lazy`), by a thread of their own.

use std::{
    io,
    sync::{Arc, Mutex as Lock, PoisonError},
};

use tokio::sync::{Mutex, mpsc};

use super::{Reader, Target, TargetError};

/// Targets read ahead of the attack.
const AHEAD_LIMIT: usize = 4096;

/// The workers' end of the queue: whoever asks first gets the next target.
#[derive(Clone)]
pub struct Stream {
    /// Numbered from 0.
    queue: Arc<Mutex<mpsc::Receiver<(u64, Target)>>>,
    error: Arc<Lock<Option<TargetError>>>,
}

impl Stream {
    /// Starts reading.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(mut reader: Box<dyn Reader>) -> io::Result<Stream> {
        let (sender, receiver) = mpsc::channel(AHEAD_LIMIT);
        let error = Arc::new(Lock::new(None));
        let failed = Arc::clone(&error);
        // It ends with the text or with the attack; one that waits for more text ends with the
        // process, since nothing else can end its wait.
        let read = move || {
            for number in 0.. {
                match reader.next() {
                    Ok(Some(target)) => {
                        if sender.blocking_send((number, target)).is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new().name("targets".into()).spawn(read)?;
        Ok(Stream { queue: Arc::new(Mutex::new(receiver)), error })
    }

    /// The next target and its number, as soon as it is read; `None` when there are no more.
    pub(crate) async fn next(&self) -> Option<(u64, Target)> {
        self.queue.lock().await.recv().await
    }

    /// Why the targets ended before the text did.
    pub fn error(&self) -> Option<TargetError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
