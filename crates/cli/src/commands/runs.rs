//! `plimsoll runs`: records of past runs.

use plimsoll_outputs::record::{self, Runs};

use crate::{
    args::RunsArgs,
    exit::{Exit, Failure},
    terminal,
};

/// Lists them, the newest first.
pub(crate) fn runs(args: &RunsArgs) -> Result<(), Failure> {
    let runs = Runs::of_user(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::new(Exit::Other, "no place for run records is known")
            .with_hint("set HOME or XDG_STATE_HOME")
    })?;
    let listed = runs.list().map_err(|error| {
        let directory = runs.directory().display();
        Failure::new(Exit::Other, format!("cannot list the records in {directory}: {error}"))
    })?;
    if args.json {
        return terminal::print(&format!("{:#}\n", record::json(&listed)));
    }
    terminal::print(&record::table(&listed))
}
