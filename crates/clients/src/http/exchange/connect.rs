//! A new connection: filters, name, TCP, proxy, TLS.

use std::{
    net::{IpAddr, SocketAddr},
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
    config::{HttpConfig, Proxy, ProxyKind},
    error::{ErrorCode, Failure},
    response::TlsInfo,
    url::{Scheme, Url},
};

/// Where connections come from.
pub(in crate::http) struct Origin<'a> {
    pub(in crate::http) config: &'a HttpConfig,
    pub(in crate::http) local_ip: Option<IpAddr>,
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
        let proxy = self.config.proxies.find(url);
        let (stream, remote) = match proxy {
            None => {
                let (tcp, remote) = self.dial(url.host(), url.port(), phases).await?;
                (self.secure(url, tcp, secure, phases).await?, remote)
            }
            Some(proxy) => self.through(proxy, url, secure, phases).await?,
        };
        let tls = stream.tls().map(describe);
        let is_h2 = stream.tls().is_some_and(|tls| tls.alpn() == Some(b"h2")) && secure;
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
                tunnel::connect(&mut tcp, proxy, url).await?;
                self.secure(url, tcp, true, phases).await?
            }
            (ProxyKind::Socks5, _) => {
                tunnel::socks5(&mut tcp, proxy, url).await?;
                self.secure(url, tcp, secure, phases).await?
            }
            (ProxyKind::Https, true) => {
                let message = "https targets through an https proxy are not supported";
                return Err(Failure::new(ErrorCode::GENERIC, message));
            }
        };
        Ok((stream, remote))
    }

    async fn secure(
        &self,
        url: &Url,
        tcp: Metered<TcpStream>,
        secure: bool,
        phases: &mut Phases,
    ) -> Result<Stream, Failure> {
        if !secure {
            return Ok(tcp.into());
        }
        Ok(self.handshake(url.host(), tcp, Alpn::Http2OrHttp1, phases).await?.into())
    }

    async fn handshake(
        &self,
        name: &str,
        tcp: Metered<TcpStream>,
        alpn: Alpn,
        phases: &mut Phases,
    ) -> Result<TlsStream, Failure> {
        let name_of =
            |address: Option<SocketAddr>| address.map_or(String::new(), |a| a.to_string());
        let socket = tcp.get_ref();
        let ends =
            format!("{}->{}", name_of(socket.local_addr().ok()), name_of(socket.peer_addr().ok()));
        let started = Instant::now();
        let result = self.config.tls.connect(tcp, name, alpn).await;
        phases.tls_handshaking = started.elapsed();
        result.map_err(|error| Failure::of_tls(&error, &ends))
    }

    async fn dial(
        &self,
        host: &str,
        port: u16,
        phases: &mut Phases,
    ) -> Result<(Metered<TcpStream>, SocketAddr), Failure> {
        let address = self.resolve(host, port, phases).await?;
        let options = DialOptions { local_ip: self.local_ip, deadline: self.deadline };
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
