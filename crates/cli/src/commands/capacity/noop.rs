//! The same load against a target of our own that answers everything at once: what is left then is what
//! the generator, the machine's network and its kernel take.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use plimsoll_attack::http::{Config, HttpRunner};
use plimsoll_clients::http::config::{ConnectTo, HostOverrides, HostPatterns, IpRanges, Proxies};
use plimsoll_engine::runner::Runner;
use plimsoll_runtime::{
    log::{Log, LogConfig, Sink},
    tls::{TlsConfig, TlsConnector},
};
use plimsoll_script::{
    lifecycle::Script,
    options::{HostTarget, Options},
};

use super::{bench::Bench, targets};
use crate::{
    args::{Dimension, Sent},
    commands::{attack::parts, serve::child::Service},
    exit::{Exit, Failure},
};

/// Makes the load that goes to an address; nothing when it cannot go there alone.
pub(super) type Make<'a, R> = dyn Fn(SocketAddr) -> Result<Option<Bench<R>>, Failure> + 'a;

/// What makes the load that goes there, or why there is none.
pub(super) enum Noop<'a, R: Runner> {
    At(&'a Make<'a, R>),
    /// Behind "not calibrated: ".
    None(&'static str),
}

/// The targets of the flags, all of them at `addr`.
pub(super) fn http(
    sent: &Sent,
    senders: Option<u64>,
    addr: SocketAddr,
    log: &Log,
) -> Result<Option<Bench<HttpRunner>>, Failure> {
    let mut config = parts::http(&sent.attack, log)?;
    redirect(&mut config, addr)?;
    Ok(Some(targets::http_of(config, sent, senders)))
}

/// The script, whose names all stand for `addr`. What it says is not written: it is answered what it does not
/// expect.
pub(super) fn script(
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
    let Some(scripted) = targets::load_script_at(sent, file, config, options, log)? else {
        return Ok(None);
    };
    targets::script_of(scripted, sent, senders, Dimension::Rate, file).map(Some)
}

/// Why the targets cannot be read once more.
pub(super) fn http_reason(sent: &Sent) -> Option<&'static str> {
    let attack = &sent.attack;
    match attack.targets.targets.as_str() {
        _ if attack.url.is_some() => None,
        "-" | "stdin" => Some("targets from standard input can be read once only"),
        _ => None,
    }
}

fn redirect(config: &mut Config, addr: SocketAddr) -> Result<(), Failure> {
    let failed = |error: String| Failure::new(Exit::Other, format!("calibration: {error}"));
    let client = Arc::get_mut(&mut config.client)
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
pub(super) fn start(body_bytes: u64) -> Result<(Service, SocketAddr), Failure> {
    let most = plimsoll_samples::noop::BODY_BYTES_MAX as u64;
    let bytes = body_bytes.min(most).to_string();
    let service = Service::start(&["noop", "--body-bytes", &bytes])?;
    let addr = service.url.strip_prefix("http://").and_then(|addr| addr.parse().ok());
    match addr {
        Some(addr) => Ok((service, addr)),
        None => Err(Failure::new(Exit::Other, format!("calibration: no address: {}", service.url))),
    }
}
