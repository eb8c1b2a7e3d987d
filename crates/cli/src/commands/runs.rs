//! `plimsoll runs`: records of past runs.

use plimsoll_outputs::record::{self, Runs};
use plimsoll_runtime::log::Log;

use crate::{
    args::RunsArgs,
    exit::{Exit, Failure},
    terminal,
};

/// Lists them, the newest first. A record that makes no sense is warned of, and no failure unless
/// there is no other.
pub(crate) fn runs(args: &RunsArgs, log: &Log) -> Result<(), Failure> {
    let runs = Runs::of_user(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::new(Exit::Other, "no place for run records is known")
            .with_hint("set HOME or XDG_STATE_HOME")
    })?;
    let listed = runs.list().map_err(|error| {
        let directory = runs.directory().display();
        Failure::new(Exit::Other, format!("cannot list the records in {directory}: {error}"))
    })?;
    let unreadable = record::unreadable(&listed);
    unreadable.iter().for_each(|message| log.warn(message));
    terminal::print(&match args.json {
        true => format!("{:#}\n", record::json(&listed)),
        false => record::table(&listed),
    })?;
    if unreadable.is_empty() || unreadable.len() < listed.len() {
        return Ok(());
    }
    let message = format!("none of the records in {} can be read", runs.directory().display());
    Err(Failure::new(Exit::Other, message))
}
