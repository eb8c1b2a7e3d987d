//! A service's sockets and threads: what all samples have in common, whatever they answer.

use std::{io, net::SocketAddr, thread::JoinHandle, time::Duration};

use plimsoll_runtime::{
    listen::{self, Bound, ListenOptions},
    timer, workers,
};
use tokio::{net::TcpStream, sync::watch, task::spawn_local};

/// Wait after an `accept` that failed for want of descriptors or memory.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);

/// How connections are accepted; by default as fast as they come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acceptance {
    /// Connections that may wait for it, of each thread.
    pub backlog: Option<u16>,
    /// What each thread waits after each connection before it accepts the next.
    pub pause: Duration,
}

/// An address that is taken; clients may connect from now on.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) addr: SocketAddr,
    pause: Duration,
    /// One per worker: the kernel spreads the connections, nothing is handed over.
    sockets: Vec<Bound>,
}

impl Sockets {
    /// Takes `addr`, of which port 0 is a free one, for so many workers.
    ///
    /// # Errors
    /// When the address cannot be taken.
    pub(crate) fn bind(
        addr: SocketAddr,
        workers: usize,
        acceptance: Acceptance,
    ) -> io::Result<Sockets> {
        let Acceptance { backlog, pause } = acceptance;
        let options = ListenOptions { reuse_port: workers > 1, backlog };
        if options.reuse_port && addr.port() != 0 {
            // Sockets that share a port would share it with another server's too. This one does not
            // share, so it finds out; it is closed again at once.
            drop(listen::bind(addr, ListenOptions::default())?);
        }
        let first = listen::bind(addr, options)?;
        let addr = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..workers {
            sockets.push(listen::bind(addr, options)?);
        }
        Ok(Sockets { addr, pause, sockets })
    }

    /// Serves on threads of its own, called `name`, until the returned value is dropped. Each `connection` stays on
    /// the thread that accepted it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn serve<C, F>(self, name: &str, connection: C) -> io::Result<Running>
    where
        C: Fn(TcpStream, SocketAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let (count, pause) = (self.sockets.len(), self.pause);
        let sockets = std::sync::Mutex::new(self.sockets);
        let threads = workers::spawn(count, name, move |_| {
            let socket = sockets.lock().ok().and_then(|mut sockets| sockets.pop());
            let (connection, stopped) = (connection.clone(), stopped.clone());
            async move {
                match socket {
                    Some(socket) => accept(socket, pause, connection, stopped).await,
                    None => Ok(()),
                }
            }
        })?;
        Ok(Running { addr: self.addr, stop, threads })
    }
}

/// Until `stopped` becomes true or its sender is gone.
async fn accept<C, F>(
    socket: Bound,
    pause: Duration,
    connection: C,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()>
where
    C: Fn(TcpStream, SocketAddr) -> F,
    F: Future<Output = ()> + 'static,
{
    let listener = socket.listen()?;
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    drop(spawn_local(connection(tcp, peer)));
                    if !pause.is_zero() {
                        timer::sleep(pause).await;
                    }
                }
                // The connection is gone before it was taken, or nothing can be taken now.
                Err(_) => timer::sleep(ACCEPT_RETRY).await,
            }
        }
    };
    tokio::select! {
        () = accept => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    Ok(())
}

/// A service at work. Dropping it ends it and closes its connections.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// The address with its real port.
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
