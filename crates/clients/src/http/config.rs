//! What all clients of a run share.

use std::{net::IpAddr, sync::Arc};

use plimsoll_runtime::log::Log;

/// Largest body kept in memory, compressed or not; past it the exchange fails.
pub const BODY_LIMIT: usize = 512 << 20;
/// Connections that one client keeps idle per host.
pub const IDLE_PER_HOST_LIMIT: usize = 64;

/// How much of each exchange is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpDebug {
    Headers,
    /// With bodies.
    Full,
}

/// k6's `blockHostnames`: lower-case names, each with at most one leading `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPatterns(pub(crate) Vec<String>);

/// k6's `blacklistIPs`: address ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpRanges(pub(crate) Vec<(IpAddr, u8)>);

/// k6's `hosts`: `name[:port]` (or `*.name[:port]`) to `ip[:port]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOverrides(pub(crate) Vec<(String, IpAddr, Option<u16>)>);

/// k6's `localIPs`: addresses to send from, one after the other by VU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalIps(pub(crate) Vec<(u128, u128, bool)>);

/// Settings of all HTTP clients of a run, shared by every worker.
pub struct HttpConfig {
    pub hosts: HostOverrides,
    pub block_hostnames: HostPatterns,
    pub blacklist_ips: IpRanges,
    pub local_ips: LocalIps,
    pub user_agent: Arc<str>,
    pub max_redirects: u32,
    /// Requests of one batch at the same time, and of them to one host.
    pub batch: usize,
    pub batch_per_host: usize,
    pub http_debug: Option<HttpDebug>,
    pub no_connection_reuse: bool,
    pub no_vu_connection_reuse: bool,
    pub log: Log,
}
