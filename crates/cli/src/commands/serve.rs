//! `plimsoll serve web`: a system to practise on, in a process of its own.

use std::{io::Read, net::SocketAddr, sync::mpsc, thread, time::Duration};

use plimsoll_runtime::{shutdown, workers};
use plimsoll_samples::web::{self, Identity, WebConfig};

use crate::{
    args::{ServeArgs, System},
    exit::{Exit, Failure},
};

/// Prints the address on one line, then serves until a signal or the time given.
pub(crate) fn serve(args: &ServeArgs) -> Result<(), Failure> {
    match args.system {
        System::Web => serve_web(args),
    }
}

fn serve_web(args: &ServeArgs) -> Result<(), Failure> {
    let failed =
        |what: &str, error: &std::io::Error| Failure::new(Exit::Other, format!("{what}: {error}"));
    let tls = match &args.tls {
        Some(path) => Some(certificate(path)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let addr = SocketAddr::new(args.host, args.port);
    let config = WebConfig { addr, tls, h2: true, threads: workers::cores() };
    if let Err(error) = shutdown::raise_fd_limit() {
        return Err(failed("raise the limit of open files", &error));
    }
    let signals = shutdown::listen().map_err(|error| failed("listen for signals", &error))?;
    let server =
        web::start(&config).map_err(|error| failed(&format!("listen on {addr}"), &error))?;
    crate::terminal::print(&format!("serving web on {scheme}://{}\n", server.local_addr()))?;

    let (end, ended) = mpsc::sync_channel(1);
    let by_signal = end.clone();
    signals
        // A full channel says the same already.
        .spawn(move |_, _| _ = by_signal.try_send(()))
        .map_err(|error| failed("listen for signals", &error))?;
    if args.until_stdin_closes {
        thread::spawn(move || {
            let mut rest = Vec::new();
            // Whatever comes, and however it ends: then the parent is gone.
            _ = std::io::stdin().read_to_end(&mut rest);
            _ = end.try_send(());
        });
    }
    match args.seconds {
        Some(seconds) => _ = ended.recv_timeout(Duration::from_secs(seconds)),
        None => _ = ended.recv(),
    }
    Ok(())
}

fn certificate(path: &str) -> Result<Identity, Failure> {
    let identity = Identity::self_signed()
        .map_err(|error| Failure::new(Exit::Other, format!("make a certificate: {error}")))?;
    if !path.is_empty() {
        std::fs::write(path, &identity.certificate_pem)
            .map_err(|error| Failure::new(Exit::Other, format!("write {path}: {error}")))?;
    }
    Ok(identity)
}
