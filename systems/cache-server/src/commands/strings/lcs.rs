//! LCS: the longest common subsequence of two strings.

mod table;

use std::ops::Range;

use bytes::Bytes;

use self::table::Table;
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
    },
    store::ValueRef,
};

/// Most pairs of places that are compared: Redis's own limit, as it has four bytes for each of 512 MB.
const CELLS_LIMIT: usize = 1 << 27;

#[derive(Default)]
struct Options {
    wants_length: bool,
    wants_matches: bool,
    wants_match_lengths: bool,
    shortest_match: usize,
}

/// A stretch that both have, by its places in each.
struct Match {
    first: Range<usize>,
    second: Range<usize>,
}

pub(super) fn lcs(call: &mut Call<'_, '_>) -> Outcome {
    let mut strings = [Bytes::new(), Bytes::new()];
    for (key, string) in call.keys.iter().zip(&mut strings) {
        if let Some(item) = call.shards.look(key).peek(key, call.now) {
            *string = match item.value {
                ValueRef::Bytes(bytes) => Bytes::copy_from_slice(bytes),
                ValueRef::Large(bytes) => bytes.clone(),
                ValueRef::Object(_) => {
                    return Err(Error::text("ERR The specified keys must contain string values"));
                }
            };
        }
    }
    let mut options = Options::default();
    let mut words = call.words(3);
    while words.peek().is_some() {
        if words.take("idx") {
            options.wants_matches = true;
        } else if words.take("len") {
            options.wants_length = true;
        } else if words.take("withmatchlen") {
            options.wants_match_lengths = true;
        } else if words.take("minmatchlen") {
            options.shortest_match = usize::try_from(words.integer()?).unwrap_or(0);
        } else {
            return Err(Error::Syntax);
        }
    }
    if options.wants_length && options.wants_matches {
        return Err(Error::text(
            "ERR If you want both the length and indexes, please just use IDX.",
        ));
    }
    let [first, second] = &strings;
    let cells = (first.len() + 1).checked_mul(second.len() + 1);
    if cells.is_none_or(|cells| cells > CELLS_LIMIT) {
        return Err(Error::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    // What is compared is ours by now.
    call.shards.let_go();
    let table = Table::of(first, second);
    if options.wants_length {
        call.out.count(table.length());
        return Ok(());
    }
    let (common, matches) = table.trace();
    if options.wants_matches {
        write_matches(call, &options, &matches, common.len());
    } else {
        call.out.bulk(&common);
    }
    Ok(())
}

fn write_matches(call: &mut Call<'_, '_>, options: &Options, matches: &[Match], length: usize) {
    let wanted: Vec<&Match> =
        matches.iter().filter(|found| found.first.len() >= options.shortest_match).collect();
    let out = &mut *call.out;
    out.map(2);
    out.bulk(b"matches");
    out.array(wanted.len());
    for found in wanted {
        out.array(2 + usize::from(options.wants_match_lengths));
        for range in [&found.first, &found.second] {
            out.array(2);
            out.count(range.start);
            out.count(range.end - 1);
        }
        if options.wants_match_lengths {
            out.count(found.first.len());
        }
    }
    out.bulk(b"len");
    out.count(length);
}
