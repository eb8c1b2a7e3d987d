//! The same load against a target of our own that answers everything at once: what is left then is what
//! the generator, the machine's network and its kernel take.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use plimsoll_attack::{http::HttpRunner, redis::RedisRunner};
use plimsoll_clients::{
    http::{
        HttpConfig,
        config::{ConnectTo, HostOverrides, HostPatterns, IpRanges, Proxies},
    },
    redis::{Address, Target},
};
use plimsoll_engine::runner::Runner;
use plimsoll_runtime::{
    log::{Log, LogConfig, Sink},
    tls::{TlsConfig, TlsConnector},
};
use plimsoll_script::{
    lifecycle::Script,
    options::{HostTarget, Options},
};

use crate::{
    args::{Dimension, Sent},
    commands::{
        attack::parts,
        serve::child::Service,
        trials::{bench::Bench, scripts, targets},
    },
    exit::{Exit, Failure},
};

/// Makes the load that goes to an address; nothing when it cannot go there alone.
pub(in crate::commands::capacity) type Make<'a, R> =
    dyn Fn(SocketAddr) -> Result<Option<Bench<R>>, Failure> + 'a;

/// What makes the load that goes there, or why there is none.
pub(in crate::commands::capacity) enum Noop<'a, R: Runner> {
    At(&'a Make<'a, R>),
    /// Behind "not calibrated: ".
    None(&'static str),
}

/// The targets of the flags, all of them at `addr`.
pub(in crate::commands::capacity) fn http(
    sent: &Sent,
    senders: Option<u64>,
    addr: SocketAddr,
    log: &Log,
) -> Result<Option<Bench<HttpRunner>>, Failure> {
    let mut config = parts::http(&sent.attack, log)?;
    alone(&mut config.client, addr)?;
    Ok(Some(targets::http_of(config, sent, senders)))
}

/// The commands of the flags, all of them to `addr`, over TLS if they were.
pub(in crate::commands::capacity) fn redis(
    sent: &Sent,
    senders: Option<u64>,
    addr: SocketAddr,
    log: &Log,
) -> Result<Option<Bench<RedisRunner>>, Failure> {
    let mut commands = targets::Commands::read(sent, log)?;
    let config = &mut commands.config;
    let secure = config.targets.iter().any(|target| target.secure);
    let address = Address::Tcp { host: addr.ip().to_string(), port: addr.port() };
    config.targets = vec![Target { secure, ..Target::new(address) }];
    alone(&mut config.network, addr)?;
    Ok(Some(targets::redis_of(commands, sent, senders)))
}

/// Why there is no other target for the commands.
pub(in crate::commands::capacity) fn redis_reason(sent: &Sent) -> Option<&'static str> {
    sent.attack.redis.cluster.then_some("a cluster's nodes are told by itself")
}

/// The script, whose names all stand for `addr`. What it says is not written: it is answered what it does not
/// expect.
pub(in crate::commands::capacity) fn script(
    sent: &Sent,
    senders: Option<u64>,
    (file, config): (&str, Option<&Path>),
    addr: SocketAddr,
) -> Result<Option<Bench<Script>>, Failure> {
    let silent = Log::new(LogConfig { sink: Sink::None, ..LogConfig::default() });
    let log = &silent.map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let target = HostTarget { address: addr.ip(), port: Some(addr.port()) };
    let options = Options {
        hosts: Some(BTreeMap::from([("*".to_owned(), target)])),
        block_hostnames: Some(Vec::new()),
        blacklist_ips: Some(Vec::new()),
        insecure_skip_tls_verify: Some(true),
        ..Options::default()
    };
    let Some(scripted) = scripts::load_script_at(sent, file, config, options, log)? else {
        return Ok(None);
    };
    scripts::script_of(scripted, sent, senders, Dimension::Rate, file).map(Some)
}

/// Why the targets cannot be read once more.
pub(in crate::commands::capacity) fn http_reason(sent: &Sent) -> Option<&'static str> {
    let attack = &sent.attack;
    match attack.targets.targets.as_str() {
        _ if attack.url.is_some() => None,
        "-" | "stdin" => Some("targets from standard input can be read once only"),
        _ => None,
    }
}

/// All names stand for `addr`, and nothing keeps from there.
fn alone(client: &mut Arc<HttpConfig>, addr: SocketAddr) -> Result<(), Failure> {
    let failed = |error: String| Failure::new(Exit::Other, format!("calibration: {error}"));
    let client = Arc::get_mut(client)
        .ok_or_else(|| failed("the settings of the clients are in use".to_owned()))?;
    let address = addr.to_string();
    client.hosts = HostOverrides::parse([("*", address.as_str())]).map_err(failed)?;
    client.block_hostnames = HostPatterns::default();
    client.blacklist_ips = IpRanges::default();
    client.connect_to = ConnectTo::default();
    client.proxies = Proxies::default();
    client.unix_socket = None;
    // Its certificate is of its own making, and not what is measured.
    let tls = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    client.tls = TlsConnector::new(&tls).map_err(|error| failed(error.to_string()))?;
    Ok(())
}

/// Starts it in a process of its own, whose CPU time is not the generator's.
///
/// # Errors
/// When it does not start.
pub(in crate::commands::capacity) fn start(
    body_bytes: u64,
) -> Result<(Service, SocketAddr), Failure> {
    let most = plimsoll_samples::noop::BODY_BYTES_MAX as u64;
    let bytes = body_bytes.min(most).to_string();
    let service = Service::start(&["noop", "--body-bytes", &bytes])?;
    let addr = service.url.strip_prefix("http://").and_then(|addr| addr.parse().ok());
    match addr {
        Some(addr) => Ok((service, addr)),
        None => Err(Failure::new(Exit::Other, format!("calibration: no address: {}", service.url))),
    }
}
