//! Bits of strings.

use super::{Command, arguments::Arguments};

const TYPES: &[&str] = &["u8", "i5", "u1", "i64", "u63", "i16", "u64", "i0", "x"];
const OFFSETS: &[&str] = &["0", "3", "7", "8", "13", "#0", "#1", "#3", "100", "-1", "x"];

pub(super) fn command(make: &mut Arguments<'_>) -> Command {
    match make.below(12) {
        0 | 1 => {
            let place = place(make);
            let bit = make.one(&["0", "1", "1", "2"]);
            make.word("SETBIT").key().word(place).word(bit)
        }
        2 => {
            let place = place(make);
            make.word("GETBIT").key().word(place)
        }
        3 => make.word("BITCOUNT").key(),
        // Redis 7.0 does not read the range of a string that is not there: it is there here.
        4 => make.word("SET").key().value(),
        5 => {
            let bit = make.one(&["0", "1"]);
            make.word("BITPOS").key().word(bit)
        }
        6 | 7 => {
            let name = make.one(&["AND", "OR", "XOR", "NOT", "XOR", "none"]);
            make.word("BITOP").word(name).key().keys(2)
        }
        8 => {
            let (field, offset) = (make.one(TYPES), make.one(OFFSETS));
            make.word("BITFIELD_RO").key().word("GET").word(field).word(offset)
        }
        _ => {
            make.word("BITFIELD").key();
            for _ in 0..make.below(4) {
                step(make);
            }
            make
        }
    }
    .take()
}

fn place(make: &mut Arguments<'_>) -> &'static str {
    make.one(&["0", "1", "7", "8", "9", "100", "4000", "-1", "x", "4294967296"])
}

fn step(make: &mut Arguments<'_>) {
    let (field, offset) = (make.one(TYPES), make.one(OFFSETS));
    match make.below(4) {
        0 => make.word("GET").word(field).word(offset),
        1 => make.word("SET").word(field).word(offset).integer(),
        2 => make.word("INCRBY").word(field).word(offset).integer(),
        _ => {
            let kind = make.one(&["WRAP", "SAT", "FAIL", "none"]);
            make.word("OVERFLOW").word(kind)
        }
    };
}
