//! Where a command's keys are, as far as finding its hash slot needs it.

/// The index of the first key among `arguments`, the command's name being 0; `None` when it has none.
///
/// Commands not named here have their first key right behind their name, as nearly all have.
pub fn first_key<A: AsRef<[u8]>>(arguments: &[A]) -> Option<usize> {
    let name = arguments.first()?.as_ref();
    let at = match place(name)? {
        Place::At(at) => at,
        Place::AfterCount(count) => {
            let keys = std::str::from_utf8(arguments.get(count)?.as_ref()).ok()?;
            keys.parse::<u64>().ok().filter(|keys| *keys > 0)?;
            count + 1
        }
        Place::AfterWord(word) => {
            let is_word = |argument: &A| argument.as_ref().eq_ignore_ascii_case(word);
            arguments.iter().position(is_word)? + 1
        }
    };
    (at < arguments.len()).then_some(at)
}

#[derive(Clone, Copy)]
enum Place {
    At(usize),
    /// Behind the argument of that index, which says how many there are.
    AfterCount(usize),
    AfterWord(&'static [u8]),
}

/// By name, in any case.
const PLACES: &[(&[&str], Place)] = &[
    (&["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"], Place::AfterCount(2)),
    (&["BLMPOP", "BZMPOP"], Place::AfterCount(2)),
    (
        &["ZUNION", "ZINTER", "ZDIFF", "ZINTERCARD", "SINTERCARD", "LMPOP", "ZMPOP"],
        Place::AfterCount(1),
    ),
    (&["XREAD", "XREADGROUP"], Place::AfterWord(b"STREAMS")),
    (&["BITOP", "OBJECT", "XINFO", "XGROUP", "MEMORY", "DEBUG"], Place::At(2)),
];

const WITHOUT_KEYS: &[&str] = &[
    "ACL",
    "ASKING",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "CLIENT",
    "CLUSTER",
    "COMMAND",
    "CONFIG",
    "DBSIZE",
    "DISCARD",
    "ECHO",
    "EXEC",
    "FAILOVER",
    "FLUSHALL",
    "FLUSHDB",
    "FUNCTION",
    "HELLO",
    "INFO",
    "KEYS",
    "LASTSAVE",
    "LATENCY",
    "LOLWUT",
    "MODULE",
    "MONITOR",
    "MULTI",
    "PING",
    "PSUBSCRIBE",
    "PUBLISH",
    "PUBSUB",
    "PUNSUBSCRIBE",
    "QUIT",
    "RANDOMKEY",
    "READONLY",
    "READWRITE",
    "REPLICAOF",
    "RESET",
    "ROLE",
    "SAVE",
    "SCAN",
    "SCRIPT",
    "SELECT",
    "SHUTDOWN",
    "SLAVEOF",
    "SLOWLOG",
    "SUBSCRIBE",
    "SWAPDB",
    "TIME",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
];

fn place(name: &[u8]) -> Option<Place> {
    let is_name = |candidate: &&str| candidate.as_bytes().eq_ignore_ascii_case(name);
    if WITHOUT_KEYS.iter().any(is_name) {
        return None;
    }
    let found = PLACES.iter().find(|(names, _)| names.iter().any(is_name));
    Some(found.map_or(Place::At(1), |(_, place)| *place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_keys() {
        for (command, expected) in [
            ("GET k", Some(1)),
            ("get k", Some(1)),
            ("GET", None),
            ("PING k", None),
            ("EVAL script 2 a b", Some(3)),
            ("EVAL script 0 a", None),
            ("EVAL script x a", None),
            ("ZUNION 1 k", Some(2)),
            ("XREAD COUNT 2 streams s 0", Some(4)),
            ("XREAD COUNT 2", None),
            ("OBJECT ENCODING k", Some(2)),
            ("", None),
        ] {
            let words: Vec<&str> = command.split_whitespace().collect();
            assert_eq!(first_key(&words), expected, "{command}");
        }
    }
}
