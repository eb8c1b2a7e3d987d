//! Requests and replies of both protocols, RESP and memcached's text.

use std::io::{self, BufRead, Read, Write};

/// What a server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Resp,
    Memcached,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Stored,
    /// A value of so many bytes.
    Hit(usize),
    Miss,
    Refused,
}

impl Protocol {
    pub(super) fn get(self, out: &mut Vec<u8>, key: &[u8]) {
        match self {
            Protocol::Resp => resp(out, &[b"GET", key]),
            Protocol::Memcached => {
                out.extend_from_slice(b"get ");
                out.extend_from_slice(key);
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Stores a value for so many milliseconds, or for good. memcached counts in seconds.
    pub(super) fn set(self, out: &mut Vec<u8>, key: &[u8], value: &[u8], millis: Option<u64>) {
        match (self, millis) {
            (Protocol::Resp, None) => resp(out, &[b"SET", key, value]),
            (Protocol::Resp, Some(millis)) => {
                let mut digits = Vec::with_capacity(20);
                decimal(&mut digits, millis);
                resp(out, &[b"SET", key, value, b"PX", &digits]);
            }
            (Protocol::Memcached, millis) => {
                out.extend_from_slice(b"set ");
                out.extend_from_slice(key);
                out.extend_from_slice(b" 0 ");
                decimal(out, millis.map_or(0, |millis| millis / 1_000));
                out.push(b' ');
                decimal(out, value.len() as u64);
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(value);
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Reads one reply; `line` is room for its first line.
    pub(super) fn reply(self, input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Reply> {
        line.clear();
        if input.read_until(b'\n', line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = line.trim_ascii_end();
        let length = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<usize>().ok();
        let malformed = || io::Error::other(format!("reply {:?}", String::from_utf8_lossy(text)));
        match (self, text) {
            (_, b"+OK" | b"STORED") => Ok(Reply::Stored),
            (_, b"$-1" | b"_" | b"END") => Ok(Reply::Miss),
            (Protocol::Resp, [b'$', digits @ ..]) => {
                let length = length(digits).ok_or_else(malformed)?;
                skip(input, length + 2)?;
                Ok(Reply::Hit(length))
            }
            (Protocol::Resp, [b'-', ..]) => Ok(Reply::Refused),
            (Protocol::Memcached, [b'V', b'A', b'L', b'U', b'E', ..]) => {
                let digits = text.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
                let length = length(digits).ok_or_else(malformed)?;
                skip(input, length + b"\r\nEND\r\n".len())?;
                Ok(Reply::Hit(length))
            }
            (Protocol::Memcached, [b'S', b'E', b'R', b'V', ..]) => Ok(Reply::Refused),
            _ => Err(malformed()),
        }
    }
}

fn skip(input: &mut impl BufRead, count: usize) -> io::Result<()> {
    io::copy(&mut input.take(count as u64), &mut io::sink()).map(|_| ())
}

/// One command.
pub(super) fn resp(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    out.push(b'*');
    decimal(out, arguments.len() as u64);
    out.extend_from_slice(b"\r\n");
    for argument in arguments {
        out.push(b'$');
        decimal(out, argument.len() as u64);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

fn decimal(out: &mut Vec<u8>, number: u64) {
    // Writing to a vector cannot fail.
    write!(out, "{number}").ok();
}

/// `key:` and twelve digits, as redis-benchmark names its keys.
pub(super) fn key(number: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut left = number;
    for digit in key.iter_mut().rev().take(12) {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    key
}

/// The numbers in an order that looks like none: as many different ones as it is given.
pub(super) fn mixed(number: u64) -> u64 {
    let once = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    once.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 16
}

#[cfg(test)]
mod tests {
    use super::{Protocol, Reply, key, resp};

    #[test]
    fn requests() {
        let mut out = Vec::new();
        resp(&mut out, &[b"GET", b"k"]);
        assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
        out.clear();
        Protocol::Resp.set(&mut out, b"k", b"vw", Some(1_500));
        assert_eq!(out, b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvw\r\n$2\r\nPX\r\n$4\r\n1500\r\n");
        out.clear();
        Protocol::Memcached.set(&mut out, b"k", b"vw", Some(1_500));
        assert_eq!(out, b"set k 0 1 2\r\nvw\r\n");
        assert_eq!(&key(120_034), b"key:000000120034");
    }

    #[test]
    fn replies() {
        let check = |protocol: Protocol, mut input: &[u8], expected: &[Reply]| {
            let mut line = Vec::new();
            for reply in expected {
                assert_eq!(protocol.reply(&mut input, &mut line).unwrap(), *reply);
            }
            assert!(protocol.reply(&mut input, &mut line).is_err(), "there is more: {input:?}");
        };
        let resp = b"+OK\r\n$2\r\nab\r\n$-1\r\n-OOM no\r\n:1\r\n";
        let expected = [Reply::Stored, Reply::Hit(2), Reply::Miss, Reply::Refused];
        check(Protocol::Resp, resp, &expected);
        let text =
            b"STORED\r\nVALUE k 0 2\r\nab\r\nEND\r\nEND\r\nSERVER_ERROR out of memory\r\nX\r\n";
        check(Protocol::Memcached, text, &expected);
    }
}
