//! `httpDebug`: exchanges as text in the log.

use plimsoll_runtime::log::{Level, Log};
use plimsoll_wire::http1::RequestHead;

use super::{
    config::HttpDebug,
    exchange::{Incoming, Outgoing},
};

pub(super) fn request(log: &Log, mode: HttpDebug, outgoing: &Outgoing<'_>) {
    let head = RequestHead {
        method: outgoing.method,
        target: outgoing.target,
        host: outgoing.host,
        user_agent: outgoing.user_agent,
        content_length: outgoing.content_length,
        close: outgoing.say_close,
    };
    let mut text = Vec::new();
    head.write(&mut text, outgoing.fields.iter().copied());
    write(log, "Request", mode, &text, outgoing.body);
}

pub(super) fn response(log: &Log, mode: HttpDebug, incoming: &Option<Incoming>) {
    let Some(incoming) = incoming else { return };
    let mut text = format!("{} {}\r\n", incoming.proto.as_str(), incoming.status_text);
    for (name, value) in incoming.headers.iter() {
        for part in [&*name, ": ", &*value, "\r\n"] {
            text.push_str(part);
        }
    }
    text.push_str("\r\n");
    write(log, "Response", mode, text.as_bytes(), incoming.body.as_deref().unwrap_or_default());
}

fn write(log: &Log, what: &str, mode: HttpDebug, head: &[u8], body: &[u8]) {
    let head = String::from_utf8_lossy(head).replace("\r\n", "\n");
    let body = match mode {
        HttpDebug::Headers => "".into(),
        HttpDebug::Full => String::from_utf8_lossy(body),
    };
    log.write(Level::Info, &format!("{what}:\n{head}{body}\n"), &[("source", "http-debug")]);
}
