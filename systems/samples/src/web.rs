//! The sample web service: httpbin's endpoints, a page whose cost can be set, HTTP/1.1, HTTP/2 and
//! TLS, and apart from it a server that misbehaves.

mod auth;
mod body;
mod caching;
mod cookies;
mod database;
mod encoding;
mod exchange;
mod form;
mod inspect;
mod limits;
pub mod misbehave;
mod pages;
mod redirect;
mod router;
mod serve;
mod sized;
mod status;
mod work;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use plimsoll_runtime::tls::{Alpn, server::TlsAcceptor};

use crate::service::Sockets;
pub use crate::service::{Acceptance, Running};
pub use database::Database;
pub use limits::{Bandwidth, Disk, Limits, Pool, QUEUE_MAX};
pub(crate) use serve::Local;

/// Longest request body that is read.
pub const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Longest response body of `/bytes`, `/stream-bytes`, `/drip` and `/work`.
pub const RESPONSE_BYTES_MAX: usize = 100 << 20;
/// Longest wait of `/delay`, `/drip` and `/work`, and most CPU time of `/work`, in seconds.
pub const DELAY_SECONDS_MAX: u64 = 10;

/// How to serve.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Port 0 takes a free one.
    pub addr: SocketAddr,
    pub tls: Option<Identity>,
    /// Whether HTTP/2 is spoken: by ALPN over TLS, without it when the client begins with it.
    pub h2: bool,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// What is made scarce.
    pub limits: Limits,
    /// What `/query` asks; without it there is no such page.
    pub database: Option<Database>,
    pub acceptance: Acceptance,
}

impl Default for WebConfig {
    /// A free port of the loopback address, without TLS, on one thread.
    fn default() -> WebConfig {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let limits = Limits::default();
        let acceptance = Acceptance::default();
        WebConfig { addr, tls: None, h2: true, threads: 1, limits, database: None, acceptance }
    }
}

/// A server's certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate_pem: String,
    pub key_pem: String,
}

impl Identity {
    /// A certificate for `localhost`, `127.0.0.1` and `::1`, signed by itself. Clients trust it when
    /// its `certificate_pem` is among their roots.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn self_signed() -> io::Result<Identity> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        Ok(Identity { certificate_pem: made.cert.pem(), key_pem: made.signing_key.serialize_pem() })
    }
}

impl std::fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A service that has its address and waits for [`WebServer::run`] or [`WebServer::start`].
#[derive(Debug)]
pub struct WebServer {
    sockets: Sockets,
    settings: serve::Settings,
}

/// Takes the address; clients may connect from now on.
///
/// # Errors
/// When the address cannot be taken or the certificate cannot be used.
pub async fn bind(config: WebConfig) -> io::Result<WebServer> {
    WebServer::bind(&config)
}

/// Serves on threads of its own until the returned value is dropped.
///
/// # Errors
/// As for [`bind`], and when no thread can be started.
pub fn start(config: &WebConfig) -> io::Result<Running> {
    WebServer::bind(config)?.start()
}

impl WebServer {
    fn bind(config: &WebConfig) -> io::Result<WebServer> {
        let tls = config.tls.as_ref().map(|identity| {
            let alpn = if config.h2 { Alpn::Http2OrHttp1 } else { Alpn::Http1 };
            TlsAcceptor::new(&identity.certificate_pem, &identity.key_pem, alpn)
                .map_err(io::Error::other)
        });
        let limits = limits::State::new(&config.limits);
        let database = config.database.clone();
        let settings = serve::Settings { tls: tls.transpose()?, h2: config.h2, limits, database };
        let sockets = Sockets::bind(config.addr, config.threads, config.acceptance)?;
        Ok(WebServer { sockets, settings })
    }

    /// The address with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.sockets.addr
    }

    /// Serves on threads of its own until the returned value is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self) -> io::Result<Running> {
        let settings = self.settings;
        self.sockets.serve("web", move |tcp, peer| serve::connection(tcp, peer, settings.clone()))
    }

    /// Serves until `until` completes; connections that are open then are closed.
    ///
    /// # Errors
    /// When no thread can be started.
    pub async fn run(self, until: impl Future<Output = ()>) -> io::Result<()> {
        let running = self.start()?;
        until.await;
        drop(running);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
