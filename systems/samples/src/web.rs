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
    thread::JoinHandle,
};

use plimsoll_runtime::{
    listen::{self, Bound, ListenOptions},
    tls::{Alpn, server::TlsAcceptor},
    workers,
};
use tokio::sync::watch;

pub use database::Database;
pub use limits::{Bandwidth, Limits, Pool, QUEUE_MAX};
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
}

impl Default for WebConfig {
    /// A free port of the loopback address, without TLS, on one thread.
    fn default() -> WebConfig {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let limits = Limits::default();
        WebConfig { addr, tls: None, h2: true, threads: 1, limits, database: None }
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
    addr: SocketAddr,
    sockets: Vec<Bound>,
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
        // One socket per worker: the kernel spreads the connections, nothing is handed over.
        let options = ListenOptions { reuse_port: config.threads > 1 };
        if options.reuse_port && config.addr.port() != 0 {
            // Sockets that share a port would share it with another server's too. This one does not
            // share, so it finds out; it is closed again at once.
            drop(listen::bind(config.addr, ListenOptions::default())?);
        }
        let first = listen::bind(config.addr, options)?;
        let addr = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..config.threads {
            sockets.push(listen::bind(addr, options)?);
        }
        Ok(WebServer { addr, sockets, settings })
    }

    /// The address with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves on threads of its own until the returned value is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self) -> io::Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let settings = self.settings;
        let sockets = std::sync::Mutex::new(self.sockets);
        let count = sockets.lock().map_or(0, |sockets| sockets.len());
        let threads = workers::spawn(count, "web", move |_| {
            let socket = sockets.lock().ok().and_then(|mut sockets| sockets.pop());
            let (settings, stopped) = (settings.clone(), stopped.clone());
            async move {
                match socket {
                    Some(socket) => serve::run(socket, settings, stopped).await,
                    None => Ok(()),
                }
            }
        })?;
        Ok(Running { addr: self.addr, stop, threads })
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

/// A service at work. Dropping it ends it and closes its connections.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Running {
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A worker's failure has shown as refused connections.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests;
