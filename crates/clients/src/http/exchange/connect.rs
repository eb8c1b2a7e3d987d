//! A new connection: filters, name, TCP, proxy, TLS.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use plimsoll_runtime::{
    clock::Instant,
    dial::{self, DialOptions, Metered, Stream, Traffic},
    tls::{Alpn, TlsStream},
};
use tokio::net::TcpStream;

use super::{phases::Phases, pool::Connection, tunnel};
use crate::http::{
    config::{HttpConfig, Protocol, Proxy, ProxyKind},
    error::{ErrorCode, Failure},
    response::TlsInfo,
    url::{Scheme, Url},
};

/// Where connections come from.
pub(in crate::http) struct Origin<'a> {
    pub(in crate::http) config: &'a HttpConfig,
    /// Asked once per connection.
    pub(in crate::http) local_ip: &'a dyn Fn() -> Option<IpAddr>,
    pub(in crate::http) deadline: Instant,
    pub(in crate::http) traffic: &'a Arc<Traffic>,
}

/// A connection ready for its first exchange.
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) is_h2: bool,
}

impl Origin<'_> {
    pub(super) async fn connect(
        &self,
        url: &Url,
        phases: &mut Phases,
    ) -> Result<Connected, Failure> {
        let secure = url.scheme() == Scheme::Https;
        let protocol = self.config.protocol;
        if let Some(path) = &self.config.unix_socket {
            let connection = self.connect_unix(path, secure, phases).await?;
            let is_h2 = protocol == Protocol::Http2Cleartext;
            return Ok(Connected { connection, is_h2 });
        }
        let proxy = self.config.proxies.find(url);
        let (stream, remote) = match proxy {
            None => {
                let (tcp, remote) = self.dial(url.host(), url.port(), phases).await?;
                (self.secure(url, tcp, secure, phases).await?, remote)
            }
            Some(proxy) => self.through(proxy, url, secure, phases).await?,
        };
        let tls = stream.tls().map(describe);
        let is_h2 = match stream.tls() {
            Some(tls) => tls.alpn() == Some(b"h2") && secure,
            None => protocol == Protocol::Http2Cleartext,
        };
        let connection = Connection { stream, remote: Some(remote), tls, reused: false };
        Ok(Connected { connection, is_h2 })
    }

    async fn through(
        &self,
        proxy: &Proxy,
        url: &Url,
        secure: bool,
        phases: &mut Phases,
    ) -> Result<(Stream, SocketAddr), Failure> {
        let (mut tcp, remote) = self.dial(&proxy.host, proxy.port, phases).await?;
        let stream = match (proxy.kind, secure) {
            (ProxyKind::Http, false) => tcp.into(),
            (ProxyKind::Https, false) => {
                self.handshake(&proxy.host, tcp, Alpn::Http1, phases).await?.into()
            }
            (ProxyKind::Http, true) => {
                tunnel::connect(&mut tcp, proxy, url, &self.config.proxy_headers).await?;
                self.secure(url, tcp, true, phases).await?
            }
            (ProxyKind::Socks5, _) => {
                tunnel::socks5(&mut tcp, proxy, url).await?;
                self.secure(url, tcp, secure, phases).await?
            }
            (ProxyKind::Https, true) => {
                let mut outer = self.handshake(&proxy.host, tcp, Alpn::Http1, phases).await?;
                tunnel::connect(&mut outer, proxy, url, &self.config.proxy_headers).await?;
                self.secure(url, outer, true, phases).await?
            }
        };
        Ok((stream, remote))
    }

    async fn secure(
        &self,
        url: &Url,
        below: impl Into<Stream>,
        secure: bool,
        phases: &mut Phases,
    ) -> Result<Stream, Failure> {
        let below = below.into();
        if !secure {
            return Ok(below);
        }
        let alpn = match self.config.protocol {
            Protocol::Http1 => Alpn::Http1,
            Protocol::Negotiated | Protocol::Http2Cleartext => Alpn::Http2OrHttp1,
        };
        Ok(self.handshake(url.host(), below, alpn, phases).await?.into())
    }

    async fn handshake(
        &self,
        name: &str,
        below: impl Into<Stream>,
        alpn: Alpn,
        phases: &mut Phases,
    ) -> Result<TlsStream, Failure> {
        let below = below.into();
        let name_of =
            |address: Option<SocketAddr>| address.map_or(String::new(), |a| a.to_string());
        let ends = format!("{}->{}", name_of(below.local_addr()), name_of(below.peer_addr()));
        let started = Instant::now();
        let result = self.config.tls.connect(below, name, alpn).await;
        // Two, when the proxy is secure as well.
        phases.tls_handshaking += started.elapsed();
        result.map_err(|error| Failure::of_tls(&error, &ends))
    }

    async fn connect_unix(
        &self,
        path: &Path,
        secure: bool,
        phases: &mut Phases,
    ) -> Result<Connection, Failure> {
        if secure {
            let message = "https targets through a unix socket are not supported";
            return Err(Failure::new(ErrorCode::GENERIC, message));
        }
        let started = Instant::now();
        let connected = dial::dial_unix(path, self.deadline).await;
        let socket = connected.map_err(|error| Failure::of_dial_unix(&error, path))?;
        phases.connecting = started.elapsed();
        let stream = Stream::Unix(Metered::new(socket, Arc::clone(self.traffic)));
        Ok(Connection { stream, remote: None, tls: None, reused: false })
    }

    async fn dial(
        &self,
        host: &str,
        port: u16,
        phases: &mut Phases,
    ) -> Result<(Metered<TcpStream>, SocketAddr), Failure> {
        let (host, port) = self.config.connect_to.find(host, port).unwrap_or((host, port));
        let address = self.resolve(host, port, phases).await?;
        let options = DialOptions { local_ip: (self.local_ip)(), deadline: self.deadline };
        let started = Instant::now();
        match dial::dial(address, &options).await {
            Ok(tcp) => {
                phases.connecting = started.elapsed();
                Ok((Metered::new(tcp, Arc::clone(self.traffic)), address))
            }
            Err(error) => Err(Failure::of_dial(&error, address)),
        }
    }

    /// The address to dial, unless an option forbids it.
    async fn resolve(
        &self,
        host: &str,
        port: u16,
        phases: &mut Phases,
    ) -> Result<SocketAddr, Failure> {
        if let Some(pattern) = self.config.block_hostnames.find(host) {
            let detail = format!("hostname ({host}) is in a blocked pattern ({pattern})");
            let failure = Failure::new(ErrorCode::BLOCKED_HOSTNAME, "hostname is blocked");
            return Err(failure.with_detail(detail));
        }
        let address = match self.config.hosts.find(host, port) {
            Some(address) => address,
            None => match host.parse() {
                Ok(ip) => SocketAddr::new(ip, port),
                Err(_) => {
                    let started = Instant::now();
                    let found = self.config.resolver.lookup(host).await;
                    phases.looking_up = started.elapsed();
                    SocketAddr::new(found.map_err(|error| Failure::of_dns(&error))?, port)
                }
            },
        };
        if let Some(range) = self.config.blacklist_ips.find(address.ip()) {
            let detail = format!("IP ({}) is in a blacklisted range ({range})", address.ip());
            let failure = Failure::new(ErrorCode::BLACKLISTED_IP, "ip is blacklisted");
            return Err(failure.with_detail(detail));
        }
        Ok(address)
    }
}

fn describe(tls: &TlsStream) -> TlsInfo {
    TlsInfo {
        version: tls.version().map_or("", |version| version.name()),
        cipher_suite: tls.cipher_suite(),
    }
}
