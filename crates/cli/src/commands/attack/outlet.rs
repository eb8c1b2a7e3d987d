//! Where results and report go: results to a file, or to standard output when it is no terminal;
//! the report to the other of standard output and standard error.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::Arc,
};

use plimsoll_attack::{
    report::Tally,
    results::binary::{End, Start},
    writer::{Queue, Writer},
};
use plimsoll_engine::{
    control::{Control, StopReason},
    runner::{RunError, RunErrorKind},
};

use super::load::Load;
use crate::{
    Session,
    args::ResultFlags,
    exit::{Exit, Failure},
    terminal,
};

/// The open ends of an attack.
pub(super) struct Outlet {
    writer: Option<Writer>,
    start: Start,
    report: ReportTo,
}

/// Where the report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReportTo {
    Stdout,
    Stderr,
}

impl Outlet {
    /// Opens the file of the results, and ends the attack in order when it cannot be written.
    pub(super) fn open(
        flags: &ResultFlags,
        load: &Load,
        session: &Session,
        control: &Arc<Control>,
    ) -> Result<Outlet, Failure> {
        let start = load.start(&flags.name);
        let name = flags.output.as_deref();
        let (out, report): (Option<Box<dyn Write + Send>>, _) = match name {
            Some("-" | "stdout") => (Some(stdout()?), ReportTo::Stderr),
            Some(file) => {
                let opened = File::create(file).map_err(|error| {
                    Failure::new(Exit::Other, format!("-output {file}: {error}"))
                        .with_hint("name a file in a folder that exists")
                })?;
                (Some(Box::new(opened)), ReportTo::Stdout)
            }
            None if session.terminal.stdout_is_tty => (None, ReportTo::Stdout),
            None => (Some(stdout()?), ReportTo::Stderr),
        };
        let writer = out.map(|out| {
            let control = Arc::clone(control);
            let name = name.unwrap_or("standard output").to_owned();
            Writer::start(out, &start, move |error| {
                let message = format!("cannot write the results to {name}: {error}");
                let error = RunError { kind: RunErrorKind::Other, message, hint: None };
                control.drain(StopReason::Error(error));
            })
        });
        let failed = |error| Failure::new(Exit::Other, format!("start a thread: {error}"));
        Ok(Outlet { writer: writer.transpose().map_err(failed)?, start, report })
    }

    /// For the workers, when results are wanted.
    pub(super) fn queue(&self) -> Option<Queue> {
        self.writer.as_ref().map(Writer::queue)
    }

    pub(super) fn started_unix_ns(&self) -> u64 {
        self.start.started_unix_ns
    }

    /// Writes the end of the results, adds it to `tally`, and tells where the report goes.
    pub(super) fn finish(self, mut end: End, tally: &mut Tally) -> ReportTo {
        if let Some(writer) = self.writer {
            // The error, if any, has ended the run and is told as its end.
            (end.lost, _) = writer.finish(end.clone());
        }
        tally.start(&self.start);
        tally.end(&end);
        self.report
    }
}

impl ReportTo {
    pub(super) fn print(self, text: &str) -> Result<(), Failure> {
        match self {
            ReportTo::Stdout => terminal::print(text),
            ReportTo::Stderr => match io::stderr().write_all(text.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::new(Exit::Other, format!("cannot write the report: {error}")))
                }
                _ => Ok(()),
            },
        }
    }
}

/// Standard output without the buffer that ends at line breaks.
fn stdout() -> Result<Box<dyn Write + Send>, Failure> {
    let owned = io::stdout().as_fd().try_clone_to_owned();
    let failed = |error| Failure::new(Exit::Other, format!("cannot use standard output: {error}"));
    Ok(Box::new(File::from(owned.map_err(failed)?)))
}
