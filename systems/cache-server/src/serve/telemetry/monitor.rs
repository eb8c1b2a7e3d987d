//! MONITOR: every command that runs is told to those who asked to see them all.
//!
//! A monitor that does not read is closed at the limits of the class `pubsub`, as a listener of channels
//! is. While there is none, a batch costs one load of a counter.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::Command;

use super::REDACTED;
use crate::{
    commands::{Flags, Spec},
    serve::{
        clients::{Client, limits::ClassLimits},
        locked,
    },
    store::Millis,
};

/// Most arguments that are told; Redis tells all.
const ARGUMENTS_MAX: usize = 1_024;
/// Longest argument that is told whole, in bytes; Redis tells all.
const ARGUMENT_MAX: usize = 4 << 10;

/// Who monitors.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    count: AtomicUsize,
    all: Mutex<BTreeMap<u64, Arc<Client>>>,
}

impl Monitors {
    pub(crate) fn are_there(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn enter(&self, client: &Arc<Client>) {
        let mut all = locked(&self.all);
        all.insert(client.id, Arc::clone(client));
        self.count.store(all.len(), Ordering::Relaxed);
    }

    pub(crate) fn leave(&self, id: u64) {
        let mut all = locked(&self.all);
        all.remove(&id);
        self.count.store(all.len(), Ordering::Relaxed);
    }

    /// How many were closed, because they did not read.
    pub(crate) fn tell(
        &self,
        spec: &Spec,
        command: Command<'_>,
        client: &Client,
        limits: &ClassLimits,
        now: Millis,
    ) -> u64 {
        // What an administrator says is nobody's business, as in Redis.
        if spec.has(Flags::ADMIN) || spec.has(Flags::SKIP_MONITOR) {
            return 0;
        }
        let line = Bytes::from(line(spec, command, client));
        let all = locked(&self.all);
        let posted = all
            .values()
            .map(|monitor| monitor.mailbox.post(&line, limits.of(monitor.class()), now));
        posted.filter(|is_posted| !is_posted).count() as u64
    }
}

/// `+1339518083.107412 [0 127.0.0.1:60866] "set" "key" "value"`
fn line(spec: &Spec, command: Command<'_>, client: &Client) -> Vec<u8> {
    let micros = Instant::now().unix_nanos() / 1_000;
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let mut line = format!("+{seconds}.{micros:06} [0 {}]", client.peer).into_bytes();
    for argument in spec.shown(command).take(ARGUMENTS_MAX) {
        line.extend_from_slice(b" \"");
        match argument {
            None => line.extend_from_slice(REDACTED),
            Some(argument) => quote(&mut line, argument),
        }
        line.push(b'"');
    }
    if let Some(more) = command.len().checked_sub(ARGUMENTS_MAX).filter(|more| *more > 0) {
        line.extend_from_slice(format!(" ... ({more} more arguments)").as_bytes());
    }
    line.extend_from_slice(b"\r\n");
    line
}

fn quote(line: &mut Vec<u8>, argument: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let shown = argument.get(..ARGUMENT_MAX).unwrap_or(argument);
    for &byte in shown {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            7 => line.extend_from_slice(b"\\a"),
            8 => line.extend_from_slice(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'?');
                line.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    if shown.len() < argument.len() {
        let more = argument.len() - shown.len();
        line.extend_from_slice(format!("... ({more} more bytes)").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use plimsoll_wire::resp::{self, CommandDecoder};

    use super::*;
    use crate::{
        commands,
        serve::clients::{Clients, mailbox::Order},
    };

    fn client(clients: &Clients) -> Arc<Client> {
        let addr = SocketAddr::from(([127, 0, 0, 1], 7));
        clients.enter(addr, addr, 10, Millis(0)).unwrap()
    }

    fn tell(monitors: &Monitors, client: &Client, limits: &ClassLimits, words: &[&[u8]]) -> u64 {
        let mut bytes = Vec::new();
        resp::write_command(&mut bytes, words);
        let mut decoder = CommandDecoder::default();
        let command = decoder.decode(&bytes).unwrap().1.unwrap();
        let spec = commands::resolve(command).unwrap();
        monitors.tell(spec, command, client, limits, Millis(1))
    }

    /// What a command is shown as; `None` when it is not.
    fn check(words: &[&[u8]], expected: Option<&str>) {
        let (clients, monitors) = (Clients::default(), Monitors::default());
        let (monitor, other) = (client(&clients), client(&clients));
        monitors.enter(&monitor);
        assert_eq!(tell(&monitors, &other, &ClassLimits::DEFAULT, words), 0);
        let messages = monitor.mailbox.take().messages;
        let lines: Vec<String> =
            messages.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        let shown = lines.first().map(|line| {
            let (time, rest) = line.split_once(' ').unwrap();
            assert!(time.starts_with('+') && time.contains('.'), "{line}");
            rest.strip_prefix("[0 127.0.0.1:7] ").unwrap().strip_suffix("\r\n").unwrap()
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn commands_are_shown_as_redis_shows_them() {
        check(
            &[b"SET", b"a", b"b\"\\\n\r\t\x07\x08\x00\xff"],
            Some(r#""SET" "a" "b\"\\\n\r\t\a\b\x00\xff""#),
        );
        check(&[b"AUTH", b"ann", b"pw"], Some(r#""AUTH" "(redacted)" "(redacted)""#));
        check(
            &[b"HELLO", b"3", b"AUTH", b"ann", b"pw", b"SETNAME", b"me"],
            Some(r#""HELLO" "3" "AUTH" "(redacted)" "(redacted)" "SETNAME" "me""#),
        );
        check(&[b"CONFIG", b"SET", b"requirepass", b"pw"], None);
        check(&[b"MONITOR"], None);
    }

    #[test]
    fn lines_are_bounded() {
        let value = vec![b'v'; ARGUMENT_MAX + 10];
        let shown = format!("\"SET\" \"k\" \"{}... (10 more bytes)\"", "v".repeat(ARGUMENT_MAX));
        check(&[b"SET", b"k", &value], Some(&shown));
        let words: Vec<&[u8]> = std::iter::once(&b"DEL"[..])
            .chain(std::iter::repeat_n(&b"k"[..], ARGUMENTS_MAX + 1))
            .collect();
        let shown = format!("\"DEL\"{} ... (2 more arguments)", " \"k\"".repeat(ARGUMENTS_MAX - 1));
        check(&words, Some(&shown));
    }

    #[test]
    fn who_does_not_read_is_closed() {
        let (clients, monitors) = (Clients::default(), Monitors::default());
        let monitor = client(&clients);
        monitors.enter(&monitor);
        let limits = ClassLimits::DEFAULT.read("pubsub 300 0 0").unwrap();
        monitor.set(crate::serve::clients::flag::MONITOR, true);
        let closed: u64 =
            (0..10).map(|_| tell(&monitors, &monitor, &limits, &[b"GET", b"a"])).sum();
        assert_eq!(closed, 1);
        assert_eq!(monitor.mailbox.take().order, Some(Order::CloseUnsent));
        monitors.leave(monitor.id);
        assert!(!monitors.are_there());
    }
}
