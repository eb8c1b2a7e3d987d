//! A client as CLIENT LIST and INFO show it: a line of fields.

use std::{fmt::Write as _, sync::atomic::Ordering};

use super::{Client, flag};
use crate::{serve::node::Node, store::Millis};

/// Without the end of the line.
pub(in crate::serve) fn line(node: &Node, client: &Client, now: Millis) -> String {
    let labels = client.labels();
    let seconds = |since: u64| now.0.saturating_sub(since) / 1_000;
    let load = |place: &std::sync::atomic::AtomicU32| place.load(Ordering::Relaxed);
    let input = client.input_bytes.load(Ordering::Relaxed);
    let output = client.output_bytes.load(Ordering::Relaxed) + client.mailbox.bytes();
    let last = node.index.spec(load(&client.last_command)).map_or("NULL", |spec| spec.name);
    let redirect = match client.redirect.load(Ordering::Relaxed) {
        0 if client.has(flag::TRACKING) => 0,
        0 => -1,
        id => i64::try_from(id).unwrap_or(i64::MAX),
    };
    let mut line = String::with_capacity(300);
    // Writing to a string cannot fail.
    write!(
        line,
        "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db=0 sub={} psub={} ssub={} \
         multi={} qbuf={input} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem={output} \
         tot-mem={} events=r cmd={last} user={} redir={redirect} resp={} lib-name={} lib-ver={}",
        client.id,
        client.peer,
        client.local,
        labels.name,
        client.age(now),
        seconds(client.last_active.load(Ordering::Relaxed)),
        flags(client),
        load(&client.channels),
        load(&client.patterns),
        load(&client.shard_channels),
        load(&client.queued).cast_signed(),
        size_of::<Client>() + input + output,
        labels.user,
        if client.has(flag::RESP3) { 3 } else { 2 },
        labels.lib_name,
        labels.lib_version,
    )
    .ok();
    line
}

/// Letters, `N` for none.
fn flags(client: &Client) -> String {
    let letters = [
        (flag::PUBSUB, 'P'),
        (flag::MONITOR, 'O'),
        (flag::MULTI, 'x'),
        (flag::BLOCKED, 'b'),
        (flag::TRACKING, 't'),
        (flag::TRACKING_BROKEN, 'R'),
        (flag::TRACKING_BROADCAST, 'B'),
        (flag::NO_EVICT, 'e'),
        (flag::NO_TOUCH, 'T'),
        (flag::CLOSING, 'c'),
    ];
    let set = letters.iter().filter(|(flag, _)| client.has(*flag)).map(|(_, letter)| *letter);
    let letters: String = set.collect();
    if letters.is_empty() { "N".to_owned() } else { letters }
}
