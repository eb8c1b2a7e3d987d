//! Request heads and chunked bodies, written.

use std::io::Write;

/// A request head without its free fields. Field order and spelling are Go's: `Host`,
/// `User-Agent`, the body's length, then the caller's fields.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    pub method: &'a str,
    /// Path and query, or an absolute URL through a proxy, or `host:port` for CONNECT.
    pub target: &'a str,
    pub host: &'a str,
    /// Not sent when empty.
    pub user_agent: &'a str,
    /// Not sent when `None`.
    pub content_length: Option<u64>,
    /// Adds `Connection: close` at the end.
    pub close: bool,
}

impl RequestHead<'_> {
    /// Appends the head with `fields` in their order. The caller has checked the method, names and
    /// values ([`is_field_name`], [`is_field_value`]): nothing is escaped here.
    pub fn write<'f>(&self, out: &mut Vec<u8>, fields: impl Iterator<Item = (&'f [u8], &'f [u8])>) {
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.target.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
        out.extend_from_slice(self.host.as_bytes());
        out.extend_from_slice(b"\r\n");
        if !self.user_agent.is_empty() {
            write_field(out, b"User-Agent", self.user_agent.as_bytes());
        }
        if let Some(length) = self.content_length {
            write_field(out, b"Content-Length", itoa::Buffer::new().format(length).as_bytes());
        }
        for (name, value) in fields {
            write_field(out, name, value);
        }
        if self.close {
            write_field(out, b"Connection", b"close");
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Appends one chunk. An empty one would end the body, so nothing is written for it.
pub fn write_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    // Writing to a Vec cannot fail.
    if write!(out, "{:x}\r\n", data.len()).is_ok() {
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends the end of a chunked body, without trailers.
pub fn write_last_chunk(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n\r\n");
}

/// Whether `name` is a token (RFC 9110, section 5.6.2); also the rule for methods.
pub fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether `value` may stand in a field: no control characters but tab.
pub fn is_field_value(value: &[u8]) -> bool {
    value.iter().all(|&b| (b >= 0x20 && b != 0x7f) || b == b'\t')
}
