//! `plimsoll serve cache`.

use std::net::SocketAddr;

use plimsoll_cache::serve::{self, Config, StartError};
use plimsoll_runtime::{shutdown, workers};

use super::{failed, until_ended};
use crate::{
    args::CacheArgs,
    exit::{Exit, Failure},
};

/// Prints the address on one line, then serves until a signal or the time given.
pub(super) fn serve(args: &CacheArgs) -> Result<(), Failure> {
    if let Err(error) = shutdown::raise_fd_limit() {
        return Err(failed("raise the limit of open files", &error));
    }
    let signals = shutdown::listen().map_err(|error| failed("listen for signals", &error))?;
    let server = serve::start(&config(args)).map_err(|error| refused(args, error))?;
    crate::terminal::print(&format!("serving cache on redis://{}\n", server.local_addr()))?;
    until_ended(signals, args.seconds, args.until_stdin_closes)
    // The server is dropped here: clients get the replies they wait for.
}

fn config(args: &CacheArgs) -> Config {
    let mut config = Config::new(SocketAddr::new(args.host, args.port));
    config.threads = args.threads.map_or_else(workers::cores, usize::from);
    config.is_open_to_all = args.open;
    let mut set = |name: &str, value: String| config.parameters.push((name.to_owned(), value));
    set("maxmemory", args.maxmemory.clone());
    for (name, value) in [
        ("maxmemory-policy", args.policy.clone()),
        ("requirepass", args.requirepass.clone()),
        ("maxclients", args.maxclients.map(|count| count.to_string())),
    ] {
        if let Some(value) = value {
            set(name, value);
        }
    }
    for (name, value) in &args.parameters {
        set(name, value.clone());
    }
    config
}

fn refused(args: &CacheArgs, error: StartError) -> Failure {
    match error {
        StartError::Unprotected(_) => Failure::new(Exit::BadConfiguration, error.to_string())
            .with_hint("give --requirepass PASSWORD, or --open to serve everybody"),
        StartError::Parameter(_) => Failure::new(Exit::BadConfiguration, error.to_string()),
        StartError::Io(error) => {
            failed(&format!("listen on {}", SocketAddr::new(args.host, args.port)), &error)
        }
    }
}
