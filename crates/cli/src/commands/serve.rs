//! `plimsoll serve`: a system to practise on, in a process of its own.

mod cache;
pub(crate) mod child;

use std::{
    io::{Read, Write},
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use plimsoll_runtime::{
    shutdown::{self, Signals},
    workers,
};
use plimsoll_samples::{
    budget::{self, Budget, BudgetError, DiskRate, Entered, Throttled},
    noop::{self, NoopConfig},
    web::{self, Acceptance, Disk, Identity, Limits, Pool, WebConfig},
};

use crate::{
    Session,
    args::{LimitFlags, Own, ServeArgs, System},
    exit::{Exit, Failure},
};

/// Prints the address on one line, then serves until a signal or the time given.
pub(crate) fn serve(args: &ServeArgs, session: &Session<'_>) -> Result<(), Failure> {
    if let Some(Own::Cache(args)) = &args.own {
        return cache::serve(args, session);
    }
    match args.system {
        Some(System::Noop) => serve_noop(args),
        // The parser demands one.
        Some(System::Web) | None => serve_web(args),
    }
}

fn serve_noop(args: &ServeArgs) -> Result<(), Failure> {
    let limits = &args.limits;
    if args.tls.is_some()
        || args.postgres.is_some()
        || limits.pool.is_some()
        || limits.lock
        || limits.bandwidth.is_some()
        || limits.disk.is_some()
        || limits.backlog.is_some()
        || limits.accept_pause.is_some()
    {
        let message = "noop has no pool, lock, link, disk, queue or database, and speaks TLS to whoever begins with it";
        return Err(Failure::new(Exit::BadConfiguration, message));
    }
    if let Err(error) = shutdown::raise_fd_limit() {
        return Err(failed("raise the limit of open files", &error));
    }
    let signals = shutdown::listen().map_err(|error| failed("listen for signals", &error))?;
    let _budget = enter_budget(limits)?;
    let addr = SocketAddr::new(args.host, args.port);
    let config = NoopConfig { addr, threads: threads(args), body_bytes: args.body_bytes };
    let server =
        noop::start(&config).map_err(|error| failed(&format!("listen on {addr}"), &error))?;
    crate::terminal::print(&format!("serving noop on http://{}\n", server.local_addr()))?;
    until_ended(signals, args.seconds, args.until_stdin_closes)
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Other, format!("{what}: {error}"))
}

fn serve_web(args: &ServeArgs) -> Result<(), Failure> {
    let tls = match &args.tls {
        Some(path) => Some(certificate(path)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let addr = SocketAddr::new(args.host, args.port);
    let config = WebConfig {
        addr,
        tls,
        h2: true,
        threads: threads(args),
        limits: limits(&args.limits)?,
        acceptance: Acceptance {
            backlog: args.limits.backlog,
            pause: args.limits.accept_pause.unwrap_or_default(),
        },
        database: args.postgres.clone(),
    };
    if let Err(error) = shutdown::raise_fd_limit() {
        return Err(failed("raise the limit of open files", &error));
    }
    // Before the cgroup is made: a signal must not end the process while there is one.
    let signals = shutdown::listen().map_err(|error| failed("listen for signals", &error))?;
    // Before the threads are started, and dropped after they have ended.
    let budget = enter_budget(&args.limits)?;
    // The file is there by now: making it takes more than that.
    let throttled = enter_disk_rate(&args.limits)?;
    let server =
        web::start(&config).map_err(|error| failed(&format!("listen on {addr}"), &error))?;
    if let Some(budget) = &budget {
        let (quota, period) = budget.quota();
        tell(&format!("cpu budget: {quota:?} of every {period:?}, in cgroup:{}", budget.path()));
    }
    if let (Some(throttled), Some(rate)) = (&throttled, args.limits.disk_rate) {
        let (rate, device) = (rate.bytes_per_second(), throttled.device());
        tell(&format!("disk rate: {rate} bytes/s to {device}, in cgroup:{}", throttled.path()));
    }
    crate::terminal::print(&format!("serving web on {scheme}://{}\n", server.local_addr()))?;
    until_ended(signals, args.seconds, args.until_stdin_closes)
}

/// A signal, the time given, or the end of standard input where that counts.
fn until_ended(
    signals: Signals,
    seconds: Option<u64>,
    until_stdin_closes: bool,
) -> Result<(), Failure> {
    let (end, ended) = mpsc::sync_channel(1);
    let by_signal = end.clone();
    signals
        // A full channel says the same already.
        .spawn(move |_, _| _ = by_signal.try_send(()))
        .map_err(|error| failed("listen for signals", &error))?;
    if until_stdin_closes {
        thread::spawn(move || {
            let mut rest = Vec::new();
            // Whatever comes, and however it ends: then the parent is gone.
            _ = std::io::stdin().read_to_end(&mut rest);
            _ = end.try_send(());
        });
    }
    match seconds {
        Some(seconds) => _ = ended.recv_timeout(Duration::from_secs(seconds)),
        None => _ = ended.recv(),
    }
    Ok(())
}

/// More threads than the budget has cores would take each other's quota in turn.
fn threads(args: &ServeArgs) -> usize {
    let cores = workers::cores();
    let budget = args.limits.cpu_budget.map_or(cores, |budget| budget.ceil() as usize);
    args.threads.map_or(cores.min(budget).max(1), usize::from)
}

fn limits(flags: &LimitFlags) -> Result<Limits, Failure> {
    let pool = flags.pool.map(|size| Pool { size, queue: flags.pool_queue });
    let disk = flags.disk.as_deref().map(|folder| {
        let made = Disk::make(folder).map(Arc::new);
        made.map_err(|error| failed(&format!("--disk {}", folder.display()), &error))
    });
    let disk = disk.transpose()?;
    Ok(Limits { pool, lock: flags.lock, bandwidth: flags.bandwidth, disk })
}

fn enter_budget(flags: &LimitFlags) -> Result<Option<Entered>, Failure> {
    let Some(cores) = flags.cpu_budget else { return Ok(None) };
    let entered = budget::enter(Budget { cores, period: flags.cpu_period });
    entered.map(Some).map_err(|error| refused("--cpu-budget", error))
}

fn enter_disk_rate(flags: &LimitFlags) -> Result<Option<Throttled>, Failure> {
    let (Some(folder), Some(rate)) = (&flags.disk, flags.disk_rate) else { return Ok(None) };
    let rate = DiskRate { folder: folder.clone(), bytes_per_second: rate.bytes_per_second() };
    rate.enter().map(Some).map_err(|error| refused("--disk-rate", error))
}

fn refused(flag: &str, error: BudgetError) -> Failure {
    let failure = Failure::new(Exit::Other, format!("{flag}: {error}"));
    match error.hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// On standard error: who starts the service reads the address from standard output.
fn tell(line: &str) {
    // Whether somebody reads it does not matter to the service.
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).ok();
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
