//! One session in which PostgreSQL is asked for its statistics.

use std::{io, pin::Pin, task::Poll};

use plimsoll_runtime::{
    dial::Stream,
    tls::{Alpn, TlsConnector, TlsError, TlsStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinHandle,
};
use tokio_postgres::{
    Client, Config, SimpleQueryMessage,
    config::SslMode,
    tls::{self, ChannelBinding, TlsConnect},
};

use super::{
    Place, Postgres, Secure,
    statistics::{QUESTIONS, Rows, Statistics},
};
use crate::{
    probe::ProbeError,
    services::{
        Secret,
        connect::{self, Connector},
    },
};

/// Ends a question that the server ponders for longer, in its milliseconds; shorter than a reading may take.
const STATEMENT_TIMEOUT: &str = "SET statement_timeout = 4000";

pub(super) struct Connection {
    client: Client,
    /// Moves its bytes.
    task: JoinHandle<()>,
}

impl Connection {
    pub(super) async fn open(
        connector: &Connector,
        tls: &TlsConnector,
        subject: &Postgres,
    ) -> Result<Connection, ProbeError> {
        let Postgres { address, place, .. } = subject;
        let stream = match place {
            Place::Tcp => connector.tcp(&address.host, address.port).await?,
            Place::Folder(folder) => {
                connect::unix(&folder.join(format!(".s.PGSQL.{}", address.port))).await?
            }
        };
        let is_local = matches!(place, Place::Folder(_));
        let mut config = Config::new();
        config.user(&subject.user).dbname(&subject.database).application_name("plimsoll watch");
        config.ssl_mode(match subject.secure {
            _ if is_local => SslMode::Disable,
            Secure::Disable => SslMode::Disable,
            Secure::Prefer => SslMode::Prefer,
            Secure::Require | Secure::VerifyFull => SslMode::Require,
        });
        if let Some(password) = &subject.password {
            config.password(Secret::reveal(password));
        }
        let handshake = Handshake { tls: tls.clone(), host: address.host.clone() };
        let (client, connection) =
            config.connect_raw(stream, handshake).await.map_err(|error| failure(&error))?;
        // How it ended is told by the questions that it leaves without an answer.
        let task = tokio::task::spawn_local(async move { drop(connection.await) });
        let connection = Connection { client, task };
        connection
            .client
            .batch_execute(STATEMENT_TIMEOUT)
            .await
            .map_err(|error| failure(&error))?;
        Ok(connection)
    }

    /// All figures, by one message and its answer.
    pub(super) async fn statistics(&self) -> Result<Statistics, ProbeError> {
        let messages =
            self.client.simple_query(QUESTIONS).await.map_err(|error| failure(&error))?;
        let mut answers: Vec<Rows> = vec![Rows::new()];
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                    if let Some(rows) = answers.last_mut() {
                        rows.push(values.collect());
                    }
                }
                SimpleQueryMessage::CommandComplete(_) => answers.push(Rows::new()),
                _ => {}
            }
        }
        Statistics::from_answers(&answers).ok_or_else(|| {
            ProbeError::new("its statistics have another form than in versions 12 to 17")
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The library says only where an error is from; why is in what caused it.
fn failure(error: &tokio_postgres::Error) -> ProbeError {
    let cause = std::error::Error::source(error);
    match (error.as_db_error(), cause) {
        (Some(error), _) => ProbeError::new(format!("the server says: {}", error.message())),
        (None, Some(cause)) => ProbeError::new(format!("{error}: {cause}")),
        (None, None) => ProbeError::new(error),
    }
}

/// Secures a connection for which the server has agreed to it.
struct Handshake {
    tls: TlsConnector,
    host: String,
}

impl TlsConnect<Stream> for Handshake {
    type Stream = SecureStream;
    type Error = TlsError;
    type Future = Pin<Box<dyn Future<Output = Result<SecureStream, TlsError>>>>;

    fn connect(self, stream: Stream) -> Self::Future {
        Box::pin(async move {
            let connected = self.tls.connect(stream, &self.host, Alpn::None).await;
            connected.map(SecureStream)
        })
    }
}

struct SecureStream(TlsStream);

impl tls::TlsStream for SecureStream {
    /// The password's proof is then not bound to the session; servers ask for that only when told to.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for SecureStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for SecureStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
