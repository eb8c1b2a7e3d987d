//! A client that sends what it likes and reads whole replies of RESP2.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
};

use crate::cache::Cache;

/// Bytes that are sent before their replies are read: few enough for the replies to wait in the sockets.
const TOGETHER_BYTES: usize = 32 << 10;
/// Commands that are sent together.
const TOGETHER: usize = 1_000;

/// One connection.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    input: BufReader<TcpStream>,
    out: Vec<u8>,
    waiting: usize,
    /// First lines of replies that were errors.
    pub(super) errors: Vec<String>,
}

impl Peer {
    pub(super) fn connect(cache: &Cache) -> Peer {
        let stream = cache.connect();
        stream.set_nodelay(true).unwrap();
        let input = BufReader::new(stream.try_clone().unwrap());
        Peer { stream, input, out: Vec::new(), waiting: 0, errors: Vec::new() }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends an inline command; the first line of its reply, which is read to its end.
    pub(super) fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// Sends a command together with others; see [`Peer::finish`].
    pub(super) fn push(&mut self, arguments: &[&[u8]]) {
        command(&mut self.out, arguments);
        self.waiting += 1;
        if self.waiting >= TOGETHER || self.out.len() >= TOGETHER_BYTES {
            self.finish();
        }
    }

    /// Sends what is left, and reads the replies to all of it.
    pub(super) fn finish(&mut self) {
        let out = std::mem::take(&mut self.out);
        self.send(&out);
        for _ in 0..std::mem::take(&mut self.waiting) {
            let line = self.reply();
            if line.starts_with('-') {
                self.errors.push(line);
            }
        }
    }

    /// Reads a whole reply; its first line.
    pub(super) fn reply(&mut self) -> String {
        let line = self.line();
        // Of elements that are still to come, nested ones included.
        let mut left = self.rest_of(&line);
        while left > 0 {
            let inner = self.line();
            left = left - 1 + self.rest_of(&inner);
        }
        line
    }

    /// Reads what belongs to a line but elements; how many elements follow it.
    fn rest_of(&mut self, line: &str) -> u64 {
        let length = |text: &str| text.parse::<i64>().unwrap().max(0).unsigned_abs();
        match line.split_at(1) {
            ("$", "-1") => 0,
            ("$", text) => {
                let mut value = self.input.by_ref().take(length(text) + 2);
                assert_eq!(
                    std::io::copy(&mut value, &mut std::io::sink()).unwrap(),
                    length(text) + 2
                );
                0
            }
            ("*", text) => length(text),
            _ => 0,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.input.read_line(&mut line).unwrap_or_else(|error| panic!("no reply: {error}"));
        assert!(line.ends_with("\r\n"), "the server has closed the connection after {line:?}");
        line.trim_end().to_owned()
    }

    /// Everything until the server closes the connection.
    pub(super) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        if let Err(error) = self.input.read_to_end(&mut rest) {
            // A reset is an end too.
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the connection stays open");
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// A number that INFO tells.
    pub(super) fn info(&mut self, section: &str, name: &str) -> u64 {
        self.send(format!("INFO {section}\r\n").as_bytes());
        let head = self.line();
        let mut text = String::new();
        let length: u64 = head.trim_start_matches('$').parse().unwrap();
        self.input.by_ref().take(length + 2).read_to_string(&mut text).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in\n{text}"))
    }
}

/// One command as clients send it.
pub(super) fn command(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    // Writing to a vector cannot fail.
    write!(out, "*{}\r\n", arguments.len()).unwrap();
    for argument in arguments {
        write!(out, "${}\r\n", argument.len()).unwrap();
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}
