//! `plimsoll serve cache`.

use std::{
    io::Read as _,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    thread,
    time::Duration,
};

use plimsoll_cache_server::{
    persist::{LoadError, UnreadableFile},
    serve::{self, Config, StartError},
};
use plimsoll_runtime::{
    shutdown::{self, Signal, Signals},
    supervisor::{self, State},
    workers,
};

use super::failed;
use crate::{
    Session,
    args::CacheArgs,
    environment::process_environment,
    exit::{Exit, Failure},
};

/// Names the file of parameters, where no flag does.
const FILE_VARIABLE: &str = "PLIMSOLL_CACHE_CONFIG";

/// Prints the address on one line, then serves until a signal, SHUTDOWN or the time given.
pub(super) fn serve(args: &CacheArgs, session: &Session<'_>) -> Result<(), Failure> {
    if let Err(error) = shutdown::raise_fd_limit() {
        return Err(failed("raise the limit of open files", &error));
    }
    let signals =
        shutdown::listen_as_server().map_err(|error| failed("listen for signals", &error))?;
    let server = serve::start(&config(args, session)).map_err(refused)?;
    crate::terminal::print(&format!("serving cache on {}\n", server.urls().join(" and ")))?;
    end_by_signal(signals, server.ender())?;
    tell_supervisor(State::Ready, session);
    if args.until_stdin_closes {
        let ender = server.ender();
        thread::spawn(move || {
            let mut rest = Vec::new();
            // Whatever comes, and however it ends: then the parent is gone.
            _ = std::io::stdin().read_to_end(&mut rest);
            ender.end("standard input was closed");
        });
    }
    server.wait(args.seconds.map(Duration::from_secs));
    tell_supervisor(State::Stopping, session);
    // Clients get the replies they wait for; then items are saved, if they are to be.
    server
        .stop()
        .map_err(|error| Failure::new(Exit::Other, format!("items were not saved: {error}")))
}

/// The service goes on, whether it is told or not.
fn tell_supervisor(state: State, session: &Session<'_>) {
    if let Err(error) = supervisor::tell(state) {
        session.log.warn(&format!("tell the supervisor ($NOTIFY_SOCKET): {error}"));
    }
}

/// The first signal lets clients have their replies, the second does not wait for them.
fn end_by_signal(signals: Signals, ender: serve::Ender) -> Result<(), Failure> {
    let on_signal = move |count, signal: Signal| {
        if count == 1 {
            ender.end(signal.as_str());
        } else if is_impatient(signal) {
            #[expect(
                clippy::exit,
                reason = "asked twice, while clients may not take their replies"
            )]
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    };
    signals.spawn(on_signal).map_err(|error| failed("listen for signals", &error))?;
    Ok(())
}

/// Whether a signal that is not the first comes from somebody who will not wait. A closed terminal tells twice: the
/// kernel does, and the shell, to which it does so too; and a session that is ended tells it behind SIGTERM.
fn is_impatient(signal: Signal) -> bool {
    signal != Signal::SIGHUP
}

fn config(args: &CacheArgs, session: &Session<'_>) -> Config {
    let environment = process_environment();
    let k6_file = environment.get("K6_CONFIG").map(PathBuf::from);
    // The flag is that of scripts too, whose variable means another file.
    let file = session.global.config.clone().filter(|file| Some(file) != k6_file.as_ref());
    let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.threads = workers::cores();
    config.file = file.or_else(|| environment.get(FILE_VARIABLE).map(PathBuf::from));
    config.environment =
        environment.into_iter().filter(|(name, _)| name != FILE_VARIABLE).collect();
    config.parameters = args.parameters();
    config.log = Some(session.log.clone());
    config
}

fn refused(error: StartError) -> Failure {
    match error {
        StartError::Unprotected(_) => Failure::new(Exit::BadConfiguration, error.to_string())
            .with_hint("give --requirepass PASSWORD, or --open to serve everybody"),
        StartError::Load(UnreadableFile { error: LoadError::Cancelled, .. }) => {
            Failure::new(Exit::Interrupted, error.to_string())
        }
        StartError::Io(error) => Failure::new(Exit::Other, error.to_string()),
        error => Failure::new(Exit::BadConfiguration, error.to_string()),
    }
}
