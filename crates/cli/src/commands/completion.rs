//! `plimsoll completion SHELL`.

use clap::CommandFactory;

use crate::{
    args::{Cli, CompletionArgs},
    exit::Failure,
};

/// Prints the script.
pub(crate) fn completion(args: &CompletionArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plimsoll", &mut script);
    crate::terminal::print(&String::from_utf8_lossy(&script))
}
