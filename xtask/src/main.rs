//! Development commands, one per verb: `cargo xtask test | tidy | measure NAME | fuzz | tools`.

// A development command talks to the person who typed it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line of its own")]

mod command;
mod fuzz;
mod measure;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
Development commands of Plimsoll

Usage: cargo xtask <COMMAND>

Commands:
  test [FILTER]        Install or find what tests need, then run every check and test
  tidy                 Crate arrows, dependencies, file and function length, headers, words
  measure NAME         Measure beside the peers, in turn, and print ratios
                       (names: script, http, attack, watch, capacity, compare, cache)
                       [--rounds N] [--seconds N] [--only CASE,CASE]
  fuzz [SECONDS]       Run every fuzz target for so long each (1 s); see fuzz/README.md
  tools                Install or find the real programs that tests need, and print where

Examples:
  cargo xtask test
  cargo xtask measure script --rounds 3
  cargo xtask measure script --only get
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verb = arguments.first().map(String::as_str);
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match verb {
        Some("test") => test::run(rest),
        Some("tidy") => tidy::run(),
        Some("measure") => measure::run(rest),
        Some("fuzz") => fuzz::run(rest),
        Some("tools") => tools::report(),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
