//! The same for Redis clients: every command is answered at once, and nothing is kept.
//!
//! What clients say first, and what has an answer of one kind only, is answered so that they go on.
//! Any other command gets the same bytes, or a null where there are none.

use std::ops::ControlFlow;

use bytes::{Buf, Bytes, BytesMut};
use plimsoll_wire::resp::{
    Aggregate, Command, CommandDecoder, Limits, Protocol, write_aggregate, write_bulk, write_error,
    write_integer, write_null, write_simple,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What every command begins with, unless it is typed by hand.
pub(super) const ARRAY: u8 = b'*';

/// Longest command, in bytes, with all that came behind it.
const COMMAND_BYTES_MAX: usize = 64 << 20;
/// Most arguments of one command.
const ARGUMENTS_MAX: usize = 1 << 20;
/// Room that is made for what comes.
const READ_BYTES: usize = 16 << 10;
/// Answers that are gathered before they are sent: a pipeline's, but not those of a long one at once.
const ANSWERS_BYTES: usize = 64 << 10;

/// Commands whose only good answer is "OK".
const OK: [&str; 14] = [
    "SET", "MSET", "SETEX", "PSETEX", "HMSET", "LSET", "LTRIM", "RENAME", "FLUSHALL", "FLUSHDB",
    "SELECT", "AUTH", "CLIENT", "CONFIG",
];
/// Those whose answer is a number.
const NUMBER: [&str; 24] = [
    "INCR", "DECR", "INCRBY", "DECRBY", "DEL", "UNLINK", "EXISTS", "EXPIRE", "PEXPIRE", "TTL",
    "PTTL", "SETNX", "APPEND", "STRLEN", "LPUSH", "RPUSH", "LLEN", "HSET", "HDEL", "HLEN", "SADD",
    "SREM", "SCARD", "ZADD",
];

/// Until the client is gone or says something that is no command.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, body: Bytes) {
    let limits = Limits { bulk: COMMAND_BYTES_MAX, elements: ARGUMENTS_MAX, ..Limits::default() };
    let mut decoder = CommandDecoder::new(limits);
    let mut answers = Answers { body, protocol: Protocol::default(), out: Vec::new() };
    let mut input = BytesMut::new();
    loop {
        let outcome = answer_all(&mut decoder, &mut input, &mut answers, &mut stream).await;
        if answers.send(&mut stream).await.is_break() || outcome.is_break() {
            return;
        }
        input.reserve(READ_BYTES);
        if input.len() > COMMAND_BYTES_MAX || !matches!(stream.read_buf(&mut input).await, Ok(1..))
        {
            return;
        }
    }
}

/// All commands that are whole.
async fn answer_all<S: AsyncWrite + Unpin>(
    decoder: &mut CommandDecoder,
    input: &mut BytesMut,
    answers: &mut Answers,
    stream: &mut S,
) -> ControlFlow<()> {
    loop {
        let (length, answered) = match decoder.decode(input) {
            Ok((length, command)) => (length, command.map(|command| answers.add(command))),
            Err(error) => {
                write_error(&mut answers.out, format!("ERR {error}").as_bytes());
                return ControlFlow::Break(());
            }
        };
        input.advance(length);
        match answered {
            Some(flow) => flow?,
            None => return ControlFlow::Continue(()),
        }
        if answers.out.len() >= ANSWERS_BYTES {
            answers.send(stream).await?;
        }
    }
}

struct Answers {
    /// Of commands that may be answered with anything.
    body: Bytes,
    protocol: Protocol,
    /// Not sent yet.
    out: Vec<u8>,
}

impl Answers {
    async fn send<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> ControlFlow<()> {
        if self.out.is_empty() {
            return ControlFlow::Continue(());
        }
        let sent = stream.write_all(&self.out).await;
        self.out.clear();
        if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Whether the client stays.
    fn add(&mut self, command: Command<'_>) -> ControlFlow<()> {
        let name = command.get(0).unwrap_or_default();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let out = &mut self.out;
        if is("GET") {
            self.add_body();
        } else if OK.into_iter().any(is) {
            write_simple(out, b"OK");
        } else if is("PING") {
            match command.get(1) {
                Some(text) => write_bulk(out, text),
                None => write_simple(out, b"PONG"),
            }
        } else if NUMBER.into_iter().any(is) {
            write_integer(out, 1);
        } else if is("HELLO") {
            self.greet(command.get(1));
        } else if is("COMMAND") {
            write_aggregate(out, Aggregate::Array, 0, self.protocol);
        } else if is("INFO") {
            write_bulk(out, b"# Server\r\nredis_version:7.4.0\r\nredis_mode:standalone\r\n");
        } else if is("QUIT") {
            write_simple(out, b"OK");
            return ControlFlow::Break(());
        } else {
            self.add_body();
        }
        ControlFlow::Continue(())
    }

    fn add_body(&mut self) {
        match self.body.is_empty() {
            true => write_null(&mut self.out, self.protocol),
            false => write_bulk(&mut self.out, &self.body),
        }
    }

    /// Speaks the version that the client asks for, from here on.
    fn greet(&mut self, version: Option<&[u8]>) {
        self.protocol = match version {
            None => self.protocol,
            Some(b"2") => Protocol::Resp2,
            Some(b"3") => Protocol::Resp3,
            Some(_) => return write_error(&mut self.out, b"NOPROTO unsupported protocol version"),
        };
        let (out, protocol) = (&mut self.out, self.protocol);
        write_aggregate(out, Aggregate::Map, 4, protocol);
        for (key, value) in [("server", "redis"), ("version", "7.4.0"), ("mode", "standalone")] {
            write_bulk(out, key.as_bytes());
            write_bulk(out, value.as_bytes());
        }
        write_bulk(out, b"proto");
        write_integer(out, if protocol == Protocol::Resp3 { 3 } else { 2 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client that says `said` and hangs up gets.
    async fn check(body: &'static [u8], said: &[u8], expected: &str) {
        let (mut client, server) = tokio::io::duplex(64);
        let talk = async {
            let (mut reading, mut writing) = tokio::io::split(&mut client);
            let mut heard = Vec::new();
            let (written, read) = tokio::join!(
                async {
                    let written = writing.write_all(said).await;
                    writing.shutdown().await.and(written)
                },
                reading.read_to_end(&mut heard)
            );
            written.and(read.map(drop)).unwrap();
            heard
        };
        let (heard, ()) = tokio::join!(talk, converse(server, Bytes::from_static(body)));
        assert_eq!(String::from_utf8(heard).unwrap(), expected);
    }

    #[tokio::test]
    async fn commands_are_answered_in_order() {
        let said = b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nget\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n\
            *2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*1\r\n$7\r\nCOMMAND\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n";
        check(b"abc", said, "+PONG\r\n$3\r\nabc\r\n+OK\r\n:1\r\n*0\r\n$3\r\nabc\r\n").await;
        check(b"", said, "+PONG\r\n$-1\r\n+OK\r\n:1\r\n*0\r\n$-1\r\n").await;
    }

    #[tokio::test]
    async fn the_version_is_the_clients() {
        let said =
            b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nQUIT\r\n";
        let greeting = "%4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$4\r\nmode\r\n\
            $10\r\nstandalone\r\n$5\r\nproto\r\n:3\r\n";
        check(b"", said, &format!("{greeting}_\r\n+OK\r\n")).await;
        check(
            b"",
            b"*2\r\n$5\r\nHELLO\r\n$1\r\n9\r\n",
            "-NOPROTO unsupported protocol version\r\n",
        )
        .await;
    }

    #[tokio::test]
    async fn what_is_no_command_ends_it() {
        check(b"", b"*1\r\n!", "-ERR Protocol error: expected '$', got '!'\r\n").await;
    }

    /// Longer than what is gathered, and than what the pipe takes at a time.
    #[tokio::test]
    async fn a_long_pipeline_is_answered_while_it_comes() {
        let said = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(3_000);
        let body: &'static [u8] = &[b'x'; 100];
        let one = format!("$100\r\n{}\r\n", "x".repeat(100));
        check(body, &said, &one.repeat(3_000)).await;
    }
}
