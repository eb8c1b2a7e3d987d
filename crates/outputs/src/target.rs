//! Where an output's bytes go: a file, a compressed file, or standard output.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};

/// What the part of `--out` behind `=` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Stdout,
    /// Compressed when its name ends in `.gz`.
    File(PathBuf),
}

/// An open target.
pub(crate) enum Sink {
    Plain(Box<dyn Write + Send>),
    Gzip(Box<GzEncoder<Box<dyn Write + Send>>>),
}

impl Target {
    /// Nothing and `-` are standard output.
    pub fn parse(argument: Option<&str>) -> Target {
        match argument {
            None | Some("" | "-") => Target::Stdout,
            Some(path) => Target::File(path.into()),
        }
    }

    /// Opens it; a file that exists is emptied.
    pub(crate) fn open(&self) -> io::Result<Sink> {
        let Target::File(path) = self else {
            return Ok(Sink::Plain(Box::new(io::stdout())));
        };
        let file: Box<dyn Write + Send> = Box::new(File::create(path)?);
        let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
        Ok(if is_gzip {
            Sink::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
        } else {
            Sink::Plain(file)
        })
    }

    /// For messages: the file's name, or `stdout`.
    pub(crate) fn name(&self) -> String {
        match self {
            Target::Stdout => "stdout".to_owned(),
            Target::File(path) => path.display().to_string(),
        }
    }
}

impl Sink {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Plain(writer) => writer.write_all(bytes),
            Sink::Gzip(writer) => writer.write_all(bytes),
        }
    }

    /// Brings plain bytes to whoever follows the file; compressed ones would only grow by it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(writer) => writer.flush(),
            Sink::Gzip(_) => Ok(()),
        }
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(writer) => writer.flush(),
            Sink::Gzip(writer) => {
                writer.try_finish()?;
                writer.get_mut().flush()
            }
        }
    }
}
