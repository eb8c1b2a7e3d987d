//! `plimsoll view`: the page of past runs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use plimsoll_outputs::{
    record::Runs,
    view::live::{self, Address, Opened, Server},
};
use plimsoll_runtime::{
    clock::Instant,
    log::{Level, Log},
    shutdown,
};

use crate::{
    Session,
    args::ViewArgs,
    exit::{Exit, Failure},
    terminal,
};

/// Runs of one page. Beyond that nobody tells their colors apart, and each has its memory.
const RUNS_MAX: usize = 12;

/// The word for the newest run.
const LATEST: &str = "latest";

/// Programs that open a page in the browser that a person has chosen; the first that is there does.
const OPENERS: [&str; 3] = ["xdg-open", "open", "wslview"];

/// Reads the records and serves their page until Ctrl-C.
pub(crate) fn view(args: &ViewArgs, session: &Session) -> Result<(), Failure> {
    let log = session.log;
    let began = Instant::now();
    let opened = open_all(&args.runs, log)?;
    let address = args.listen.map_or(Address::Default, Address::Given);
    let signals = shutdown::listen()
        .map_err(|error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}")))?;
    let server = live::show(address, opened, log)
        .map_err(|error| Failure::new(Exit::Other, error.message))?;
    let noun = if args.runs.len() == 1 { "run" } else { "runs" };
    terminal::print(&format!(
        "{} {noun} on {} after {:.2} s; Ctrl-C ends\n",
        args.runs.len(),
        server.url(),
        began.elapsed().as_secs_f64()
    ))?;
    tell_public(&server, log);
    if args.open {
        open_in_browser(&server.url(), log);
    }
    signals
        .wait()
        .map_err(|error| Failure::new(Exit::Other, format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(())
}

/// Reads the records of runs as a person names them: the newest when none is named.
pub(super) fn open_all(runs: &[String], log: &Log) -> Result<Vec<Opened>, Failure> {
    if runs.len() > RUNS_MAX {
        let message = format!("{} runs are more than {RUNS_MAX}, the limit", runs.len());
        return Err(Failure::new(Exit::Other, message));
    }
    let latest = [LATEST.to_owned()];
    let mut opened: Vec<Opened> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for run in if runs.is_empty() { &latest } else { runs } {
        let path = find(run)?;
        let id = id(&path, &ids);
        opened.push(open(&path, &id, log)?);
        ids.push(id);
    }
    Ok(opened)
}

fn open(path: &Path, id: &str, log: &Log) -> Result<Opened, Failure> {
    let opened = live::open(path, id)
        .map_err(|error| Failure::new(Exit::Other, format!("{}: {error}", path.display())))?;
    if let Some(trouble) = opened.trouble() {
        log.warn(&format!("{}: {trouble}", path.display()));
    }
    Ok(opened)
}

/// Nothing in the page asks for a password.
fn tell_public(server: &Server, log: &Log) {
    if server.is_public() {
        let address = server.address();
        log.warn(&format!("whoever can reach {address} can see the page"));
    }
}

/// The record's file name without its ending; with a number when there is another of that name.
fn id(path: &Path, taken: &[String]) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split(".plimsoll").next().unwrap_or(&name);
    let mut id = stem.to_owned();
    for number in 2.. {
        if !taken.contains(&id) {
            break;
        }
        id = format!("{stem}#{number}");
    }
    id
}

/// The record that a person means: the newest, a file, or the newest run of that name.
pub(super) fn find(run: &str) -> Result<PathBuf, Failure> {
    let file = Path::new(run);
    let is_file = run != LATEST && file.is_file();
    if is_file && live::is_record(file) {
        return Ok(file.to_owned());
    }
    let runs = Runs::of_user(|name| std::env::var_os(name));
    let found = runs.as_ref().map(|runs| match run {
        LATEST => runs.newest(|_, _| true),
        // A script's name, perhaps of a file that is here.
        name => runs.newest(|path, header| is_called(name, path, &header.script)),
    });
    match found.transpose() {
        Err(error) => {
            Err(Failure::new(Exit::Other, format!("cannot list the records of runs: {error}")))
        }
        Ok(Some(Some(path))) => Ok(path),
        // Opening it says what is wrong with it.
        Ok(_) if is_file => Ok(file.to_owned()),
        Ok(_) => Err(not_found(run)),
    }
}

/// Whether a run of `script` with its record at `path` is what `name` means.
fn is_called(name: &str, path: &Path, script: &str) -> bool {
    let base = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = file.unwrap_or_default();
    let rest = file.strip_prefix(name);
    script == name
        || (!name.contains('/') && base(script) == name)
        || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".plimsoll"))
}

fn not_found(run: &str) -> Failure {
    if run == LATEST {
        return Failure::new(Exit::Other, "no runs recorded yet")
            .with_hint("every run leaves a record: plimsoll run script.js");
    }
    Failure::new(Exit::Other, format!("no run record {run}, and no run is called so"))
        .with_hint("see plimsoll runs")
}

/// The page stays where it is when this does not work.
fn open_in_browser(url: &str, log: &Log) {
    let starts = |opener: &&str| {
        let mut command = Command::new(opener);
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().is_ok()
    };
    if !OPENERS.iter().any(starts) {
        let hint = ("hint", "open the address above yourself");
        log.write(Level::Warning, "no program was found that opens a browser", &[hint]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_called_by_script_or_file() {
        let check = |name: &str, expected: bool| {
            let path = Path::new("/runs/20261121T112004Z-checkout.plimsoll");
            assert_eq!(is_called(name, path, "tests/checkout.js"), expected, "{name}");
        };
        check("checkout.js", true);
        check("tests/checkout.js", true);
        check("20261121T112004Z-checkout", true);
        check("20261121T112004Z-checkout.plimsoll", true);
        check("20261121T112004Z", false);
        check("other/checkout.js", false);
        check("", false);
    }

    #[test]
    fn ids_differ() {
        let path = Path::new("/runs/a.plimsoll.partial");
        assert_eq!(id(path, &[]), "a");
        assert_eq!(id(path, &["a".to_owned(), "a#2".to_owned()]), "a#3");
    }
}
