//! A connection that sends many requests before it reads: what fills servers and replays traces.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    bench::Server,
    requests::{Protocol, Reply, resp},
};

/// Requests that are sent together.
const TOGETHER: usize = 512;
/// Or so many bytes of them.
const TOGETHER_BYTES: usize = 64 << 10;
/// A reply that does not come by then ends the measurement.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub(super) struct Client {
    pub(super) protocol: Protocol,
    output: TcpStream,
    input: BufReader<TcpStream>,
    line: Vec<u8>,
    /// Requests that are not sent yet.
    out: Vec<u8>,
    waiting: usize,
    /// Of those that were sent before, replies that were not read yet.
    owed: usize,
    /// Writes that were refused.
    pub(super) refused: u64,
}

impl Client {
    pub(super) fn connect(server: &Server) -> Result<Client> {
        let protocol = match server {
            Server::Ours(_) | Server::Redis(_) => Protocol::Resp,
            Server::Memcached(_) => Protocol::Memcached,
        };
        let output = TcpStream::connect(("127.0.0.1", server.port()))?;
        output.set_nodelay(true)?;
        output.set_read_timeout(Some(PATIENCE))?;
        let input = BufReader::with_capacity(TOGETHER_BYTES, output.try_clone()?);
        let (line, out) = (Vec::new(), Vec::new());
        Ok(Client { protocol, output, input, line, out, waiting: 0, owed: 0, refused: 0 })
    }

    /// Stores a value, together with others: when all have been given, [`Client::finish`].
    pub(super) fn store(&mut self, key: &[u8], value: &[u8], millis: Option<u64>) -> Result<()> {
        self.protocol.set(&mut self.out, key, value, millis);
        self.waiting += 1;
        if self.waiting >= TOGETHER || self.out.len() >= TOGETHER_BYTES {
            // The server works on these while the replies to those before are read.
            self.output.write_all(&self.out)?;
            self.out.clear();
            let sent = std::mem::take(&mut self.waiting);
            self.read_stored()?;
            self.owed = sent;
        }
        Ok(())
    }

    /// Sends what is left, and reads all replies.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.output.write_all(&self.out)?;
        self.out.clear();
        self.owed += std::mem::take(&mut self.waiting);
        self.read_stored()
    }

    fn read_stored(&mut self) -> Result<()> {
        for _ in 0..std::mem::take(&mut self.owed) {
            match self.protocol.reply(&mut self.input, &mut self.line)? {
                Reply::Stored => {}
                Reply::Refused => self.refused += 1,
                other => bail!("{other:?} to a write"),
            }
        }
        Ok(())
    }

    /// One command of RESP's, and the number that it gives.
    pub(super) fn number(&mut self, arguments: &[&[u8]]) -> Result<u64> {
        ensure!(self.protocol == Protocol::Resp, "memcached has no such commands");
        self.out.clear();
        resp(&mut self.out, arguments);
        self.output.write_all(&self.out)?;
        self.out.clear();
        self.line.clear();
        std::io::BufRead::read_until(&mut self.input, b'\n', &mut self.line)?;
        let text = String::from_utf8_lossy(&self.line).into_owned();
        let number = text.trim().strip_prefix(':').and_then(|digits| digits.parse().ok());
        number.with_context(|| format!("{text:?} is no number"))
    }
}

/// Stores what has `count` keys of redis-benchmark's, each with that value.
pub(super) fn fill(server: &Server, count: u64, value: &[u8]) -> Result<()> {
    let mut client = Client::connect(server)?;
    for number in 0..count {
        client.store(&super::requests::key(number), value, None)?;
    }
    client.finish()?;
    ensure!(client.refused == 0, "{} refused {} writes", server.name(), client.refused);
    Ok(())
}
