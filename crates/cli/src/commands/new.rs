//! `plimsoll new`: a script to start from.

use std::{io::Write, path::Path};

use crate::{
    args::NewArgs,
    exit::{Exit, Failure},
};

const MINIMAL: &str = include_str!("../../templates/minimal.js");
const PROTOCOL: &str = include_str!("../../templates/protocol.js");

/// Writes the file; an existing one is kept unless `--force` is given.
pub(crate) fn new(args: &NewArgs) -> Result<(), Failure> {
    let text = template(&args.template)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(&args.file).map_err(|error| cannot_write(&args.file, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot_write(&args.file, &error))?;
    let line = format!("{} written; run it with: plimsoll run {0}\n", args.file.display());
    crate::terminal::print(&line)
}

fn template(name: &str) -> Result<String, Failure> {
    match name {
        "minimal" => Ok(MINIMAL.to_owned()),
        "protocol" => Ok(PROTOCOL.to_owned()),
        "browser" => {
            Err(Failure::new(Exit::Other, "--template browser: browser tests are not supported")
                .with_hint("choose minimal or protocol"))
        }
        path => std::fs::read_to_string(path).map_err(|error| {
            Failure::new(Exit::Other, format!("--template {path}: {error}"))
                .with_hint("choose minimal, protocol or the path of a file")
        }),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(Exit::Other, format!("cannot write {}: {error}", path.display()));
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return failure.with_hint("use --force to overwrite it");
    }
    failure
}
