//! The addresses that a server takes before it does anything else, so that one that is taken is known at once.

use std::{io, net::SocketAddr};

use plimsoll_runtime::listen::{self, Bound, ListenOptions};

use super::{StartError, settings::Settings};

/// Files of the server besides its clients: sockets, timers, what is saved.
const OTHER_FILES: usize = 128;

/// Sockets that nobody accepts from yet. Connections wait in their queues.
pub(super) struct Ports {
    /// One for each thread; none where there is only TLS.
    pub(super) plain: Vec<Bound>,
    /// One, as handshakes have one thread.
    pub(super) secure: Option<Bound>,
    pub(super) admin: Option<Bound>,
    /// That of clients; that of TLS when there is no other.
    pub(super) addr: SocketAddr,
}

impl Ports {
    /// Takes what the parameters say, and writes into them which free ports were found.
    ///
    /// # Errors
    /// When an address cannot be taken.
    pub(super) fn take(settings: &Settings, threads: usize) -> Result<Ports, StartError> {
        let wanted = settings.addr("bind", "port")?;
        let secure = match settings.addr("bind", "tls-port")? {
            addr if addr.port() == 0 => None,
            addr => Some(one(addr)?),
        };
        // As in Redis, port 0 beside one for TLS is none at all. Alone, it is a free one.
        let has_plain = secure.is_none() || wanted.port() != 0;
        let plain = if has_plain { one_per_thread(wanted, threads)? } else { Vec::new() };
        let addr = match plain.first().or(secure.as_ref()) {
            Some(socket) => {
                let clients = settings.parameters.number("maxclients").cast_unsigned();
                let files = usize::try_from(clients).unwrap_or(usize::MAX);
                // If not, it comes when they come.
                socket.expect(files.saturating_add(OTHER_FILES)).ok();
                socket.local_addr()?
            }
            None => wanted,
        };
        if has_plain {
            settings.decide_port("port", addr.port())?;
        }
        let has_admin = !settings.parameters.text("admin-port").is_empty();
        let admin = match settings.addr("admin-bind", "admin-port")? {
            addr if has_admin => Some(one(addr)?),
            _ => None,
        };
        if let Some(admin) = &admin {
            settings.decide_port("admin-port", admin.local_addr()?.port())?;
        }
        Ok(Ports { plain, secure, admin, addr })
    }
}

fn one(addr: SocketAddr) -> Result<Bound, StartError> {
    listen::bind(addr, ListenOptions::default())
        .map_err(|source| StartError::Listen { addr, source })
}

/// Takes an address once for each thread; the kernel spreads the connections.
fn one_per_thread(addr: SocketAddr, count: usize) -> Result<Vec<Bound>, StartError> {
    let bind = || -> io::Result<Vec<Bound>> {
        let options = ListenOptions { reuse_port: count > 1, ..ListenOptions::default() };
        if options.reuse_port && addr.port() != 0 {
            // Sockets that share a port would share it with another server's too. This one does not
            // share, so it finds out; it is closed again at once.
            drop(listen::bind(addr, ListenOptions::default())?);
        }
        let first = listen::bind(addr, options)?;
        let addr = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..count {
            sockets.push(listen::bind(addr, options)?);
        }
        Ok(sockets)
    };
    bind().map_err(|source| StartError::Listen { addr, source })
}
