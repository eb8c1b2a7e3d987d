//! Ctrl-C and SIGTERM as a stream, and the limits of the process.

use std::{
    io,
    os::fd::{AsFd, IntoRawFd, OwnedFd},
    sync::atomic::{AtomicI32, AtomicU32, Ordering},
    thread::{Builder, JoinHandle},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction},
    },
};
use tokio::net::unix::pipe::Receiver;

pub use nix::sys::signal::Signal;

/// The signals that ask any program to end.
const SIGNALS: &[Signal] = &[Signal::SIGINT, Signal::SIGTERM];
/// Those that ask a server to end: also that its terminal is gone.
const SERVER_SIGNALS: &[Signal] = &[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Where the handler writes; -1 before [`listen`].
static WRITER: AtomicI32 = AtomicI32::new(-1);

/// Signals that came since [`listen`] was called first.
static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// How often the program was asked to end so far, whoever takes the signals themselves. 0 unless
/// [`listen`] was called.
pub fn requests() -> u32 {
    REQUESTS.load(Ordering::SeqCst)
}

/// Requests to end, in the order in which they came. The first usually means "end gracefully", the
/// second "at once".
pub struct Signals {
    reader: OwnedFd,
}

/// From now on SIGINT and SIGTERM do not end the process but arrive at the returned value. May be
/// called before or after threads were started. When called again, the newest value gets them.
///
/// # Errors
/// When no descriptor is left.
pub fn listen() -> io::Result<Signals> {
    listen_to(SIGNALS)
}

/// As [`listen`], for a server, which has something to put in order when its terminal goes: also SIGHUP,
/// unless who started the process has it ignored (`nohup`).
///
/// # Errors
/// As [`listen`].
pub fn listen_as_server() -> io::Result<Signals> {
    listen_to(SERVER_SIGNALS)
}

fn listen_to(signals: &[Signal]) -> io::Result<Signals> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    set_nonblocking(&writer)?;
    // The handler may run at any moment from now on, so its end stays open for good.
    WRITER.store(writer.into_raw_fd(), Ordering::SeqCst);
    let action =
        SigAction::new(SigHandler::Handler(on_signal), SaFlags::SA_RESTART, SigSet::empty());
    for &signal in signals {
        let before = install(signal, &action)?;
        if signal == Signal::SIGHUP && matches!(before.handler(), SigHandler::SigIgn) {
            install(signal, &before)?;
        }
    }
    Ok(Signals { reader })
}

/// What was there before.
fn install(signal: Signal, action: &SigAction) -> nix::Result<SigAction> {
    #[expect(unsafe_code, reason = "installing a signal handler")]
    // SAFETY: the handler is our own, which only does what is allowed in one (see there), or what was
    // there before it.
    unsafe {
        sigaction(signal, action)
    }
}

/// Only async-signal-safe operations: on atomics, and `write`, with errno put back.
extern "C" fn on_signal(signal: libc::c_int) {
    let errno = Errno::last();
    REQUESTS.fetch_add(1, Ordering::SeqCst);
    let byte = signal as u8;
    #[expect(unsafe_code, reason = "a signal handler may only use the raw call")]
    // SAFETY: the pointer is valid for one byte; a descriptor of -1 gives an error, nothing else.
    unsafe {
        libc::write(WRITER.load(Ordering::SeqCst), (&raw const byte).cast(), 1);
    }
    errno.set();
}

impl Signals {
    /// Blocks the calling thread until a signal comes.
    ///
    /// # Errors
    /// When the pipe cannot be read, which no known condition causes.
    pub fn wait(&self) -> io::Result<Signal> {
        loop {
            let mut byte = [0];
            match nix::unistd::read(&self.reader, &mut byte) {
                Ok(_) => return decode(byte),
                Err(Errno::EINTR) => {}
                // After a use of `next` the pipe does not block.
                Err(Errno::EAGAIN) => {
                    let mut fds = [PollFd::new(self.reader.as_fd(), PollFlags::POLLIN)];
                    match poll(&mut fds, PollTimeout::NONE) {
                        Ok(_) | Err(Errno::EINTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Completes when a signal comes. Needs a tokio runtime; nothing is lost when dropped.
    ///
    /// # Errors
    /// When the runtime cannot watch the pipe.
    pub async fn next(&self) -> io::Result<Signal> {
        let reader = Receiver::from_owned_fd(self.reader.try_clone()?)?;
        loop {
            reader.readable().await?;
            let mut byte = [0];
            match reader.try_read(&mut byte) {
                Ok(_) => return decode(byte),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Calls `on_signal(count, signal)` for each, counted from 1, on a thread of its own that lasts
    /// as long as the process.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn spawn(
        self,
        mut on_signal: impl FnMut(u32, Signal) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        Builder::new().name("signals".into()).spawn(move || {
            let mut count = 0_u32;
            while let Ok(signal) = self.wait() {
                count = count.saturating_add(1);
                on_signal(count, signal);
            }
        })
    }
}

fn decode([byte]: [u8; 1]) -> io::Result<Signal> {
    Ok(Signal::try_from(i32::from(byte))?)
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Raises the soft limit of open descriptors to the hard one and returns it. Thousands of VUs hold
/// a socket each, while the soft limit is often 1,024.
///
/// # Errors
/// When the kernel refuses; the limit is then as it was.
pub fn raise_fd_limit() -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::raise;

    use super::*;

    /// One test: handlers belong to the whole process.
    #[test]
    fn signals_arrive_in_order_whoever_waits() {
        let signals = listen().unwrap();
        raise(Signal::SIGINT).unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(signals.wait().unwrap(), Signal::SIGINT);
        assert_eq!(signals.wait().unwrap(), Signal::SIGTERM);
        let (first, second) = crate::workers::block_on(async {
            raise(Signal::SIGTERM).unwrap();
            let first = signals.next().await.unwrap();
            let raiser = tokio::task::spawn_local(async { raise(Signal::SIGINT).unwrap() });
            let second = signals.next().await.unwrap();
            raiser.await.unwrap();
            (first, second)
        })
        .unwrap();
        assert_eq!((first, second), (Signal::SIGTERM, Signal::SIGINT));
        // Waiting blocks also after the pipe was made non-blocking.
        let (sender, receiver) = std::sync::mpsc::sync_channel(4);
        drop(signals.spawn(move |count, signal| sender.send((count, signal)).unwrap()).unwrap());
        raise(Signal::SIGINT).unwrap();
        assert_eq!(receiver.recv().unwrap(), (1, Signal::SIGINT));
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(receiver.recv().unwrap(), (2, Signal::SIGTERM));
        assert_eq!(requests(), 6);
        a_server_hears_that_its_terminal_is_gone();
    }

    fn a_server_hears_that_its_terminal_is_gone() {
        let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
        // Not what was there: who runs the tests may have it ignored.
        let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        install(Signal::SIGHUP, &ignored).unwrap();
        let signals = listen_as_server().unwrap();
        raise(Signal::SIGHUP).unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(signals.wait().unwrap(), Signal::SIGTERM);
        install(Signal::SIGHUP, &usual).unwrap();
        let signals = listen_as_server().unwrap();
        raise(Signal::SIGHUP).unwrap();
        assert_eq!(signals.wait().unwrap(), Signal::SIGHUP);
    }

    #[test]
    fn the_descriptor_limit_reaches_its_maximum() {
        let limit = raise_fd_limit().unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (limit, limit));
    }
}
