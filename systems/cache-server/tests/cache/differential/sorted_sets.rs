//! Sorted sets.

use super::{Command, arguments::Arguments};

const SCORE_BOUNDS: &[&str] = &["-inf", "+inf", "0", "1", "(1", "2.5", "(-1", "10", "x"];
const TEXT_BOUNDS: &[&str] = &["-", "+", "[a", "(a", "[c", "(d", "[1", "x", "["];

pub(super) fn command(make: &mut Arguments<'_>) -> Command {
    match make.below(26) {
        0..=4 => add(make),
        5 => make.word("ZINCRBY").key().float().member(),
        6 | 7 => make.word("ZREM").key().members(3),
        8 => make.word("ZCARD").key(),
        9 => make.word("ZSCORE").key().member(),
        10 => make.word("ZMSCORE").key().members(3),
        11 => {
            let name = make.one(&["ZRANK", "ZREVRANK"]);
            make.word(name).key().member()
        }
        12 => {
            let (low, high) = (make.one(SCORE_BOUNDS), make.one(SCORE_BOUNDS));
            let name = make.one(&["ZCOUNT", "ZREMRANGEBYSCORE"]);
            make.word(name).key().word(low).word(high)
        }
        13 => {
            let (low, high) = (make.one(TEXT_BOUNDS), make.one(TEXT_BOUNDS));
            let name = make.one(&["ZLEXCOUNT", "ZREMRANGEBYLEX"]);
            make.word(name).word(EQUAL).word(low).word(high)
        }
        14 => make.word("ZREMRANGEBYRANK").key().integer().integer(),
        15 | 16 => {
            make.word("ZRANGE");
            range(make).maybe(&["WITHSCORES"])
        }
        17 => {
            make.word("ZRANGESTORE").key();
            range(make)
        }
        18 => {
            let name = make.one(&["ZREVRANGE", "ZRANGE"]);
            make.word(name).key().integer().integer().maybe(&["WITHSCORES"])
        }
        19 => {
            let name = make.one(&["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]);
            let (low, high) = (make.one(SCORE_BOUNDS), make.one(SCORE_BOUNDS));
            make.word(name).key().word(low).word(high).maybe(&["WITHSCORES"]);
            limit(make)
        }
        20 => {
            let name = make.one(&["ZRANGEBYLEX", "ZREVRANGEBYLEX"]);
            let (low, high) = (make.one(TEXT_BOUNDS), make.one(TEXT_BOUNDS));
            make.word(name).word(EQUAL).word(low).word(high);
            limit(make)
        }
        21 => {
            let name = make.one(&["ZPOPMIN", "ZPOPMAX"]);
            make.word(name).key();
            if make.rarely(2) { make.integer() } else { make }
        }
        22 | 23 => combine(make),
        24 => {
            let side = make.one(&["MIN", "MAX"]);
            make.word("ZMPOP").word("2").key().key().word(side);
            if make.rarely(2) { make.word("COUNT").integer() } else { make }
        }
        _ => make.word("ZINTERCARD").word("2").key().key(),
    }
    .take()
}

/// A key whose members all have one score: without that, ranges of members have no meaning.
const EQUAL: &str = "equal";

fn add<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    if make.rarely(3) {
        return make.word("ZADD").word(EQUAL).word("0").member();
    }
    make.word("ZADD").key();
    if make.rarely(3) {
        make.maybe(&["NX", "XX"]).maybe(&["GT", "LT"]).maybe(&["CH"]);
    }
    if make.rarely(6) {
        return make.word("INCR").float().member();
    }
    for _ in 0..=make.below(5) {
        make.float().member();
    }
    make
}

fn range<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    match make.below(3) {
        0 => make.key().integer().integer(),
        1 => {
            let (low, high) = (make.one(SCORE_BOUNDS), make.one(SCORE_BOUNDS));
            make.key().word(low).word(high).word("BYSCORE")
        }
        _ => {
            let (low, high) = (make.one(TEXT_BOUNDS), make.one(TEXT_BOUNDS));
            make.word(EQUAL).word(low).word(high).word("BYLEX")
        }
    };
    make.maybe(&["REV"]);
    limit(make)
}

fn limit<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    if make.rarely(3) { make.word("LIMIT").integer().integer() } else { make }
}

fn combine<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    let name = make.one(&["ZUNION", "ZINTER", "ZDIFF"]);
    let stores = make.rarely(2);
    if stores {
        make.word(format!("{name}STORE")).key();
    } else {
        make.word(name);
    }
    make.word("2").key().key();
    if name != "ZDIFF" {
        if make.rarely(3) {
            make.word("WEIGHTS").float().float();
        }
        if make.rarely(3) {
            let how = make.one(&["SUM", "MIN", "MAX", "x"]);
            make.word("AGGREGATE").word(how);
        }
    }
    if stores { make } else { make.maybe(&["WITHSCORES"]) }
}
