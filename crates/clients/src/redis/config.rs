//! What all Redis clients of a run share.

use std::{sync::Arc, time::Duration};

use plimsoll_runtime::tls::TlsConnector;
use plimsoll_wire::resp::Protocol;

use super::{emit::RedisMetrics, target::Target};
use crate::http::HttpConfig;

/// Times a command is sent on from node to node, unless told otherwise.
pub const REDIRECTS_LIMIT: u32 = 5;

pub struct RedisConfig {
    /// Names, filters, local addresses and TLS, as HTTP clients have them.
    pub network: Arc<HttpConfig>,
    /// The server; of a cluster, nodes to ask for its layout, whose first one tells how to log in.
    pub targets: Vec<Target>,
    pub cluster: bool,
    /// Instead of the network's.
    pub tls: Option<TlsConnector>,
    pub protocol: Protocol,
    /// For a connection with all that is said first.
    pub connect_timeout: Duration,
    /// For a pipeline, connection and redirects included.
    pub timeout: Duration,
    /// Of one command.
    pub redirects: u32,
    /// Pipelines that one client has on the way at a time; further ones wait.
    pub connections: usize,
    /// Which samples are recorded besides traffic; `None`: none.
    pub metrics: Option<RedisMetrics>,
}

impl RedisConfig {
    /// RESP2, no cluster, no samples.
    pub fn of(network: Arc<HttpConfig>, targets: Vec<Target>) -> RedisConfig {
        RedisConfig {
            network,
            targets,
            cluster: false,
            tls: None,
            protocol: Protocol::Resp2,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            redirects: REDIRECTS_LIMIT,
            connections: 10,
            metrics: None,
        }
    }
}
