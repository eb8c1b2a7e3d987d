//! One question to a server of a test: a GET over HTTP/1.0.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// A server that does not answer for so long hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The status and body; `query` is encoded. Nothing when nobody answers.
pub fn try_get(port: u16, path: &str, query: &[(&str, &str)]) -> Option<(u16, String)> {
    let mut target = path.to_owned();
    for (at, (name, value)) in query.iter().enumerate() {
        target.push_str(if at == 0 { "?" } else { "&" });
        target.push_str(&format!("{name}={}", encode(value)));
    }
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    write!(stream, "GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// As [`try_get`], where an answer in JSON must come; the status is not looked at.
pub fn get_json(port: u16, path: &str, query: &[(&str, &str)]) -> Value {
    let (status, body) = try_get(port, path, query)
        .unwrap_or_else(|| panic!("nobody answers on port {port} to {path} {query:?}"));
    serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {path} {query:?}: {status} {body}"))
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
