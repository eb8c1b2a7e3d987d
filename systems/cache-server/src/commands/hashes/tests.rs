//! Hash commands: shapes of replies, errors, limits.

use plimsoll_wire::resp::Protocol;

use crate::commands::check::{Rig, check};

#[test]
fn replies() {
    check(
        Protocol::Resp2,
        &[
            ("hset h a 1 b 2 a 3", ":2"),
            ("hset h a", "-ERR wrong number of arguments for 'hset' command"),
            ("hmset h c 4 d", "-ERR wrong number of arguments for 'hmset' command"),
            ("hmset h c 4", "+OK"),
            ("hget h a", "$1 3"),
            ("hget h none", "$-1"),
            ("hget none a", "$-1"),
            ("hmget h a none c", "*3 $1 3 $-1 $1 4"),
            ("hgetall h", "*6 $1 a $1 3 $1 b $1 2 $1 c $1 4"),
            ("hgetall none", "*0"),
            ("hkeys h", "*3 $1 a $1 b $1 c"),
            ("hvals h", "*3 $1 3 $1 2 $1 4"),
            ("hstrlen h a", ":1"),
            ("hexists h b", ":1"),
            ("hsetnx h b 9", ":0"),
            ("hsetnx h e 9", ":1"),
            ("hdel h a b none", ":2"),
            ("hlen h", ":2"),
            ("hscan h 0 match c", "*2 $1 0 *2 $1 c $1 4"),
            ("hscan h 0 novalues match c", "*2 $1 0 *1 $1 c"),
            ("hscan h 0 count 0", "-ERR syntax error"),
            ("hscan none 0 count 0", "*2 $1 0 *0"),
            ("hscan h x", "-ERR invalid cursor"),
            ("set s v", "+OK"),
            ("hget s a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ],
    );
    check(
        Protocol::Resp3,
        &[
            ("hset h a 1", ":1"),
            ("hgetall h", "%1 $1 a $1 1"),
            ("hgetall none", "%0"),
            ("hget h none", "_"),
            ("hrandfield h 5 withvalues", "*1 *2 $1 a $1 1"),
            ("hrandfield h -2", "*2 $1 a $1 a"),
            ("hrandfield none", "_"),
            ("hrandfield none 5", "*0"),
        ],
    );
}

#[test]
fn numbers() {
    check(
        Protocol::Resp2,
        &[
            ("hincrby h n 5", ":5"),
            ("hincrby h n 9223372036854775807", "-ERR increment or decrement would overflow"),
            ("hincrby h n 1.5", "-ERR value is not an integer or out of range"),
            ("hset h t text", ":1"),
            ("hincrby h t 1", "-ERR hash value is not an integer"),
            ("hincrbyfloat h t 1", "-ERR hash value is not a float"),
            ("hincrbyfloat h n 0.1", "$3 5.1"),
            ("hincrbyfloat h n nan", "-ERR value is not a valid float"),
            ("hincrbyfloat h n inf", "-ERR value is NaN or Infinity"),
            ("hincrbyfloat other n abc", "-ERR value is not a valid float"),
            ("exists other", ":0"),
        ],
    );
}

#[test]
fn huge_counts_are_refused_or_cut() {
    check(
        Protocol::Resp2,
        &[
            ("hset h a 1", ":1"),
            ("hrandfield h 9223372036854775807", "*1 $1 a"),
            ("hrandfield h -9223372036854775808", "-ERR value is out of range"),
            ("hrandfield h -2000000", "-ERR value is out of range"),
            ("hscan h 18446744073709551615 count 9223372036854775807", "*2 $1 0 *2 $1 a $1 1"),
        ],
    );
}

#[test]
fn the_last_field_takes_the_key_with_it() {
    let mut rig = Rig::new(Protocol::Resp2);
    rig.ask("hset h a 1 b 2");
    assert_eq!(rig.changes(), ["hset h"]);
    rig.ask("hdel h a");
    assert_eq!(rig.changes(), ["hdel h"]);
    rig.ask("hdel h a");
    assert!(rig.changes().is_empty());
    rig.ask("hdel h b");
    assert_eq!(rig.changes(), ["hdel h", "del h"]);
    assert_eq!(rig.ask("exists h"), ":0");
}

#[test]
fn walks_over_a_large_hash_see_every_field() {
    let mut rig = Rig::new(Protocol::Resp2);
    for number in 0..500 {
        rig.ask(&format!("hset h f{number} v"));
    }
    let (mut cursor, mut seen) = ("0".to_owned(), std::collections::BTreeSet::new());
    for _ in 0..500 {
        let reply = rig.ask(&format!("hscan h {cursor} count 7"));
        let mut words = reply.split(' ').skip(2).map(str::to_owned);
        cursor = words.next().unwrap();
        seen.extend(words.filter(|word| word.starts_with('f')));
        if cursor == "0" {
            break;
        }
    }
    assert_eq!((seen.len(), cursor.as_str()), (500, "0"));
}
