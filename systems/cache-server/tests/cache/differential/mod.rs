//! Random streams of commands to a real redis-server and to ours, compared reply by reply.
//!
//! A stream that shows a difference is shortened until every command of it is needed, and printed with
//! the seed. `PLIMSOLL_SEED` repeats a run, `PLIMSOLL_STREAMS` makes it longer.

mod arguments;
mod bits;
mod collections;
mod exchange;
mod hyperloglog;
mod keys;
mod ours;
mod redis;
mod sorted_sets;
mod strings;
mod transactions;

use std::{fs::OpenOptions, io::Write};

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{Protocol, Value};

use self::{arguments::Arguments, ours::Ours, redis::Redis};

/// Streams of one run for each protocol, and commands in each.
const STREAMS: usize = 40;
const STREAM_LENGTH: usize = 150;

type Command = Vec<Vec<u8>>;

/// What makes commands of one family.
type Family = fn(&mut Arguments<'_>) -> Command;

const FAMILIES: &[(&str, Family)] = &[
    ("strings", strings::command),
    ("bits", bits::command),
    ("keys", keys::command),
    ("hashes", collections::hash),
    ("lists", collections::list),
    ("sets", collections::set),
    ("sorted sets", sorted_sets::command),
    ("transactions", transactions::command),
];

#[test]
fn replies_are_those_of_redis() {
    let Some(mut redis) = Redis::start() else {
        return not_tested("there is no redis-server");
    };
    let seed = number("PLIMSOLL_SEED").unwrap_or_else(|| Random::from_entropy().seed());
    let streams = number("PLIMSOLL_STREAMS").map_or(STREAMS, |streams| streams as usize);
    let mut random = Random::seeded(seed);
    for stream in 0..streams {
        let protocol = if stream % 2 == 0 { Protocol::Resp2 } else { Protocol::Resp3 };
        redis.flush();
        redis.speak(protocol);
        let commands = make(&mut random, stream);
        if let Some(difference) = difference(&mut redis, &commands, protocol) {
            let length = difference.place + 1;
            let shortest = shorten(&mut redis, commands[..length].to_vec(), protocol);
            fail(&mut redis, &shortest, protocol, seed);
        }
    }
}

/// Each stream keeps to one or two families more than to the others, so that keys have histories.
fn make(random: &mut Random, stream: usize) -> Vec<Command> {
    let own = stream % FAMILIES.len();
    let other = random.below(FAMILIES.len());
    (0..STREAM_LENGTH)
        .map(|_| {
            let family = match random.below(10) {
                0..=6 => own,
                7 | 8 => other,
                _ => random.below(FAMILIES.len()),
            };
            FAMILIES[family].1(&mut Arguments::new(random))
        })
        .collect()
}

struct Difference {
    place: usize,
    theirs: String,
    ours: String,
}

/// The first command whose replies differ; the last one when only dumps do.
fn difference(redis: &mut Redis, commands: &[Command], protocol: Protocol) -> Option<Difference> {
    redis.flush();
    let mut ours = Ours::new(protocol);
    let found = commands.iter().enumerate().find_map(|(place, command)| {
        let theirs = normal(command, redis.ask(command));
        let ours = normal(command, ours.ask(command));
        (theirs != ours).then(|| Difference { place, theirs: show(&theirs), ours: show(&ours) })
    });
    found.or_else(|| {
        let discard = vec![b"DISCARD".to_vec()];
        redis.ask(&discard);
        ours.ask(&discard);
        let [theirs, ours] = exchange::check(redis, &mut ours)?;
        Some(Difference { place: commands.len().checked_sub(1)?, theirs, ours })
    })
}

/// Leaves out commands as long as the last one's replies still differ.
fn shorten(redis: &mut Redis, mut commands: Vec<Command>, protocol: Protocol) -> Vec<Command> {
    let mut size = commands.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size < commands.len() {
            let mut fewer = commands.clone();
            fewer.drain(at..at + size);
            match difference(redis, &fewer, protocol) {
                Some(found) => {
                    fewer.truncate(found.place + 1);
                    commands = fewer;
                }
                None => at += size,
            }
        }
        size /= 2;
    }
    commands
}

fn fail(redis: &mut Redis, commands: &[Command], protocol: Protocol, seed: u64) {
    let mut text = format!("PLIMSOLL_SEED={seed} {protocol:?}\n");
    for command in commands {
        let words: Vec<String> =
            command.iter().map(|word| word.escape_ascii().to_string()).collect();
        text.push_str(&format!("  {}\n", words.join(" ")));
    }
    let found = difference(redis, commands, protocol);
    let found = found.expect("the same stream differs again");
    panic!("{text}redis {}\nours  {}", found.theirs, found.ours);
}

fn show(value: &Value) -> String {
    match value.as_bytes() {
        Some(bytes) => format!("{} ({value:?})", bytes.escape_ascii()),
        None => format!("{value:?}"),
    }
}

/// The reply without what may differ: the order of sets and hashes, and the last digits of doubles,
/// which redis-server 7.0 writes with 17 digits where later ones write the shortest text.
fn normal(command: &Command, reply: Value) -> Value {
    let name = command[0].to_ascii_lowercase();
    let is = |names: &[&str]| names.iter().any(|other| other.as_bytes() == name);
    let mut reply = shortest(reply, is(&["incrbyfloat", "hincrbyfloat", "get", "hget"]));
    if is(&[
        "smembers", "sinter", "sunion", "sdiff", "hkeys", "hvals", "keys", "scan", "sscan",
        "hscan", "hgetall",
    ]) {
        sort(&mut reply, is(&["hgetall", "hscan"]));
    }
    if is(&["exec"]) {
        return coarse(reply);
    }
    // A millisecond may pass between the two servers.
    if let Value::Integer(time) = reply
        && is(&["ttl", "pttl", "expiretime", "pexpiretime"])
    {
        return Value::Integer(if time > 0 { time / 20_000 } else { time });
    }
    reply
}

fn shortest(value: Value, is_exact: bool) -> Value {
    let all = |values: Vec<Value>| values.into_iter().map(|v| shortest(v, is_exact)).collect();
    match value {
        // Redis's packed sorted sets forget the sign of zero, its others keep it.
        Value::Bulk(bytes) if bytes == b"-0" => Value::Bulk(b"0".into()),
        Value::Bulk(bytes) if !is_exact && bytes.contains(&b'.') => {
            let text = std::str::from_utf8(&bytes).ok();
            let number: Option<f64> = text.and_then(|text| text.parse().ok());
            number.map_or(Value::Bulk(bytes), |number| Value::Bulk(number.to_string().into()))
        }
        Value::Array(values) => Value::Array(all(values)),
        Value::Set(values) => Value::Set(all(values)),
        other => other,
    }
}

/// Without any order and without the last seconds: what a transaction's replies are to is not known.
fn coarse(value: Value) -> Value {
    match value {
        Value::Array(replies) => {
            let replies = replies.into_iter().map(|mut reply| {
                if let Value::Array(values) | Value::Set(values) = &mut reply {
                    *values = values.drain(..).map(coarse).collect();
                }
                sort(&mut reply, false);
                coarse_time(reply)
            });
            Value::Array(replies.collect())
        }
        other => coarse_time(other),
    }
}

fn coarse_time(value: Value) -> Value {
    match value {
        Value::Integer(time) if time > 20_000 => Value::Integer(time / 20_000),
        other => other,
    }
}

fn sort(value: &mut Value, has_pairs: bool) {
    let by_text = |value: &Value| format!("{value:?}");
    match value {
        Value::Array(values) | Value::Set(values) => {
            // The cursor and what it gave.
            if let [Value::Bulk(_), inner @ Value::Array(_)] = &mut values[..] {
                return sort(inner, has_pairs);
            }
            if has_pairs {
                let mut pairs: Vec<Vec<Value>> = values.chunks(2).map(<[Value]>::to_vec).collect();
                pairs.sort_by_key(|pair| format!("{pair:?}"));
                *values = pairs.concat();
            } else {
                values.sort_by_key(by_text);
            }
        }
        Value::Map(pairs) => pairs.sort_by_key(|pair| format!("{pair:?}")),
        _ => {}
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// `cargo xtask test` prints these lines and counts them.
#[expect(clippy::print_stderr, reason = "for whoever runs this test alone")]
fn not_tested(why: &str) {
    eprintln!("not tested: {why}");
    let Some(file) = std::env::var_os("PLIMSOLL_NOT_TESTED") else { return };
    let file = OpenOptions::new().create(true).append(true).open(&file);
    let line = format!("cache, replies_are_those_of_redis: {why}\n");
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("PLIMSOLL_NOT_TESTED names a file that can be written");
}
