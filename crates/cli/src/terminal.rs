//! Standard output and what is known of the terminal. A closed pipe is nobody's error.

use std::io::{ErrorKind, IsTerminal, Write};

use crate::exit::{Exit, Failure};

/// Writes to standard output; a reader that has gone is ignored, any other error is not.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Other, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// What decides about colors and bars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) stdin_is_tty: bool,
    pub(crate) stdout_is_tty: bool,
    pub(crate) stderr_is_tty: bool,
    /// Whether lines can be drawn over.
    pub(crate) can_draw: bool,
    /// Neither `--no-color` nor `NO_COLOR`.
    pub(crate) color_allowed: bool,
}

impl Terminal {
    pub(crate) fn detect(no_color: bool) -> Terminal {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Terminal {
            stdin_is_tty: std::io::stdin().is_terminal(),
            stdout_is_tty: std::io::stdout().is_terminal(),
            stderr_is_tty: std::io::stderr().is_terminal(),
            can_draw: std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            color_allowed: !no_color && !refused,
        }
    }

    pub(crate) fn color_on_stdout(self) -> bool {
        self.color_allowed && self.stdout_is_tty
    }
}
