//! Strings and counters.

use super::{Command, arguments::Arguments};

pub(super) fn command(make: &mut Arguments<'_>) -> Command {
    match make.below(24) {
        0 | 1 => make.word("GET").key(),
        2..=4 => set(make),
        5 => make.word("SETNX").key().value(),
        6 => {
            let name = make.one(&["SETEX", "PSETEX"]);
            make.word(name).key();
            seconds(make, 1).value()
        }
        7 => make.word("GETSET").key().value(),
        8 => make.word("GETDEL").key(),
        9 => {
            make.word("GETEX").key();
            deadline(make, "PERSIST")
        }
        10 => make.word("STRLEN").key(),
        11 => make.word("MGET").keys(4),
        12 => {
            let name = make.one(&["MSET", "MSETNX"]);
            make.word(name).key().value();
            if make.rarely(2) { make.key().value() } else { make }
        }
        13 | 14 => make.word("APPEND").key().value(),
        15 => make.word("SETRANGE").key().integer().value(),
        16 => make.word("GETRANGE").key().integer().integer(),
        17 => make.word("SUBSTR").key().integer().integer(),
        18 => {
            let name = make.one(&["INCR", "DECR"]);
            make.word(name).key()
        }
        19 | 20 => {
            let name = make.one(&["INCRBY", "DECRBY"]);
            make.word(name).key().integer()
        }
        21 | 22 => make.word("INCRBYFLOAT").key().float(),
        _ => {
            make.word("LCS").key().key().maybe(&["LEN", "IDX", "x"]);
            make.maybe(&["WITHMATCHLEN", "IDX"])
        }
    }
    .take()
}

fn set<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    make.word("SET").key().value();
    make.maybe(&["NX", "XX", "GET", "nx"]).maybe(&["GET", "XX", "KEEPTTL"]);
    deadline(make, "KEEPTTL")
}

/// An option that sets a deadline, or another one, or none.
fn deadline<'a, 'r>(make: &'a mut Arguments<'r>, other: &str) -> &'a mut Arguments<'r> {
    match make.below(8) {
        0 => {
            make.word("EX");
            seconds(make, 1)
        }
        1 => {
            make.word("PX");
            seconds(make, 1000)
        }
        2 => make.word("EXAT").word("4000000010"),
        3 => make.word("PXAT").word("4000000010000"),
        4 => make.word(other),
        5 => make.word("EX"),
        _ => make,
    }
}

/// A time in seconds times `factor` that is far enough off, and never near a multiple of 20 s; rarely
/// one that is refused.
pub(super) fn seconds<'a, 'r>(make: &'a mut Arguments<'r>, factor: u64) -> &'a mut Arguments<'r> {
    if make.rarely(12) {
        let odd = make.one(&["0", "-1", "x", "9223372036854775807"]);
        return make.word(odd);
    }
    let time = (make.below(5000) as u64 * 20 + 30) * factor;
    make.word(time.to_string())
}
