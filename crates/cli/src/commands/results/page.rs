//! `plimsoll report --html` and `--md`: run records as a page, or as text for a pull request.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
};

use plimsoll_outputs::{
    report_page::{self, Format},
    search,
    view::RunView,
};

use super::output;
use crate::{
    Session,
    args::ReportArgs,
    commands::{capacity, view},
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
    if let Some(path) = args.files.iter().find(|path| capacity::is_search(path)) {
        if args.files.len() > 1 {
            let message = format!("{} is a stored search: name it alone", path.display());
            return Err(Failure::new(Exit::Other, message));
        }
        let search = capacity::retell(path)?.search;
        let output = output::create(args.output.as_deref())?;
        written(output, |out| search::write(format, &search, out))?;
        return Ok(Exit::Success);
    }
    // Before the file is made: a run that is not there should leave none.
    let opened = view::open_all(&names, session.log)?;
    let views: Vec<&RunView> = opened.iter().map(|opened| opened.view()).collect();
    let output = output::create(args.output.as_deref())?;
    written(output, |out| report_page::write(format, &views, out))?;
    Ok(Exit::Success)
}

/// A reader that has gone is ignored, any other error is not.
fn written(
    output: Option<(String, File)>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let (name, out): (String, Box<dyn Write>) = match output {
        Some((name, file)) => (name, Box::new(file)),
        None => ("standard output".to_owned(), Box::new(io::stdout())),
    };
    let mut out = BufWriter::new(out);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Other, format!("cannot write {name}: {error}")))
        }
        _ => Ok(()),
    }
}
