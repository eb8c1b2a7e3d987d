//! Sorted set commands: shapes of replies, errors, waiting.

use plimsoll_wire::resp::Protocol;

use crate::commands::check::{Rig, check};

#[test]
fn adding() {
    check(
        Protocol::Resp2,
        &[
            ("zadd z 1 a 2 b 2.5 c", ":3"),
            ("zadd z ch 5 a 2 b", ":1"),
            ("zadd z nx 9 a 9 d", ":1"),
            ("zadd z xx 9 none", ":0"),
            ("zadd z gt ch 4 a", ":0"),
            ("zadd z lt ch 4 a", ":1"),
            ("zadd z incr 1 a", "$1 5"),
            ("zadd z nx incr 1 a", "$-1"),
            ("zadd z nx xx 1 a", "-ERR XX and NX options at the same time are not compatible"),
            (
                "zadd z gt lt 1 a",
                "-ERR GT, LT, and/or NX options at the same time are not compatible",
            ),
            ("zadd z incr 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
            ("zadd z 1 a 2", "-ERR syntax error"),
            ("zadd z nan a", "-ERR value is not a valid float"),
            ("zadd z 1 new x b", "-ERR value is not a valid float"),
            ("zscore z new", "$-1"),
            ("zadd z inf i", ":1"),
            ("zincrby z -inf i", "-ERR resulting score is not a number (NaN)"),
            ("zincrby z 0.1 c", "$3 2.6"),
            ("zmscore z c none i", "*3 $3 2.6 $-1 $3 inf"),
            ("zrank z d", ":3"),
            ("zrevrank z i withscore", "*2 :0 $3 inf"),
            ("zrank z none withscore", "*-1"),
            ("zrank z d x", "-ERR syntax error"),
            ("zadd other xx 1 a", ":0"),
            ("exists other", ":0"),
        ],
    );
}

#[test]
fn ranges() {
    check(
        Protocol::Resp2,
        &[
            ("zadd z 1 a 2 b 3 c 4 d", ":4"),
            ("zrange z 0 1 withscores", "*4 $1 a $1 1 $1 b $1 2"),
            ("zrange z 0 1 rev", "*2 $1 d $1 c"),
            ("zrange z (1 3 byscore", "*2 $1 b $1 c"),
            ("zrange z +inf 2 byscore rev limit 1 1", "*1 $1 c"),
            ("zrange z [b (d bylex", "*2 $1 b $1 c"),
            (
                "zrange z 0 1 limit 0 1",
                "-ERR syntax error, LIMIT is only supported in combination with \
            either BYSCORE or BYLEX",
            ),
            (
                "zrange z - + bylex withscores",
                "-ERR syntax error, WITHSCORES not supported in \
            combination with BYLEX",
            ),
            ("zrange z a b byscore", "-ERR min or max is not a float"),
            ("zrange z a b bylex", "-ERR min or max not valid string range item"),
            ("zrangebyscore z -inf +inf limit 9223372036854775807 9223372036854775807", "*0"),
            ("zrangebyscore z -inf +inf limit -1 5", "*0"),
            ("zrevrangebyscore z 3 1 limit 0 -1", "*3 $1 c $1 b $1 a"),
            ("zcount z 2 (4", ":2"),
            ("zlexcount z - [b", ":2"),
            ("zrangestore t z 1 2", ":2"),
            ("zrange t 0 -1", "*2 $1 b $1 c"),
            ("zrangestore t z 9 9", ":0"),
            ("exists t", ":0"),
            ("zremrangebyscore z 2 3", ":2"),
            ("zremrangebyrank z 0 0", ":1"),
            ("zremrangebylex z - +", ":1"),
            ("exists z", ":0"),
        ],
    );
    check(
        Protocol::Resp3,
        &[
            ("zadd z 1.5 a", ":1"),
            ("zrange z 0 -1 withscores", "*1 *2 $1 a ,1.5"),
            ("zscore z a", ",1.5"),
            ("zscan z 0", "*2 $1 0 *2 $1 a $3 1.5"),
            ("zrandmember z -2 withscores", "*2 *2 $1 a ,1.5 *2 $1 a ,1.5"),
            ("zpopmin z", "*2 $1 a ,1.5"),
            ("zpopmin z", "*0"),
        ],
    );
}

#[test]
fn combinations() {
    check(
        Protocol::Resp2,
        &[
            ("zadd a 1 x 2 y", ":2"),
            ("zadd b 10 y 20 z", ":2"),
            ("sadd s y", ":1"),
            ("zunion 2 a b withscores", "*6 $1 x $1 1 $1 y $2 12 $1 z $2 20"),
            ("zinter 3 a b s weights 1 2 3 aggregate max withscores", "*2 $1 y $2 20"),
            ("zdiff 2 a b withscores", "*2 $1 x $1 1"),
            ("zunionstore d 2 a b", ":3"),
            ("zdiffstore d 1 none", ":0"),
            ("exists d", ":0"),
            ("zintercard 2 a b limit 1", ":1"),
            ("zinter 0 a", "-ERR at least 1 input key is needed for 'zinter' command"),
            ("zinter 9223372036854775807 a", "-ERR syntax error"),
            ("zunion 1 a weights x", "-ERR weight value is not a float"),
            ("zunionstore d 1 a withscores", "-ERR syntax error"),
            ("zdiff 1 a weights 1", "-ERR syntax error"),
            ("set t v", "+OK"),
            ("zunion 1 t x", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ],
    );
}

#[test]
fn popping_and_waiting() {
    check(
        Protocol::Resp2,
        &[
            ("bzpopmin z 0", "waits until None"),
            ("bzmpop 1 2 y z max", "waits until Some(1001000)"),
            ("zadd z 1 a 2 b 3 c 4 d 5 e", ":5"),
            ("bzpopmin y z 0", "*3 $1 z $1 a $1 1"),
            ("bzpopmax z 0", "*3 $1 z $1 e $1 5"),
            ("zpopmax z 2", "*4 $1 d $1 4 $1 c $1 3"),
            ("zpopmin z -1", "-ERR value is out of range, must be positive"),
            ("zpopmin z 0", "*0"),
            ("zmpop 2 y z min count 9223372036854775807", "*2 $1 z *1 *2 $1 b $1 2"),
            ("zmpop 2 y z min", "*-1"),
            ("zmpop 1 z up", "-ERR syntax error"),
            ("zrandmember z", "$-1"),
            ("zadd z 1 a", ":1"),
            ("zrandmember z -9223372036854775807 withscores", "-ERR value is out of range"),
        ],
    );
    let mut rig = Rig::new(Protocol::Resp2);
    rig.ask("zadd z 1 a");
    assert_eq!(rig.changes(), ["zadd z"]);
    rig.ask("zmpop 1 z max");
    assert_eq!(rig.changes(), ["zpopmax z", "del z"]);
}
