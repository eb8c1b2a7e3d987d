//! Keys that a person presses while a run is shown.
//!
//! The terminal hands over single keys without showing them, and is put back on every way out: at the
//! end, on an error, and by [`restore`] before the process exits at once. Ctrl-C stays a signal.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::termios::{
        LocalFlags, SetArg,
        SpecialCharacterIndices::{VMIN, VTIME},
        Termios, tcgetattr, tcsetattr,
    },
    unistd::{getpgrp, pipe2, read, tcgetpgrp},
};

/// Between two looks whether the terminal is still ours and as we want it: after Ctrl-Z and `fg` it is
/// not. In milliseconds.
const LOOK_EVERY: u16 = 500;

/// Keys that are read at once; of a text that is pasted the rest follows.
const KEYS_LIMIT: usize = 64;

/// The terminal as it was before it was changed.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Keys are read as long as this lives.
pub(crate) struct Keys {
    /// Its end is what the thread waits for.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Keys {
    /// Calls `on_key` for each, on a thread of its own. Standard input must be a terminal that nobody
    /// else reads.
    ///
    /// # Errors
    /// When no descriptor or thread is left.
    pub(crate) fn listen(on_key: impl FnMut(u8) + Send + 'static) -> io::Result<Keys> {
        let (stopped, stop) = pipe2(OFlag::O_CLOEXEC)?;
        let thread = Builder::new().name("keys".into()).spawn(move || {
            // Standard input that cannot be read has no keys; the run goes on without them.
            follow(&stopped, on_key).ok();
            restore();
        })?;
        Ok(Keys { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            restore();
        }
    }
}

/// Puts the terminal back as it was.
pub(crate) fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    // One that is in the hands of another program by now (a shell) is none of our business.
    if let Some(before) = before.filter(|_| is_ours()) {
        tcsetattr(io::stdin(), SetArg::TCSANOW, &before).ok();
    }
}

/// Whether we may read from the terminal and change it: a process in the background that does is stopped.
fn is_ours() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

/// Until `stopped` is closed or the terminal is gone.
fn follow(stopped: &OwnedFd, mut on_key: impl FnMut(u8)) -> nix::Result<()> {
    let stdin = io::stdin();
    let mut keys = [0; KEYS_LIMIT];
    loop {
        let ours = is_ours();
        if ours {
            take_single_keys()?;
        }
        let wanted = if ours { PollFlags::POLLIN } else { PollFlags::empty() };
        let mut fds =
            [PollFd::new(stopped.as_fd(), PollFlags::POLLIN), PollFd::new(stdin.as_fd(), wanted)];
        match poll(&mut fds, PollTimeout::from(LOOK_EVERY)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
        let [end, input] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if !end.is_empty() {
            return Ok(());
        }
        if input.contains(PollFlags::POLLIN) {
            match read(&stdin, &mut keys) {
                Ok(0) => return Ok(()),
                Ok(count) => keys.iter().take(count).copied().for_each(&mut on_key),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        } else if input.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
            return Ok(());
        }
    }
}

/// Keys come one by one and are not shown; nothing is done when that is so already.
fn take_single_keys() -> nix::Result<()> {
    let lines_and_echo = LocalFlags::ICANON | LocalFlags::ECHO;
    let now = tcgetattr(io::stdin())?;
    if !now.local_flags.intersects(lines_and_echo) {
        return Ok(());
    }
    let mut wanted = now.clone();
    wanted.local_flags.remove(lines_and_echo);
    for (index, value) in [(VMIN, 1), (VTIME, 0)] {
        if let Some(character) = wanted.control_chars.get_mut(index as usize) {
            *character = value;
        }
    }
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
    tcsetattr(io::stdin(), SetArg::TCSANOW, &wanted)
}
