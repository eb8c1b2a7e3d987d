//! LCS: the longest common subsequence of two strings.

use std::ops::Range;

use crate::commands::{
    call::Call,
    error::{Error, Outcome},
};

/// Most pairs of places that are compared, since their shards are locked meanwhile; 128 MiB of
/// memory while the command runs.
const CELLS_LIMIT: usize = 1 << 25;

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
    let mut strings = [&b""[..]; 2];
    for (key, string) in call.keys.iter().zip(&mut strings) {
        if let Some(item) = call.shards.look(key).peek(key, call.now) {
            *string = item
                .value
                .as_bytes()
                .ok_or(Error::text("ERR The specified keys must contain string values"))?;
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
    let [first, second] = strings;
    let table = Table::of(first, second)?;
    if options.wants_length {
        call.out.count(table.length());
        return Ok(());
    }
    let (common, matches) = table.trace(first, second);
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

/// The length of the common subsequence of each two prefixes.
struct Table {
    width: usize,
    cells: Vec<u32>,
}

impl Table {
    fn of(first: &[u8], second: &[u8]) -> Result<Table, Error> {
        let width = second.len() + 1;
        let cells = (first.len() + 1).checked_mul(width).filter(|cells| *cells <= CELLS_LIMIT);
        let cells = cells.ok_or(Error::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ))?;
        let mut cells = vec![0_u32; cells];
        for (row, byte) in first.iter().enumerate() {
            let (above, below) = cells.split_at_mut((row + 1) * width);
            let above = above.get(row * width..).unwrap_or_default();
            let mut left = 0;
            for ((cell, other), above) in below.iter_mut().skip(1).zip(second).zip(above.windows(2))
            {
                let [diagonal, above] = *above else { break };
                left = if byte == other { diagonal + 1 } else { above.max(left) };
                *cell = left;
            }
        }
        Ok(Table { width, cells })
    }

    fn at(&self, row: usize, column: usize) -> u32 {
        self.cells.get(row * self.width + column).copied().unwrap_or(0)
    }

    fn length(&self) -> usize {
        self.cells.last().map_or(0, |length| *length as usize)
    }

    /// The subsequence, and its stretches from the last to the first.
    fn trace(&self, first: &[u8], second: &[u8]) -> (Vec<u8>, Vec<Match>) {
        let mut common = Vec::with_capacity(self.length());
        let mut matches: Vec<Match> = Vec::new();
        let (mut row, mut column) = (first.len(), second.len());
        let mut is_in_match = false;
        while let (Some(above), Some(left)) = (row.checked_sub(1), column.checked_sub(1)) {
            let byte = first.get(above);
            if byte == second.get(left) {
                common.extend(byte);
                (row, column) = (above, left);
                match matches.last_mut().filter(|_| is_in_match) {
                    Some(last) => (last.first.start, last.second.start) = (row, column),
                    None => {
                        let (first, second) = (row..row + 1, column..column + 1);
                        matches.push(Match { first, second });
                    }
                }
                is_in_match = true;
            } else {
                is_in_match = false;
                if self.at(above, column) > self.at(row, left) {
                    row = above
                } else {
                    column = left
                }
            }
        }
        common.reverse();
        (common, matches)
    }
}
