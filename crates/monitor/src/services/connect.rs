//! Connections of probes to services that speak no HTTP.

use std::{net::IpAddr, path::Path, time::Duration};

use plimsoll_runtime::{
    clock::Instant,
    dial::{self, DialOptions, Stream},
    dns::{DnsConfig, Resolver},
};

use crate::probe::ProbeError;

/// How long a connection may take; a reading may take longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Finds services and connects to them.
pub(crate) struct Connector {
    resolver: Resolver,
}

impl Connector {
    pub(crate) fn new() -> Connector {
        Connector { resolver: Resolver::new(DnsConfig::default()) }
    }

    pub(crate) async fn tcp(&self, host: &str, port: u16) -> Result<Stream, ProbeError> {
        let ip = match host.parse::<IpAddr>() {
            Ok(ip) => ip,
            Err(_) => self.resolver.lookup(host).await.map_err(ProbeError::new)?,
        };
        let options = DialOptions { deadline: deadline(), ..DialOptions::default() };
        let connected = dial::dial((ip, port).into(), &options).await;
        Ok(connected.map_err(|error| ProbeError::new(format!("connect: {error}")))?.into())
    }
}

pub(crate) async fn unix(path: &Path) -> Result<Stream, ProbeError> {
    let connected = dial::dial_unix(path, deadline()).await;
    Ok(connected.map_err(|error| ProbeError::new(format!("connect: {error}")))?.into())
}

fn deadline() -> Instant {
    Instant::now() + CONNECT_TIMEOUT
}
