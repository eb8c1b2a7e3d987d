//! A new connection: filters, name, dial, TLS, and what is said first.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use plimsoll_runtime::{
    clock::Instant,
    dial::{self, DialOptions, Metered, Stream, Traffic},
    timer,
    tls::Alpn,
};
use plimsoll_wire::resp::{Outcome, Protocol, write_command};
use tokio::net::TcpStream;

use super::{
    error::{RedisError, RedisErrorKind},
    exchange::{self, Reply, Stamps},
    target::{Address, Target},
    worker::Worker,
};
use crate::http::error::{ErrorCode, Failure};

/// A connection that has logged in.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    /// Received, not yet understood: empty between exchanges.
    pub(super) rest: Vec<u8>,
}

impl Connection {
    /// `local->remote`, as Go names a connection.
    pub(super) fn ends(&self) -> String {
        let name = |address: Option<SocketAddr>| address.map_or(String::new(), |a| a.to_string());
        format!("{}->{}", name(self.stream.local_addr()), name(self.stream.peer_addr()))
    }

    /// Whether it may serve again: nothing is left over and nothing came unasked.
    pub(super) fn is_usable(&mut self) -> bool {
        self.rest.is_empty() && !self.stream.is_stale()
    }
}

/// What making a connection took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConnectTimes {
    pub(super) looking_up: Duration,
    pub(super) connecting: Duration,
    pub(super) tls_handshaking: Duration,
}

/// Where connections come from.
pub(super) struct Origin<'a> {
    pub(super) worker: &'a Worker,
    pub(super) traffic: &'a Arc<Traffic>,
    pub(super) local_ip: Option<IpAddr>,
}

impl Origin<'_> {
    /// Connects to `address` and logs in as `target` says.
    pub(super) async fn connect(
        &self,
        address: &Address,
        target: &Target,
        times: &mut ConnectTimes,
    ) -> Result<Connection, RedisError> {
        let deadline = Instant::now() + self.worker.config.connect_timeout;
        let connecting = async {
            let stream = self.stream(address, target.secure, deadline, times).await?;
            let mut connection = Connection { stream, rest: Vec::new() };
            self.log_in(&mut connection, target).await?;
            Ok(connection)
        };
        let connected = timer::timeout_at(deadline, connecting).await;
        connected.unwrap_or_else(|| Err(RedisError::timeout()))
    }

    async fn stream(
        &self,
        address: &Address,
        secure: bool,
        deadline: Instant,
        times: &mut ConnectTimes,
    ) -> Result<Stream, RedisError> {
        let (host, port) = match address {
            Address::Unix(path) => return self.unix(path, deadline, times).await,
            Address::Tcp { host, port } => (host, *port),
        };
        let connect = |failure| RedisError::of_failure(failure, RedisErrorKind::Connect);
        let tcp = self.tcp(host, port, deadline, times).await.map_err(connect)?;
        if !secure {
            return Ok(tcp.into());
        }
        let config = &self.worker.config;
        let tls = config.tls.as_ref().unwrap_or(&config.network.tls);
        let started = Instant::now();
        let stream = tls.connect(tcp, host, Alpn::None).await;
        times.tls_handshaking = started.elapsed();
        let ends = address.to_string();
        Ok(stream.map_err(|error| connect(Failure::of_tls(&error, &ends)))?.into())
    }

    async fn unix(
        &self,
        path: &Path,
        deadline: Instant,
        times: &mut ConnectTimes,
    ) -> Result<Stream, RedisError> {
        let started = Instant::now();
        let stream = dial::dial_unix(path, deadline).await;
        times.connecting = started.elapsed();
        let stream = stream.map_err(|error| {
            let mut failed = RedisError::new(RedisErrorKind::Connect, format!("dial: {error}"));
            failed.detail = format!("dial unix {}: {error}", path.display());
            failed.os_error = error.raw_os_error();
            failed
        })?;
        Ok(Stream::Unix(Metered::new(stream, Arc::clone(self.traffic))))
    }

    async fn tcp(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
        times: &mut ConnectTimes,
    ) -> Result<Metered<TcpStream>, Failure> {
        let address = self.resolve(host, port, times).await?;
        let options = DialOptions { local_ip: self.local_ip, deadline };
        let started = Instant::now();
        let tcp = dial::dial(address, &options).await;
        times.connecting = started.elapsed();
        let tcp = tcp.map_err(|error| Failure::of_dial(&error, address))?;
        Ok(Metered::new(tcp, Arc::clone(self.traffic)))
    }

    /// The address to dial, unless an option forbids it.
    async fn resolve(
        &self,
        host: &str,
        port: u16,
        times: &mut ConnectTimes,
    ) -> Result<SocketAddr, Failure> {
        let network = &self.worker.config.network;
        if let Some(pattern) = network.block_hostnames.find(host) {
            let detail = format!("hostname ({host}) is in a blocked pattern ({pattern})");
            let failure = Failure::new(ErrorCode::BLOCKED_HOSTNAME, "hostname is blocked");
            return Err(failure.with_detail(detail));
        }
        let address = match (network.hosts.find(host, port), host.parse()) {
            (Some(address), _) => address,
            (None, Ok(ip)) => SocketAddr::new(ip, port),
            (None, Err(_)) => {
                let started = Instant::now();
                let found = network.resolver.lookup(host).await;
                times.looking_up = started.elapsed();
                SocketAddr::new(found.map_err(|error| Failure::of_dns(&error))?, port)
            }
        };
        if let Some(range) = network.blacklist_ips.find(address.ip()) {
            let detail = format!("IP ({}) is in a blacklisted range ({range})", address.ip());
            let failure = Failure::new(ErrorCode::BLACKLISTED_IP, "ip is blacklisted");
            return Err(failure.with_detail(detail));
        }
        Ok(address)
    }

    async fn log_in(&self, connection: &mut Connection, target: &Target) -> Result<(), RedisError> {
        let config = &self.worker.config;
        let (bytes, count) = greeting(target, config.protocol, config.cluster);
        let mut refused = None;
        let mut sink = |_, _, reply: Reply<'_>| {
            if let Reply::Skipped(Outcome::Error(message)) = reply {
                let message = String::from_utf8_lossy(message).into_owned();
                refused.get_or_insert_with(|| RedisError::new(RedisErrorKind::Login, message));
            }
        };
        let mut stamps = Stamps::default();
        let commands = (&*bytes, count);
        exchange::exchange(connection, self.worker, commands, false, &mut stamps, &mut sink)
            .await?;
        refused.map_or(Ok(()), Err)
    }
}

/// What is said first, and how many commands that is. A cluster has one database.
fn greeting(target: &Target, protocol: Protocol, cluster: bool) -> (Vec<u8>, usize) {
    let (mut bytes, mut count) = (Vec::new(), 0);
    let mut say = |words: &[&str]| {
        write_command(&mut bytes, words);
        count += 1;
    };
    let (user, password) = (&*target.username, &*target.password);
    let has_login = !user.is_empty() || !password.is_empty();
    match (protocol, has_login) {
        (Protocol::Resp3, false) => say(&["HELLO", "3"]),
        (Protocol::Resp3, true) => {
            let user = if user.is_empty() { "default" } else { user };
            say(&["HELLO", "3", "AUTH", user, password]);
        }
        (Protocol::Resp2, false) => {}
        (Protocol::Resp2, true) if user.is_empty() => say(&["AUTH", password]),
        (Protocol::Resp2, true) => say(&["AUTH", user, password]),
    }
    if target.database != 0 && !cluster {
        say(&["SELECT", &target.database.to_string()]);
    }
    (bytes, count)
}
