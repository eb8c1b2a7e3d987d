//! Progress on standard error: lines in a pipe, one line that changes and lines that stay on a terminal.

use std::{
    io::{StderrLock, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use plimsoll_outputs::progress::Size;

use crate::Session;

/// Where the progress goes.
#[derive(Clone)]
pub(in crate::commands) struct Screen {
    is_quiet: bool,
    can_draw: bool,
    /// Whether the last line is one that changes.
    is_drawn: Arc<AtomicBool>,
}

impl Screen {
    pub(in crate::commands) fn new(session: &Session) -> Screen {
        let terminal = session.terminal;
        Screen {
            is_quiet: session.global.quiet,
            can_draw: terminal.stderr_is_tty && terminal.can_draw,
            is_drawn: Arc::default(),
        }
    }

    /// Says something that stays.
    pub(in crate::commands) fn line(&self, text: &str) {
        if !self.is_quiet {
            self.write(|stderr| writeln!(stderr, "{text}"));
        }
    }

    /// Shows something until the next line or update; only on a terminal.
    pub(in crate::commands) fn update(&self, text: &str) {
        if self.is_quiet || !self.can_draw {
            return;
        }
        let width = Size::detect().unwrap_or(Size::DEFAULT).columns.saturating_sub(1);
        let text: String = text.chars().take(width).collect();
        self.write(|stderr| write!(stderr, "{text}"));
        self.is_drawn.store(true, Relaxed);
    }

    /// Takes away what changes.
    pub(in crate::commands) fn clear(&self) {
        self.write(|_| Ok(()));
    }

    /// A terminal that has gone is nobody's error.
    fn write(&self, text: impl FnOnce(&mut StderrLock) -> std::io::Result<()>) {
        let mut stderr = std::io::stderr().lock();
        let cleared = match self.is_drawn.swap(false, Relaxed) {
            true => write!(stderr, "\r\x1b[K"),
            false => Ok(()),
        };
        drop(cleared.and_then(|()| text(&mut stderr)).and_then(|()| stderr.flush()));
    }
}
