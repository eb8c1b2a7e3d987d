//! One connection over which Redis is asked for its figures.

use plimsoll_runtime::{
    dial::Stream,
    tls::{Alpn, TlsConnector},
};
use plimsoll_wire::resp::{self, Value, ValueDecoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    probe::ProbeError,
    services::{Address, Secret, connect::Connector},
};

/// What one reply may have. `INFO` is one string of some kilobytes.
const LIMITS: resp::Limits = resp::Limits { bulk: 1 << 20, elements: 16, depth: 2 };

/// Bytes of a reply with its frame around it.
const REPLY_LIMIT: usize = LIMITS.bulk + resp::LINE_LIMIT;

/// Room for one read.
const READ_BYTES: usize = 16 << 10;

pub(super) struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects and says who asks, where the address names somebody.
    pub(super) async fn open(
        connector: &Connector,
        address: &Address,
        tls: Option<&TlsConnector>,
    ) -> Result<Connection, ProbeError> {
        let mut stream = connector.tcp(&address.host, address.port).await?;
        if let Some(tls) = tls {
            let secured = tls.connect(stream, &address.host, Alpn::None).await;
            stream = secured.map_err(ProbeError::new)?.into();
        }
        let mut connection = Connection { stream, buffer: Vec::new() };
        if let Some(password) = &address.password {
            let user = address.user.as_deref();
            let words: Vec<&str> =
                ["AUTH"].into_iter().chain(user).chain([Secret::reveal(password)]).collect();
            connection.ask(&words).await?;
        }
        Ok(connection)
    }

    /// What the server tells of itself.
    pub(super) async fn info(&mut self) -> Result<String, ProbeError> {
        match self.ask(&["INFO"]).await? {
            Value::Bulk(text) | Value::Verbatim { text, .. } => {
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            _ => Err(ProbeError::new("the reply to INFO is no text")),
        }
    }

    async fn ask(&mut self, words: &[&str]) -> Result<Value, ProbeError> {
        let broken = |error: std::io::Error| ProbeError::new(error);
        let mut command = Vec::new();
        resp::write_command(&mut command, words);
        self.stream.write_all(&command).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)?;
        match self.reply().await? {
            Value::Error(message) => {
                let message = String::from_utf8_lossy(&message);
                Err(ProbeError::new(format!("the server says: {message}")))
            }
            value => Ok(value),
        }
    }

    async fn reply(&mut self) -> Result<Value, ProbeError> {
        let mut decoder = ValueDecoder::new(LIMITS);
        loop {
            let (taken, value) = decoder.decode(&self.buffer).map_err(ProbeError::new)?;
            self.buffer.drain(..taken);
            if let Some(value) = value {
                return Ok(value);
            }
            if self.buffer.len() > REPLY_LIMIT {
                return Err(ProbeError::new("the reply is too long"));
            }
            self.buffer.reserve(READ_BYTES);
            let read = self.stream.read_buf(&mut self.buffer).await.map_err(ProbeError::new)?;
            if read == 0 {
                return Err(ProbeError::new("the server closed the connection"));
            }
        }
    }
}
