//! Keys, deadlines and sorting.

use super::{Command, arguments::Arguments, strings::seconds};

pub(super) fn command(make: &mut Arguments<'_>) -> Command {
    match make.below(26) {
        0 => make.word("DEL").keys(2),
        1 => make.word("UNLINK").keys(2),
        2 => make.word("EXISTS").keys(3),
        3 => make.word("TOUCH").keys(3),
        4 | 5 => make.word("TYPE").key(),
        6 | 7 => make.word("RENAME").key().key(),
        8 => make.word("RENAMENX").key().key(),
        9 | 10 => make.word("COPY").key().key().maybe(&["REPLACE", "DB"]),
        11 => make.word("KEYS").pattern(),
        12 => {
            make.word("SCAN").word("0").word("COUNT").word("1000");
            if make.rarely(2) {
                let kind = make.one(&["string", "list", "zset", "HASH"]);
                make.word("TYPE").word(kind)
            } else {
                make.word("MATCH").pattern()
            }
        }
        13 => make.word("DBSIZE"),
        14 | 15 => expire(make),
        16 => make.word("PERSIST").key(),
        17 | 18 => {
            let name = make.one(&["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
            make.word(name).key()
        }
        19 => {
            let name = make.one(&["ECHO", "PING", "SELECT", "OBJECT", "NOTHING"]);
            make.word(name).integer()
        }
        20 => make.word("OBJECT").word("REFCOUNT").word("nothing"),
        21 => make.word("FLUSHALL").maybe(&["SYNC", "x"]),
        _ => sort(make),
    }
    .take()
}

fn expire<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    match make.below(3) {
        0 => {
            make.word("EXPIRE").key();
            seconds(make, 1);
        }
        1 => {
            make.word("PEXPIRE").key();
            seconds(make, 1000);
        }
        _ => {
            make.word("EXPIREAT").key();
            let time = make.one(&["4000000010", "5000000010", "1", "-5", "x"]);
            make.word(time);
        }
    }
    make.maybe(&["NX", "XX", "GT", "LT", "none"]).maybe(&["XX"])
}

fn sort<'a, 'r>(make: &'a mut Arguments<'r>) -> &'a mut Arguments<'r> {
    let name = make.one(&["SORT", "SORT", "SORT_RO"]);
    make.word(name).key();
    // With equal weights only numbers have an order that is said.
    if make.rarely(4) {
        make.word("BY").word("{a}*");
    } else {
        make.maybe(&["ALPHA"]);
    }
    make.maybe(&["DESC", "ASC"]);
    if make.rarely(3) {
        make.word("LIMIT").integer().integer();
    }
    if make.rarely(3) {
        let pattern = make.one(&["#", "*", "a*", "*->a", "b", "{a}*"]);
        make.word("GET").word(pattern);
    }
    if make.rarely(3) { make.word("STORE").key() } else { make }
}
