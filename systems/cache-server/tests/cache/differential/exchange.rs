//! What one server dumps, the other restores.

use plimsoll_wire::resp::Value;

use super::{Command, normal, ours::Ours, redis::Redis, show};

/// A server by either's way to ask it.
type Ask<'a> = &'a mut dyn FnMut(&Command) -> Value;

/// Moves every key that both have, either way, and compares what the copy holds; the first pair of
/// values, or of words on them, that is not equal.
pub(super) fn check(redis: &mut Redis, ours: &mut Ours) -> Option<[String; 2]> {
    let keys = redis.ask(&["KEYS", "*"]);
    let keys = keys.as_slice().expect("KEYS gives an array or a set");
    keys.iter().find_map(|key| {
        let key = key.as_bytes().expect("a key is a string");
        let mut theirs = |command: &Command| redis.ask(command);
        let mut ours = |command: &Command| ours.ask(command);
        let found = compare(&mut theirs, &mut ours, key);
        found.or_else(|| compare(&mut ours, &mut theirs, key).map(|[ours, theirs]| [theirs, ours]))
    })
}

fn compare(from: Ask<'_>, to: Ask<'_>, key: &[u8]) -> Option<[String; 2]> {
    let copy = [b"copy of ", key].concat();
    let payload = from(&command(&[b"DUMP", key]));
    let payload = payload.as_bytes().expect("the key is there");
    let restored = to(&command(&[b"RESTORE", &copy, b"0", payload, b"REPLACE"]));
    if restored != Value::Simple(b"OK".into()) {
        return Some([payload.escape_ascii().to_string(), show(&restored)]);
    }
    let (original, found) = (contents(from, key), contents(to, &copy));
    to(&command(&[b"DEL", &copy]));
    (original != found).then(|| [show(&original), show(&found)])
}

fn contents(ask: Ask<'_>, key: &[u8]) -> Value {
    let kind = ask(&command(&[b"TYPE", key]));
    let command = match kind.as_bytes() {
        Some(b"string") => command(&[b"GET", key]),
        Some(b"list") => command(&[b"LRANGE", key, b"0", b"-1"]),
        Some(b"set") => command(&[b"SMEMBERS", key]),
        Some(b"hash") => command(&[b"HGETALL", key]),
        Some(b"zset") => command(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]),
        _ => return kind,
    };
    normal(&command, ask(&command))
}

fn command(words: &[&[u8]]) -> Command {
    words.iter().map(|word| word.to_vec()).collect()
}
