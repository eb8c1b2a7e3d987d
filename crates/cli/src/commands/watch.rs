//! `plimsoll watch`: shows what is watched, or serves it to others.

mod columns;
mod json;
mod lines;
mod table;
#[cfg(test)]
mod tests;
mod things;

use std::{
    io::{self, ErrorKind, Write},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use plimsoll_metrics::{Observation, Registry, registry::SERIES_LIMIT};
use plimsoll_monitor::{
    Settings,
    agent::{self, AgentError, AgentSettings},
};
use plimsoll_runtime::{
    clock::Instant,
    log::{Level, Log},
    shutdown,
    tls::{Alpn, server::TlsAcceptor},
};

use crate::{
    Session,
    args::{AgentFlags, WatchArgs},
    exit::{Exit, Failure},
    keys::{self, Keys},
    see::token,
};
use json::Json;
use lines::Lines;
use table::Table;

/// Observations that wait to be shown; one too many is left out.
const OBSERVATIONS_LIMIT: usize = 64;

/// What is watched when nothing is named.
const THIS_HOST: &str = "host";

/// Of a file with a token, in bytes.
const TOKEN_FILE_LIMIT: usize = 64 << 10;

enum Message {
    Observed(Observation),
    /// By a signal or a key.
    End,
}

/// Shows or serves until a signal, the key q or the time given.
pub(crate) fn watch(args: &WatchArgs, session: &Session) -> Result<(), Failure> {
    let (sender, receiver) = sync_channel(OBSERVATIONS_LIMIT);
    let by_signal = sender.clone();
    let failed =
        |error: io::Error| Failure::new(Exit::Other, format!("listen for signals: {error}"));
    let signals = shutdown::listen().map_err(failed)?;
    signals
        .spawn(move |count, _| {
            // Nobody may be left who takes it: then the second signal ends the process.
            if by_signal.try_send(Message::End).is_err() || count > 1 {
                keys::restore();
                #[expect(clippy::exit, reason = "the way out when the main thread hangs")]
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        })
        .map_err(failed)?;
    let settings = settings(args)?;
    match args.agent.listen {
        Some(_) => serve(args, settings, session, &receiver),
        None => show(args, settings, session, sender, &receiver),
    }
}

fn settings(args: &WatchArgs) -> Result<Settings, Failure> {
    let mut what: Vec<&str> =
        args.what.iter().chain(&args.watched.watch).map(String::as_str).collect();
    what.insert(0, THIS_HOST);
    let mut settings = Settings::named(&what)?;
    args.watched.apply(&mut settings)?;
    settings.keep_samples = true;
    if let Some(name) = &args.name {
        settings.host = name.trim().to_owned();
        if settings.host.is_empty() {
            return Err(Failure::new(Exit::BadConfiguration, "--name is empty"));
        }
    }
    Ok(settings)
}

/// Starts an agent, says where, and waits for the end.
fn serve(
    args: &WatchArgs,
    settings: Settings,
    session: &Session,
    ended: &Receiver<Message>,
) -> Result<(), Failure> {
    let registry = Registry::new(SERIES_LIMIT);
    let agent = start_agent(&args.agent, &settings.host, &registry, session.log)?;
    let scheme = if args.agent.tls_cert.is_some() { "https" } else { "http" };
    let host = settings.host.clone();
    let monitor = start_monitor(settings, &registry, session.log, agent.sink())?;
    crate::terminal::print(&format!("watching {host} on {scheme}://{}\n", agent.address()))?;
    let end = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    // Nothing else is sent.
    while receive(ended, end).is_some_and(|message| !matches!(message, Message::End)) {}
    monitor.stop();
    Ok(())
}

fn start_agent(
    flags: &AgentFlags,
    host: &str,
    registry: &Registry,
    log: &Log,
) -> Result<agent::Agent, Failure> {
    let address = flags.listen.ok_or_else(|| Failure::new(Exit::Other, "--listen is needed"))?;
    let shown = match (&flags.token, &flags.token_file) {
        (_, Some(path)) => {
            let name = format!("--token-file {}", path.display());
            Some(token(&name, &read(path)?)?)
        }
        (Some(text), None) => Some(token("--token", text)?),
        (None, None) => None,
    };
    let tls = match (&flags.tls_cert, &flags.tls_key) {
        (Some(certificate), Some(key)) => {
            let acceptor = TlsAcceptor::new(&read(certificate)?, &read(key)?, Alpn::Http1);
            let bad = |error| Failure::new(Exit::BadConfiguration, format!("--tls-cert: {error}"));
            Some(acceptor.map_err(bad)?)
        }
        _ => None,
    };
    let settings = AgentSettings {
        address,
        token: shown,
        open_metrics: flags.open_metrics,
        tls,
        host: host.to_owned(),
    };
    agent::start(settings, registry, log).map_err(|error| match error {
        AgentError::NoToken(_) => Failure::new(Exit::BadConfiguration, error.to_string())
            .with_hint("give one with PLIMSOLL_TOKEN, --token-file FILE or --token TOKEN"),
        error => Failure::new(Exit::Other, error.to_string()),
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::BadConfiguration, format!("read {}: {error}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    if bytes.len() > TOKEN_FILE_LIMIT {
        return Err(failed(&format_args!("it has more than {TOKEN_FILE_LIMIT} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed(&"it is no text"))
}

/// Shows samples on standard output.
fn show(
    args: &WatchArgs,
    settings: Settings,
    session: &Session,
    sender: SyncSender<Message>,
    receiver: &Receiver<Message>,
) -> Result<(), Failure> {
    let registry = Registry::new(SERIES_LIMIT);
    let every = settings.every;
    let mut view = View::choose(args.json, &registry, every, session);
    // On a table a log line would be drawn over; it shows events itself.
    let log = match view {
        View::Table(_) => session.log.at_least(Level::Error),
        View::Lines(_) | View::Json(_) => session.log.clone(),
    };
    let by_key = sender.clone();
    let emit = move |observation| {
        // One that finds no room is left out: the next is as good.
        _ = sender.try_send(Message::Observed(observation));
    };
    let monitor = start_monitor(settings, &registry, &log, emit)?;
    let keys = match &view {
        View::Table(_) if session.terminal.stdin_is_tty => Keys::listen(move |key| {
            if key == b'q' {
                _ = by_key.try_send(Message::End);
            }
        })
        .ok(),
        _ => None,
    };
    let end = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut stdout = io::stdout().lock();
    let mut outcome = Ok(());
    while let Some(Message::Observed(observation)) = receive(receiver, end) {
        outcome = stdout.write_all(view.add(&observation).as_bytes()).and_then(|()| stdout.flush());
        if outcome.is_err() {
            break;
        }
    }
    drop(keys);
    monitor.stop();
    let outcome = outcome.and_then(|()| stdout.write_all(view.end().as_bytes()));
    match outcome {
        // `plimsoll watch | head`: the reader has what it wanted.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Other, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn start_monitor(
    settings: Settings,
    registry: &Registry,
    log: &Log,
    emit: impl FnMut(Observation) + Send + 'static,
) -> Result<plimsoll_monitor::Monitor, Failure> {
    plimsoll_monitor::start(settings, registry, log, emit)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))
}

/// `None` at the end of the time, or when nobody is left who sends.
fn receive(receiver: &Receiver<Message>, end: Option<Instant>) -> Option<Message> {
    match end {
        None => receiver.recv().ok(),
        Some(end) => receiver.recv_timeout(end.since(Instant::now())).ok(),
    }
}

/// How samples are shown.
enum View {
    Table(Table),
    Lines(Lines),
    Json(Json),
}

impl View {
    fn choose(json: bool, registry: &Registry, every: Duration, session: &Session) -> View {
        if json {
            View::Json(Json::new(registry.clone()))
        } else if session.terminal.stdout_is_tty {
            View::Table(Table::new(registry.clone(), every, session.terminal.color_on_stdout()))
        } else {
            View::Lines(Lines::new(registry.clone(), every))
        }
    }

    /// What is written for one more observation.
    fn add(&mut self, observation: &Observation) -> String {
        match self {
            View::Table(table) => table.add(observation),
            View::Lines(lines) => lines.add(observation),
            View::Json(json) => json.add(observation),
        }
    }

    fn end(&self) -> &'static str {
        match self {
            View::Table(_) => table::END,
            View::Lines(_) | View::Json(_) => "",
        }
    }
}
