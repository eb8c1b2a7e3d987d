//! Set commands: shapes of replies, errors, limits.

use plimsoll_wire::resp::Protocol;

use crate::commands::check::{Rig, check};

#[test]
fn replies() {
    check(
        Protocol::Resp2,
        &[
            ("sadd s 3 1 2 3", ":3"),
            ("smembers s", "*3 $1 1 $1 2 $1 3"),
            ("sadd t 2 3 4", ":3"),
            ("sinter s t", "*2 $1 2 $1 3"),
            ("sinter s none", "*0"),
            ("sdiff s t", "*1 $1 1"),
            ("sunion s t none", "*4 $1 1 $1 2 $1 3 $1 4"),
            ("sinterstore u s t", ":2"),
            ("sdiffstore u s s", ":0"),
            ("exists u", ":0"),
            ("sintercard 2 s t limit 1", ":1"),
            ("sintercard 3 s t", "-ERR Number of keys can't be greater than number of args"),
            ("sintercard 0 s t", "-ERR numkeys should be greater than 0"),
            ("sintercard 2 s t limit -1", "-ERR LIMIT can't be negative"),
            ("smismember s 1 9", "*2 :1 :0"),
            ("smove s t 1", ":1"),
            ("smove s t 1", ":0"),
            ("scard t", ":4"),
            ("srem t 1 2 3 4 5", ":4"),
            ("exists t", ":0"),
            ("spop t", "$-1"),
            ("spop t 5", "*0"),
            ("srandmember t", "$-1"),
            ("srandmember t 5", "*0"),
            ("sscan s 0 match 3", "*2 $1 0 *1 $1 3"),
            ("sscan s 0 novalues", "-ERR NOVALUES option can only be used in HSCAN"),
        ],
    );
    check(
        Protocol::Resp3,
        &[
            ("sadd s 1", ":1"),
            ("smembers s", "~1 $1 1"),
            ("sinter s s", "~1 $1 1"),
            ("srandmember s 2", "*1 $1 1"),
            ("spop s 2", "~1 $1 1"),
            ("spop s", "_"),
        ],
    );
}

#[test]
fn huge_counts_are_refused_or_cut() {
    check(
        Protocol::Resp2,
        &[
            ("sadd s a", ":1"),
            ("srandmember s 9223372036854775807", "*1 $1 a"),
            ("srandmember s -9223372036854775808", "-ERR value is out of range"),
            ("spop s -1", "-ERR value is out of range, must be positive"),
            ("spop s 9223372036854775807", "*1 $1 a"),
            ("exists s", ":0"),
        ],
    );
}

#[test]
fn what_is_popped_is_gone() {
    let mut rig = Rig::new(Protocol::Resp2);
    for number in 0..1000 {
        rig.ask(&format!("sadd s m{number}"));
    }
    let mut popped = std::collections::BTreeSet::new();
    for count in [1, 7, 300, 692] {
        let reply = rig.ask(&format!("spop s {count}"));
        popped.extend(reply.split(' ').filter(|word| word.starts_with('m')).map(str::to_owned));
    }
    assert_eq!(popped.len(), 1000);
    assert_eq!(rig.changes(), ["spop s", "del s"]);
}
