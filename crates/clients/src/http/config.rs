//! What all clients of a run share.

mod connect_to;
mod filters;
mod hosts;
mod local_ips;
mod proxies;
mod rps;

use std::{path::PathBuf, sync::Arc};

use plimsoll_runtime::{
    dns::{DnsConfig, Resolver},
    log::Log,
    tls::TlsConnector,
};

use super::headers::Headers;
pub use connect_to::ConnectTo;
pub use filters::{HostPatterns, IpRanges};
pub use hosts::HostOverrides;
pub use local_ips::LocalIps;
pub use proxies::{Proxies, Proxy, ProxyKind};
pub use rps::RateLimit;

/// Largest body kept in memory, compressed or not; past it the exchange fails.
pub const BODY_LIMIT: usize = 512 << 20;
/// Connections that one client keeps idle per host, unless the configuration says otherwise.
pub const IDLE_PER_HOST_LIMIT: usize = 64;

/// How much of each exchange is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpDebug {
    Headers,
    /// With bodies.
    Full,
}

/// Which versions of HTTP are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// As the TLS handshake agrees; HTTP/1.1 without TLS.
    #[default]
    Negotiated,
    Http1,
    /// HTTP/2 also without TLS, begun without asking ("prior knowledge").
    Http2Cleartext,
}

/// Which of k6's system tags the samples of an exchange get. The scope's (`group`, `scenario`) are
/// the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct SystemTags {
    pub proto: bool,
    pub status: bool,
    pub method: bool,
    pub url: bool,
    pub name: bool,
    pub error: bool,
    pub error_code: bool,
    pub tls_version: bool,
    pub expected_response: bool,
    pub ip: bool,
}

impl Default for SystemTags {
    /// k6's: all but `ip`.
    fn default() -> SystemTags {
        SystemTags {
            proto: true,
            status: true,
            method: true,
            url: true,
            name: true,
            error: true,
            error_code: true,
            tls_version: true,
            expected_response: true,
            ip: false,
        }
    }
}

/// Settings of all HTTP clients of a run, shared by every worker.
pub struct HttpConfig {
    pub hosts: HostOverrides,
    pub block_hostnames: HostPatterns,
    pub blacklist_ips: IpRanges,
    pub local_ips: LocalIps,
    pub proxies: Proxies,
    /// Sent with CONNECT only.
    pub proxy_headers: Headers,
    pub connect_to: ConnectTo,
    /// Every connection goes to this socket, without TLS.
    pub unix_socket: Option<PathBuf>,
    pub protocol: Protocol,
    pub rate_limit: Option<RateLimit>,
    pub resolver: Resolver,
    pub tls: TlsConnector,
    pub user_agent: Arc<str>,
    pub max_redirects: u32,
    /// Requests of one batch at the same time, and of them to one host.
    pub batch: usize,
    pub batch_per_host: usize,
    pub http_debug: Option<HttpDebug>,
    pub no_connection_reuse: bool,
    /// Connections that one client keeps idle per host.
    pub idle_per_host: usize,
    pub system_tags: SystemTags,
    pub log: Log,
}

impl HttpConfig {
    /// k6's defaults, without proxies; `user_agent` as in `plimsoll/0.1.0`.
    pub fn new(user_agent: &str, tls: TlsConnector, log: Log) -> HttpConfig {
        HttpConfig {
            hosts: HostOverrides::default(),
            block_hostnames: HostPatterns::default(),
            blacklist_ips: IpRanges::default(),
            local_ips: LocalIps::default(),
            proxies: Proxies::default(),
            proxy_headers: Headers::default(),
            connect_to: ConnectTo::default(),
            unix_socket: None,
            protocol: Protocol::default(),
            rate_limit: None,
            resolver: Resolver::new(DnsConfig::default()),
            tls,
            user_agent: Arc::from(user_agent),
            max_redirects: 10,
            batch: 20,
            batch_per_host: 6,
            http_debug: None,
            no_connection_reuse: false,
            idle_per_host: IDLE_PER_HOST_LIMIT,
            system_tags: SystemTags::default(),
            log,
        }
    }
}
