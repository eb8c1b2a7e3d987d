//! Appending commands and replies to a buffer that is used again and again.

use std::borrow::Cow;

use super::token::Aggregate;

/// Longest line with a length, in bytes: its type, 20 digits and its end.
const LENGTH_LINE_MAX: usize = 23;

/// Which version the peer asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// A whole command.
pub fn write_command<A: AsRef<[u8]>>(
    out: &mut Vec<u8>,
    arguments: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
) {
    let arguments = arguments.into_iter();
    write_command_header(out, arguments.len());
    for argument in arguments {
        write_bulk(out, argument.as_ref());
    }
}

/// The head of a command of `count` arguments, its name included; as many [`write_bulk`] follow.
#[inline]
pub fn write_command_header(out: &mut Vec<u8>, count: usize) {
    write_length(out, b'*', count);
}

#[inline]
pub fn write_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + LENGTH_LINE_MAX + 2);
    write_length(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// A simple string; line ends in it become blanks.
pub fn write_simple(out: &mut Vec<u8>, text: &[u8]) {
    write_line(out, b'+', text);
}

/// A simple error; line ends in it become blanks.
pub fn write_error(out: &mut Vec<u8>, text: &[u8]) {
    write_line(out, b'-', text);
}

/// An error whose line ends RESP3 can keep.
pub(super) fn write_whole_error(out: &mut Vec<u8>, text: &[u8], protocol: Protocol) {
    if protocol == Protocol::Resp2 || !text.iter().any(is_line_end) {
        return write_error(out, text);
    }
    write_length(out, b'!', text.len());
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

pub fn write_integer(out: &mut Vec<u8>, value: i64) {
    out.push(b':');
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.extend_from_slice(b"\r\n");
}

pub fn write_null(out: &mut Vec<u8>, protocol: Protocol) {
    out.extend_from_slice(match protocol {
        Protocol::Resp2 => b"$-1\r\n",
        Protocol::Resp3 => b"_\r\n",
    });
}

/// The head of an aggregate of `count` values, or pairs where it has pairs. In RESP2 all are arrays.
pub fn write_aggregate(out: &mut Vec<u8>, aggregate: Aggregate, count: usize, protocol: Protocol) {
    let has_pairs = matches!(aggregate, Aggregate::Map | Aggregate::Attribute);
    match (protocol, aggregate) {
        (Protocol::Resp2, _) if has_pairs => write_length(out, b'*', count.saturating_mul(2)),
        (Protocol::Resp2, _) | (_, Aggregate::Array) => write_length(out, b'*', count),
        (Protocol::Resp3, Aggregate::Map) => write_length(out, b'%', count),
        (Protocol::Resp3, Aggregate::Set) => write_length(out, b'~', count),
        (Protocol::Resp3, Aggregate::Push) => write_length(out, b'>', count),
        (Protocol::Resp3, Aggregate::Attribute) => write_length(out, b'|', count),
    }
}

pub(super) fn write_boolean(out: &mut Vec<u8>, value: bool, protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => write_integer(out, i64::from(value)),
        Protocol::Resp3 => out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" }),
    }
}

pub(super) fn write_double(out: &mut Vec<u8>, value: f64, protocol: Protocol) {
    // Rust writes `inf`, `-inf` and `NaN`; the last is lower case in RESP.
    let text = if value.is_nan() { "nan".to_owned() } else { value.to_string() };
    match protocol {
        Protocol::Resp2 => write_bulk(out, text.as_bytes()),
        Protocol::Resp3 => write_line(out, b',', text.as_bytes()),
    }
}

pub(super) fn write_big_number(out: &mut Vec<u8>, digits: &[u8], protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => write_bulk(out, digits),
        Protocol::Resp3 => write_line(out, b'(', digits),
    }
}

pub(super) fn write_verbatim(out: &mut Vec<u8>, format: [u8; 3], text: &[u8], protocol: Protocol) {
    if protocol == Protocol::Resp2 {
        return write_bulk(out, text);
    }
    write_length(out, b'=', text.len().saturating_add(4));
    out.extend_from_slice(&format);
    out.push(b':');
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn write_length(out: &mut Vec<u8>, kind: u8, length: usize) {
    let digit = |number: usize| b'0' + (number % 10) as u8;
    match length {
        0..10 => out.extend_from_slice(&[kind, digit(length), b'\r', b'\n']),
        10..100 => {
            out.extend_from_slice(&[kind, digit(length / 10), digit(length), b'\r', b'\n']);
        }
        _ => {
            out.push(kind);
            out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn write_line(out: &mut Vec<u8>, kind: u8, text: &[u8]) {
    let text = if text.iter().any(is_line_end) {
        let blank = |byte| if is_line_end(byte) { b' ' } else { *byte };
        Cow::Owned(text.iter().map(blank).collect())
    } else {
        Cow::Borrowed(text)
    };
    out.push(kind);
    out.extend_from_slice(&text);
    out.extend_from_slice(b"\r\n");
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
