//! List commands: shapes of replies, errors, waiting.

use plimsoll_wire::resp::Protocol;

use crate::commands::check::{Rig, check};

#[test]
fn replies() {
    check(
        Protocol::Resp2,
        &[
            ("rpush l a b c", ":3"),
            ("lpush l z", ":4"),
            ("lpushx none a", ":0"),
            ("lrange l 0 -1", "*4 $1 z $1 a $1 b $1 c"),
            ("lrange l -100 100", "*4 $1 z $1 a $1 b $1 c"),
            ("lrange l 3 1", "*0"),
            ("lindex l -1", "$1 c"),
            ("lindex l 9", "$-1"),
            ("lindex none x", "$-1"),
            ("lset l 1 A", "+OK"),
            ("lset l 9 A", "-ERR index out of range"),
            ("lset none 0 A", "-ERR no such key"),
            ("linsert l before b x", ":5"),
            ("linsert l after none x", ":-1"),
            ("linsert l beside b x", "-ERR syntax error"),
            ("lrem l -1 x", ":1"),
            ("lpos l b", ":2"),
            ("lpos l none", "$-1"),
            ("lpos l none count 0", "*0"),
            (
                "lpos l b rank 0",
                "-ERR RANK can't be zero: use 1 to start from the first match, 2 from \
            the second ... or use negative to start from the end of the list",
            ),
            ("lpos l b count -1", "-ERR COUNT can't be negative"),
            ("lpos l b maxlen -1", "-ERR MAXLEN can't be negative"),
            ("ltrim l 1 2", "+OK"),
            ("lrange l 0 -1", "*2 $1 A $1 b"),
            ("lpop l 0", "*0"),
            ("lpop l -1", "-ERR value is out of range, must be positive"),
            ("lpop l 9", "*2 $1 A $1 b"),
            ("lpop l 9", "*-1"),
            ("lpop l", "$-1"),
            ("exists l", ":0"),
        ],
    );
    check(Protocol::Resp3, &[("lpop l", "_"), ("lpop l 1", "_"), ("lmpop 1 l left", "_")]);
}

#[test]
fn transfers() {
    check(
        Protocol::Resp2,
        &[
            ("rpush a 1 2 3", ":3"),
            ("lmove a b left right", "$1 1"),
            ("rpoplpush a a", "$1 3"),
            ("lrange a 0 -1", "*2 $1 3 $1 2"),
            ("lmove a a left left", "$1 3"),
            ("lmove a a up left", "-ERR syntax error"),
            ("lmove none a left left", "$-1"),
            ("set s v", "+OK"),
            (
                "lmove a s left left",
                "-WRONGTYPE Operation against a key holding the wrong kind of value",
            ),
            ("llen a", ":2"),
            ("lmpop 2 none a left count 5", "*2 $1 a *2 $1 3 $1 2"),
            ("lmpop 2 none a left", "*-1"),
            ("lmpop 0 a left", "-ERR numkeys should be greater than 0"),
            ("lmpop 9 a left", "-ERR syntax error"),
            ("lmpop 9223372036854775807 a left", "-ERR syntax error"),
            ("lmpop 1 b left count 0", "-ERR count should be greater than 0"),
        ],
    );
}

#[test]
fn an_empty_list_is_waited_for() {
    check(
        Protocol::Resp2,
        &[
            ("blpop l 0", "waits until None"),
            ("brpop m l 1.5", "waits until Some(1001500)"),
            ("blmove l m left right 0.001", "waits until Some(1000001)"),
            ("blmpop 0 2 l m left", "waits until None"),
            ("brpoplpush l m 2", "waits until Some(1002000)"),
            ("blpop l -1", "-ERR timeout is negative"),
            ("blpop l soon", "-ERR timeout is not a float or out of range"),
            ("blpop l 1e300", "-ERR timeout is out of range"),
            ("rpush l 1 2 3 4 5", ":5"),
            ("blpop m l 0", "*2 $1 l $1 1"),
            ("brpop m l 0", "*2 $1 l $1 5"),
            ("blmove l m left right 0", "$1 2"),
            ("blmpop 0 1 l right count 9", "*2 $1 l *2 $1 4 $1 3"),
            ("set s v", "+OK"),
            ("blpop s m 0", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ],
    );
}

#[test]
fn changes_are_told() {
    let mut rig = Rig::new(Protocol::Resp2);
    rig.ask("rpush a 1");
    rig.ask("lmove a b left right");
    assert_eq!(rig.changes(), ["rpush b", "lpop a", "del a"]);
    rig.ask("lpop b");
    assert_eq!(rig.changes(), ["lpop b", "del b"]);
    rig.ask("lpop b");
    assert!(rig.changes().is_empty());
}
