//! Hashes, lists and sets.

use super::{Command, arguments::Arguments};

pub(super) fn hash(make: &mut Arguments<'_>) -> Command {
    match make.below(20) {
        0..=3 => {
            let name = make.one(&["HSET", "HMSET"]);
            make.word(name).key().member().value();
            for _ in 0..make.below(4) {
                make.member().value();
            }
            make
        }
        4 => make.word("HSETNX").key().member().value(),
        5 | 6 => make.word("HGET").key().member(),
        7 => make.word("HMGET").key().members(3),
        8 => make.word("HGETALL").key(),
        9 => {
            let name = make.one(&["HKEYS", "HVALS", "HLEN"]);
            make.word(name).key()
        }
        10 | 11 => make.word("HDEL").key().members(3),
        12 => make.word("HEXISTS").key().member(),
        13 => make.word("HSTRLEN").key().member(),
        14 | 15 => make.word("HINCRBY").key().member().integer(),
        16 | 17 => make.word("HINCRBYFLOAT").key().member().float(),
        18 => make.word("HRANDFIELD").key().word("0"),
        _ => make.word("HSCAN").key().word("0").word("COUNT").word("1000"),
    }
    .take()
}

pub(super) fn list(make: &mut Arguments<'_>) -> Command {
    match make.below(24) {
        0..=5 => {
            let name = make.one(&["LPUSH", "RPUSH", "RPUSH", "LPUSHX", "RPUSHX"]);
            make.word(name).key().members(6)
        }
        6 | 7 => {
            let name = make.one(&["LPOP", "RPOP"]);
            make.word(name).key();
            if make.rarely(3) { make.integer() } else { make }
        }
        8 => make.word("LLEN").key(),
        9 => make.word("LINDEX").key().integer(),
        10 | 11 => make.word("LRANGE").key().integer().integer(),
        12 => make.word("LSET").key().integer().member(),
        13 | 14 => {
            let side = make.one(&["BEFORE", "AFTER", "x"]);
            make.word("LINSERT").key().word(side).member().member()
        }
        15 => make.word("LREM").key().integer().member(),
        16 => make.word("LTRIM").key().integer().integer(),
        17 | 18 => {
            make.word("LPOS").key().member();
            for option in ["RANK", "COUNT", "MAXLEN"] {
                if make.rarely(3) {
                    make.word(option).integer();
                }
            }
            make
        }
        19 => make.word("RPOPLPUSH").key().key(),
        20 | 21 => {
            let (from, to) = (make.one(&["LEFT", "RIGHT"]), make.one(&["LEFT", "RIGHT", "x"]));
            make.word("LMOVE").key().key().word(from).word(to)
        }
        _ => {
            let side = make.one(&["LEFT", "RIGHT"]);
            make.word("LMPOP").word("2").key().key().word(side);
            if make.rarely(2) { make.word("COUNT").integer() } else { make }
        }
    }
    .take()
}

pub(super) fn set(make: &mut Arguments<'_>) -> Command {
    match make.below(18) {
        0..=4 => make.word("SADD").key().members(6),
        5 | 6 => make.word("SREM").key().members(3),
        7 => make.word("SCARD").key(),
        8 => make.word("SISMEMBER").key().member(),
        9 => make.word("SMISMEMBER").key().members(3),
        10 => make.word("SMEMBERS").key(),
        11 => make.word("SMOVE").key().key().member(),
        12 => {
            let name = make.one(&["SINTER", "SUNION", "SDIFF"]);
            make.word(name).keys(3)
        }
        13 | 14 => {
            let name = make.one(&["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]);
            make.word(name).key().keys(3)
        }
        15 => {
            make.word("SINTERCARD").word("2").key().key();
            if make.rarely(2) { make.word("LIMIT").integer() } else { make }
        }
        16 => {
            let name = make.one(&["SPOP", "SRANDMEMBER"]);
            make.word(name).key().word("0")
        }
        _ => make.word("SSCAN").key().word("0").word("COUNT").word("1000"),
    }
    .take()
}
