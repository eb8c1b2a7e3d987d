//! HyperLogLog: both servers count alike, and each reads what the other has written.
//!
//! Apart from the other streams: Redis keeps the last count in the string, and we do not.

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{Protocol, Value};

use super::{not_tested, number, ours::Ours, redis::Redis, show};

const KEYS: &[&str] = &["{h}a", "{h}b", "{h}c", "{h}none"];
const COMMANDS: usize = 300;

#[test]
fn elements_are_counted_as_redis_counts_them() {
    let Some(mut redis) = Redis::start() else {
        return not_tested("there is no redis-server");
    };
    let seed = number("PLIMSOLL_SEED").unwrap_or_else(|| Random::from_entropy().seed());
    let mut random = Random::seeded(seed);
    let mut ours = Ours::new(Protocol::Resp2);
    for _ in 0..COMMANDS {
        let command = make(&mut random);
        let (expected, found) = (redis.ask(&command), ours.ask(&command));
        let words = || command.iter().take(4).map(|word| word.escape_ascii().to_string());
        assert!(
            expected == found,
            "PLIMSOLL_SEED={seed} {:?} ..: redis {}, ours {}",
            words().collect::<Vec<_>>(),
            show(&expected),
            show(&found)
        );
    }
    for key in KEYS {
        let mut theirs = |command: &[Vec<u8>]| redis.ask(command);
        let mut ours = |command: &[Vec<u8>]| ours.ask(command);
        check_moves(&mut theirs, &mut ours, key);
        check_moves(&mut ours, &mut theirs, key);
    }
}

fn command(words: &[&[u8]]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.to_vec()).collect()
}

/// Few elements as well as so many that the form changes.
fn make(random: &mut Random) -> Vec<Vec<u8>> {
    let key = KEYS[random.below(KEYS.len() - 1)].as_bytes();
    match random.below(10) {
        0..=5 => {
            let most = [3, 30, 1_000][random.below(3)];
            let count = random.below(most);
            let elements = (0..count).map(|_| format!("element {}", random.below(40_000)));
            let elements: Vec<Vec<u8>> = elements.map(String::into_bytes).collect();
            [command(&[b"PFADD", key]), elements].concat()
        }
        6 => command(&[b"DEL", key]),
        7 => {
            let other = KEYS[random.below(KEYS.len())].as_bytes();
            command(&[b"PFMERGE", key, other])
        }
        8 => command(&[b"PFCOUNT", key]),
        _ => {
            let other = KEYS[random.below(KEYS.len())].as_bytes();
            command(&[b"PFCOUNT", key, other])
        }
    }
}

/// A copy on the other server counts as much.
fn check_moves(
    from: &mut dyn FnMut(&[Vec<u8>]) -> Value,
    to: &mut dyn FnMut(&[Vec<u8>]) -> Value,
    key: &str,
) {
    let count = command(&[b"PFCOUNT", key.as_bytes()]);
    let value = from(&command(&[b"GET", key.as_bytes()]));
    let Value::Bulk(value) = value else { return };
    to(&command(&[b"SET", b"{h}copy", &value]));
    let copied = to(&command(&[b"PFCOUNT", b"{h}copy"]));
    assert_eq!(copied, from(&count), "{key}");
    let added = to(&command(&[b"PFADD", b"{h}copy", b"one more"]));
    assert!(matches!(added, Value::Integer(0 | 1)), "{}", show(&added));
}
