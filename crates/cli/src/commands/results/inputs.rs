//! The inputs that both verbs read: files or standard input, each in its own format.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use plimsoll_attack::results::{Damage, OpenError, Opened, Source, open};
use plimsoll_runtime::{log::Log, shutdown};

use crate::exit::{Exit, Failure};

/// Damages of one input that are told one by one.
const DAMAGES_TOLD: u64 = 5;

/// An open stream of hits, with its name.
pub(super) type Stream = (String, Box<dyn Source + Send>);

/// Open inputs.
#[derive(Default)]
pub(super) struct Inputs {
    pub(super) streams: Vec<Stream>,
    /// Run records.
    pub(super) records: Vec<PathBuf>,
}

/// Opens `files`, or standard input without any; `wrap` may put something between. Blocks until the
/// formats are known.
pub(super) fn open_all(
    files: &[PathBuf],
    wrap: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::default();
    let stdin = [PathBuf::from("-")];
    for path in if files.is_empty() { &stdin[..] } else { files } {
        let (name, bytes) = bytes(path)?;
        match open(wrap(bytes)) {
            Ok(Opened::Results(_, source)) => inputs.streams.push((name, source)),
            Ok(Opened::Record) if is_stdin(path) => {
                return Err(Failure::new(Exit::Other, "a run record cannot come through a pipe")
                    .with_hint("name its file"));
            }
            Ok(Opened::Record) => inputs.records.push(path.clone()),
            Err(OpenError::Io(error)) => return Err(unreadable(&name, &error)),
            Err(error @ OpenError::Unknown) => {
                return Err(Failure::new(Exit::Other, format!("{name}: {error}"))
                    .with_hint("make results with `plimsoll attack -output=FILE`"));
            }
        }
    }
    Ok(inputs)
}

/// As [`open_all`], for verbs that need single requests: a run record has none.
pub(super) fn open_streams(
    files: &[PathBuf],
    wrap: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
) -> Result<Vec<Stream>, Failure> {
    let inputs = open_all(files, wrap)?;
    let Some(record) = inputs.records.first() else { return Ok(inputs.streams) };
    let message = format!("{}: a run record has no single requests", record.display());
    Err(Failure::new(Exit::Other, message)
        .with_hint("see it with `plimsoll report`; `attack -output=FILE` keeps requests"))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("stdin")
}

fn bytes(path: &Path) -> Result<(String, Box<dyn Read + Send>), Failure> {
    if !is_stdin(path) {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        return Ok((name, Box::new(file)));
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::new(Exit::Other, "no results: standard input is a terminal")
            .with_hint("name a file, or use it in a pipe: plimsoll attack ... | plimsoll report"));
    }
    Ok(("standard input".to_owned(), Box::new(stdin)))
}

pub(super) fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Other, format!("cannot read {name}: {error}"))
}

/// Tells what of an input was not used, the first few damages one by one.
#[derive(Debug, Default)]
pub(super) struct Damages {
    count: u64,
    skipped: u64,
}

impl Damages {
    pub(super) fn tell(&mut self, name: &str, damage: &Damage, log: &Log) {
        self.count += 1;
        self.skipped += damage.skipped;
        if self.count <= DAMAGES_TOLD {
            log.warn(&format!("{name}: {damage}"));
        }
    }

    /// Tells how much there was in all.
    pub(super) fn finish(&self, name: &str, log: &Log) {
        if self.count > DAMAGES_TOLD {
            let Damages { count, skipped } = self;
            log.warn(&format!("{name}: {count} places are damaged, {skipped} bytes are not used"));
        }
    }
}

/// In a pipe, Ctrl-C reaches every program at once: the first one is left to the program that sends,
/// whose end ends the input. The second ends this program, after `last_words`.
pub(super) fn outlive_first_signal(last_words: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let failed = |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
    let listen = shutdown::listen().map_err(failed)?;
    let on_signal = move |count, _| {
        if count >= 2 {
            last_words();
            #[expect(clippy::exit, reason = "the person asked twice, and the input may never end")]
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    };
    listen.spawn(on_signal).map_err(failed)?;
    Ok(())
}
