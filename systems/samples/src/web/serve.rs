//! Speaking HTTP on connections, all on the worker's own thread.

use std::{cell::Cell, convert::Infallible, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{rt::TokioIo, server::conn::auto};
use plimsoll_runtime::{clock::Instant, timer, tls::server::TlsAcceptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::spawn_local,
};

use super::{
    database::Database,
    exchange::Head,
    limits::{Paced, State},
    router,
};

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) h2: bool,
    /// Nothing when nothing is scarce.
    pub(super) limits: Option<Arc<State>>,
    pub(super) database: Option<Database>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("tls", &self.tls.is_some())
            .field("h2", &self.h2)
            .field("limits", &self.limits.is_some())
            .field("database", &self.database.is_some())
            .finish()
    }
}

/// Errors end the connection; whoever is on the other side knows why.
pub(super) async fn connection(tcp: TcpStream, peer: SocketAddr, settings: Settings) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    match &settings.tls {
        None => speak(tcp, peer, false, &settings).await,
        Some(acceptor) => {
            let deadline = Instant::now() + HANDSHAKE_TIME_MAX;
            if let Some(Ok(stream)) = timer::timeout_at(deadline, acceptor.accept(tcp)).await {
                speak(stream, peer, true, &settings).await;
            }
        }
    }
}

async fn speak<S>(stream: S, peer: SocketAddr, secure: bool, settings: &Settings)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let Some(link) = settings.limits.as_ref().and_then(|limits| limits.link.clone()) else {
        return converse(stream, peer, secure, settings, None).await;
    };
    // Whoever looks at how full the link is must not have to wait for it.
    let exempt = Rc::new(Cell::new(false));
    let stream = Paced::new(stream, link, Rc::clone(&exempt));
    converse(stream, peer, secure, settings, Some(exempt)).await;
}

async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    secure: bool,
    settings: &Settings,
    exempt: Option<Rc<Cell<bool>>>,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (limits, database) = (settings.limits.clone(), settings.database.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        if let Some(exempt) = &exempt {
            exempt.set(parts.uri.path() == router::METRICS);
        }
        let (limits, database) = (limits.clone(), database.clone());
        let head = Head { parts, peer, secure, limits, database };
        async move { Ok::<_, Infallible>(router::reply(head, body).await) }
    });
    let builder = auto::Builder::new(Local);
    // Tells HTTP/2 from HTTP/1.1 by how the client begins, with ALPN and without.
    let builder = if settings.h2 { builder } else { builder.http1_only() };
    builder.serve_connection(TokioIo::new(stream), service).await.ok();
}

/// Runs the tasks of an HTTP/2 connection on its own thread.
#[derive(Clone, Copy)]
pub(crate) struct Local;

impl<F: Future<Output = ()> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        drop(spawn_local(future));
    }
}
