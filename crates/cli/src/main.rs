//! `plimsoll`: load testing and capacity for services and distributed systems.
//!
//! This crate is the command line: flags as data ([`args`]), one file per verb ([`commands`]), and
//! the wiring between the script layer, the engine and the outputs.

mod args;
mod commands;
mod exit;
mod fetch;
mod load;
mod outputs;
mod report;
mod terminal;
mod validity;
mod wiring;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use plimsoll_runtime::log::{Color, Format, Level, Log, LogConfig, Sink};

use crate::{
    args::{Cli, Command, GlobalFlags},
    exit::{Exit, Failure},
    terminal::Terminal,
};

/// Many small objects per VU, freed by the thread that made them: what this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let log = match log(&cli.global) {
        Ok(log) => log,
        Err(failure) => {
            if let Ok(log) = Log::new(LogConfig::default()) {
                log.error(&failure.message);
            }
            return ExitCode::from(failure.exit.code());
        }
    };
    match dispatch(&cli, &log) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            let hint = failure.hint.as_deref().map(|hint| ("hint", hint));
            log.write(Level::Error, &failure.message, hint.as_slice());
            ExitCode::from(failure.exit.code())
        }
    }
}

fn dispatch(cli: &Cli, log: &Log) -> Result<Exit, Failure> {
    let global = &cli.global;
    commands::unsupported::global(global)?;
    let done = |()| Exit::Success;
    match &cli.command {
        Command::Run(args) => commands::run::run(args, global, log),
        Command::Inspect(args) => commands::inspect::inspect(args, global, log).map(done),
        Command::Archive(args) => commands::archive::archive(args, global, log).map(done),
        Command::New(args) => commands::new::new(args).map(done),
        Command::Runs(args) => commands::runs::runs(args).map(done),
        Command::Demo(args) => commands::demo::demo(args, global, log),
        Command::Serve(args) => commands::serve::serve(args).map(done),
        Command::Completion(args) => commands::completion::completion(args).map(done),
        Command::Version => {
            terminal::print(concat!("plimsoll ", env!("CARGO_PKG_VERSION"), "\n")).map(done)
        }
        Command::Help(args) => help(args.command.as_deref()).map(done),
        Command::Unknown(words) => Err(commands::unsupported::verb(words)),
    }
}

/// Help and the version go to standard output; wrong flags are errors with k6's exit code for them.
fn usage(error: &clap::Error) -> ExitCode {
    let shown = error.print();
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked && shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Other.code()) }
}

fn help(command: Option<&str>) -> Result<(), Failure> {
    let mut cli = Cli::command();
    cli.build();
    let shown = match command {
        None => &mut cli,
        Some(name) => cli.find_subcommand_mut(name).ok_or_else(|| {
            Failure::new(Exit::Other, format!("unknown command \"{name}\" for \"plimsoll\""))
                .with_hint("see plimsoll --help")
        })?,
    };
    terminal::print(&shown.render_long_help().to_string())
}

fn log(global: &GlobalFlags) -> Result<Log, Failure> {
    let bad = |flag: &str, value: &str, hint: &str| {
        Failure::new(Exit::Other, format!("{flag} {value}: not supported; {hint}"))
    };
    let sink = match global.log_output.as_str() {
        "stderr" => Sink::Stderr,
        "stdout" => Sink::Stdout,
        "none" => Sink::None,
        other => match other.strip_prefix("file=") {
            Some(path) => Sink::File(path.into()),
            None => {
                return Err(bad("--log-output", other, "use stderr, stdout, none or file=PATH"));
            }
        },
    };
    let format = match global.log_format.as_str() {
        "" | "text" => Format::Text,
        "json" => Format::Json,
        "raw" => Format::Raw,
        other => return Err(bad("--log-format", other, "use text, json or raw")),
    };
    let color =
        if Terminal::detect(global.no_color).color_allowed { Color::Auto } else { Color::Never };
    let level = if global.verbose { Level::Debug } else { Level::Info };
    Log::new(LogConfig { format, sink, level, color })
        .map_err(|error| bad("--log-output", &global.log_output, &error.to_string()))
}
