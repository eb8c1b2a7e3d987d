//! `plimsoll`: load testing and capacity for services and distributed systems.
//!
//! This crate is the command line: flags as data ([`args`]), one file per verb ([`commands`]), and
//! the wiring between the script layer, the engine and the outputs.

mod args;
mod commands;
mod conditions;
mod conduct;
mod environment;
mod exit;
mod fetch;
mod inputs;
mod judge;
mod keys;
mod load;
mod outputs;
mod pages;
mod progress;
mod report;
mod see;
mod setup;
mod terminal;
mod validity;
mod wiring;

use std::process::ExitCode;

use clap::{
    CommandFactory, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use plimsoll_outputs::progress::Display;
use plimsoll_runtime::log::{Color, Format, Level, Log, LogConfig, Lost, Sink};

use crate::{
    args::{Cli, Command, GlobalFlags, dashboard_tip, parameter_tip, two_dashes},
    exit::{Exit, Failure},
    terminal::Terminal,
};

/// Many small objects per VU, freed by the thread that made them: what this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = two_dashes(std::env::args_os(), &Cli::command());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(mut error) => {
            let tip = dashboard_tip(&arguments).or_else(|| parameter_tip(&arguments, &error));
            if let Some(tip) = tip {
                let tip = ContextValue::StyledStrs(vec![tip.into()]);
                error.insert(ContextKind::Suggested, tip);
            }
            return usage(&error);
        }
    };
    let terminal = Terminal::detect(cli.global.no_color);
    let display = progress::display(terminal, stream(&cli.command), cli.global.quiet);
    let log = match log(&cli.global, terminal, &display) {
        Ok(log) => log,
        Err(failure) => {
            if let Ok(log) = Log::new(LogConfig::default()) {
                log.error(&failure.message);
            }
            return ExitCode::from(failure.exit.code());
        }
    };
    let session = Session { global: &cli.global, terminal, display, log: &log };
    let exit = match dispatch(&cli.command, &session) {
        Ok(exit) => exit,
        Err(failure) => {
            // The word behind the flag may have been taken for the script or the target.
            let hints = [failure.hint, dashboard_tip(&arguments)].into_iter().flatten();
            let hint = hints.collect::<Vec<_>>().join("; ");
            let hint = (!hint.is_empty()).then_some(("hint", hint.as_str()));
            log.write(Level::Error, &failure.message, hint.as_slice());
            failure.exit
        }
    };
    tell_lost_lines(&log, &cli.global.log_output);
    ExitCode::from(exit.code())
}

/// A log that could not be written (a full disk) says so at the end, where it still can.
fn tell_lost_lines(log: &Log, output: &str) {
    let Some(Lost { lines, error }) = log.lost().filter(|_| output != "stderr") else { return };
    if let Ok(log) = Log::new(LogConfig::default()) {
        let noun = if lines == 1 { "line" } else { "lines" };
        log.error(&format!("--log-output {output}: {lines} {noun} could not be written: {error}"));
    }
}

/// Where the progress of a verb goes. The results of an attack may have standard output to themselves.
fn stream(command: &Command) -> progress::Stream {
    match command {
        Command::Attack(_) | Command::Capacity(_) | Command::Scale(_) => progress::Stream::Stderr,
        _ => progress::Stream::Stdout,
    }
}

/// What every verb may need of its surroundings.
pub(crate) struct Session<'a> {
    pub(crate) global: &'a GlobalFlags,
    pub(crate) terminal: Terminal,
    /// Log lines go through it while bars are drawn.
    pub(crate) display: Display,
    pub(crate) log: &'a Log,
}

impl Session<'_> {
    /// Whether a person sits before the run who can see what keys do. Neither scripts nor targets are read
    /// from a terminal, so nobody else wants what is typed.
    pub(crate) fn takes_keys(&self) -> bool {
        self.terminal.stdin_is_tty && self.display.is_terminal()
    }
}

fn dispatch(command: &Command, session: &Session) -> Result<Exit, Failure> {
    commands::unsupported::global(session.global)?;
    let done = |()| Exit::Success;
    match command {
        Command::Run(args) => commands::run::run(args, session),
        Command::Attack(args) => commands::attack::attack(args, session),
        Command::Capacity(args) => commands::capacity::capacity(args, session),
        Command::Scale(args) => commands::scale::scale(args, session),
        Command::Report(args) => commands::results::report(args, session),
        Command::Watch(args) => commands::watch::watch(args, session).map(done),
        Command::Encode(args) => commands::results::encode(args, session),
        Command::Plot(args) => commands::results::plot(args, session),
        Command::Inspect(args) => commands::inspect::inspect(args, session).map(done),
        Command::Archive(args) => commands::archive::archive(args, session).map(done),
        Command::New(args) => commands::new::new(args).map(done),
        Command::Runs(args) => commands::runs::runs(args, session.log).map(done),
        Command::View(args) => commands::view::view(args, session).map(done),
        Command::Bench(args) => commands::bench::bench(args, session),
        Command::Compare(args) => commands::compare::run(args, session),
        Command::Demo(args) => commands::demo::demo(args, session),
        Command::Serve(args) => commands::serve::serve(args, session).map(done),
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
    let shown = match error.print() {
        // `plimsoll run --help | head`: the reader has what it wanted.
        Err(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
        Ok(()) => true,
    };
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked && shown { ExitCode::SUCCESS } else { ExitCode::from(Exit::Other.code()) }
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

fn log(global: &GlobalFlags, terminal: Terminal, display: &Display) -> Result<Log, Failure> {
    let bad = |flag: &str, value: &str, hint: &str| {
        Failure::new(Exit::Other, format!("{flag} {value}: not supported; {hint}"))
    };
    let drawn_over = terminal.stderr_is_tty && display.is_terminal();
    let sink = match global.log_output.as_str() {
        "stderr" if drawn_over => {
            Sink::Writer(Box::new(display.log_writer(Box::new(std::io::stderr()))))
        }
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
    let color = match terminal.color_allowed {
        false => Color::Never,
        true if drawn_over => Color::Always,
        true => Color::Auto,
    };
    let level = if global.verbose { Level::Debug } else { Level::Info };
    Log::new(LogConfig { format, sink, level, color }).map_err(|error| {
        Failure::new(Exit::Other, format!("--log-output {}: {error}", global.log_output))
    })
}
