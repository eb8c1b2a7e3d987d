//! The same load against a target of our own that answers everything at once: what is left then is what
//! the generator, the machine's network and its kernel take.

use std::{net::SocketAddr, sync::Arc};

use plimsoll_attack::http::{Config, HttpRunner};
use plimsoll_clients::http::config::{ConnectTo, HostOverrides, HostPatterns, IpRanges, Proxies};
use plimsoll_runtime::{
    log::Log,
    tls::{TlsConfig, TlsConnector},
};

use super::{bench::Bench, targets};
use crate::{
    args::Sent,
    commands::{attack::parts, serve::child::Service},
    exit::{Exit, Failure},
};

/// Makes the load that goes there, or says why there is none.
pub(super) enum Noop<'a, R: plimsoll_engine::runner::Runner> {
    At(&'a dyn Fn(SocketAddr) -> Result<Bench<R>, Failure>),
    /// Behind "not calibrated: ".
    None(&'static str),
}

/// The targets of the flags, all of them at `addr`.
pub(super) fn http(
    sent: &Sent,
    senders: Option<u64>,
    addr: SocketAddr,
    log: &Log,
) -> Result<Bench<HttpRunner>, Failure> {
    let mut config = parts::http(&sent.attack, log)?;
    redirect(&mut config, addr)?;
    Ok(targets::http_of(config, sent, senders))
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
