//! `plimsoll report --html` and `--md`: run records as a page, or as text for a pull request.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
};

use plimsoll_outputs::{
    report_page::{self, Format},
    view::RunView,
};

use super::output;
use crate::{
    Session,
    args::ReportArgs,
    commands::view,
    exit::{Exit, Failure},
};

/// Reads the records and writes their report.
pub(super) fn page(args: &ReportArgs, format: Format, session: &Session) -> Result<Exit, Failure> {
    let to_terminal = args.output.is_none() && session.terminal.stdout_is_tty;
    if to_terminal && format == Format::Html {
        return Err(Failure::new(Exit::Other, "a page of HTML is not for a terminal")
            .with_hint("plimsoll report --html RUN > report.html, or --output report.html"));
    }
    let names: Vec<String> =
        args.files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    if names.iter().any(|name| name == "-") {
        return Err(Failure::new(Exit::Other, "a run record cannot come through a pipe")
            .with_hint("name its file, or a run as `plimsoll runs` lists it"));
    }
    // Before the file is made: a run that is not there should leave none.
    let opened = view::open_all(&names, session.log)?;
    let views: Vec<&RunView> = opened.iter().map(|opened| opened.view()).collect();
    write(format, &views, output::create(args.output.as_deref())?)?;
    Ok(Exit::Success)
}

/// A reader that has gone is ignored, any other error is not.
fn write(format: Format, runs: &[&RunView], output: Option<(String, File)>) -> Result<(), Failure> {
    let (name, out): (String, Box<dyn Write>) = match output {
        Some((name, file)) => (name, Box::new(file)),
        None => ("standard output".to_owned(), Box::new(io::stdout())),
    };
    let mut out = BufWriter::new(out);
    match report_page::write(format, runs, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Other, format!("cannot write {name}: {error}")))
        }
        _ => Ok(()),
    }
}
