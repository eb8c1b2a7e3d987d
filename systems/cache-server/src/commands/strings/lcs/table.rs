//! The lengths of the common subsequences of all prefixes of two strings, one bit each.
//!
//! From one column to the next a length stays or grows by one. A row of these steps, 64 to a word, is
//! made from the row above with a few operations per word (Crochemore and others, 2001; Hyyrö, 2004).

use std::array;

use super::Match;

const WORD: usize = u64::BITS as usize;

/// Its rows are of the shorter string's bytes, its columns of the longer one's.
pub(super) struct Table<'a> {
    rows: &'a [u8],
    columns: &'a [u8],
    /// The rows are the second string's.
    is_swapped: bool,
    /// Words of one row.
    words: usize,
    /// Row by row. A bit is set where the length does not grow.
    bits: Vec<u64>,
}

impl<'a> Table<'a> {
    pub(super) fn of(first: &'a [u8], second: &'a [u8]) -> Table<'a> {
        let is_swapped = first.len() > second.len();
        let (rows, columns) = if is_swapped { (second, first) } else { (first, second) };
        let words = columns.len().div_ceil(WORD);
        // Which columns have a byte; only of bytes that a row has.
        let mut masks: [Option<Vec<u64>>; 256] = array::from_fn(|_| None);
        let mut bits = Vec::with_capacity(rows.len() * words);
        let mut row = vec![u64::MAX; words];
        for byte in rows {
            #[expect(clippy::indexing_slicing, reason = "an entry for each byte there is")]
            let mask = masks[usize::from(*byte)].get_or_insert_with(|| mask(columns, *byte));
            let mut carry = false;
            for (word, mask) in row.iter_mut().zip(mask) {
                let (sum, first_carry) = word.overflowing_add(*word & *mask);
                let (sum, second_carry) = sum.overflowing_add(u64::from(carry));
                carry = first_carry || second_carry;
                *word = sum | (*word & !*mask);
            }
            bits.extend_from_slice(&row);
        }
        Table { rows, columns, is_swapped, words, bits }
    }

    /// The length of the common subsequence.
    pub(super) fn length(&self) -> usize {
        self.length_at(self.rows.len(), self.columns.len())
    }

    /// The length for the first `rows` and `columns` bytes.
    fn length_at(&self, rows: usize, columns: usize) -> usize {
        let Some(row) = rows.checked_sub(1) else { return 0 };
        let row = self.bits.iter().skip(row * self.words).take(columns.div_ceil(WORD));
        let growth = row.zip((0..columns).step_by(WORD)).map(|(word, start)| {
            let unused = WORD.saturating_sub(columns - start);
            (!word << unused).count_ones() as usize
        });
        growth.sum()
    }

    /// Whether the length for `rows` bytes grows from `columns` - 1 bytes to `columns`.
    fn grows(&self, rows: usize, columns: usize) -> bool {
        let (Some(row), Some(column)) = (rows.checked_sub(1), columns.checked_sub(1)) else {
            return false;
        };
        let word = self.bits.get(row * self.words + column / WORD);
        word.is_some_and(|word| word >> (column % WORD) & 1 == 0)
    }

    /// The subsequence, and its stretches from the last to the first. Where several are as long, it is
    /// the one that Redis finds: back from the ends, along the second string unless the other way is
    /// better.
    pub(super) fn trace(&self) -> (Vec<u8>, Vec<Match>) {
        let mut common = Vec::with_capacity(self.length());
        let mut matches: Vec<Match> = Vec::new();
        let (mut row, mut column) = (self.rows.len(), self.columns.len());
        // The length here, and one row above.
        let mut here = self.length();
        let mut above = self.length_at(row.saturating_sub(1), column);
        let mut is_in_match = false;
        while row > 0 && column > 0 {
            let byte = self.rows.get(row - 1);
            if byte == self.columns.get(column - 1) {
                (row, column) = (row - 1, column - 1);
                common.extend(byte);
                here -= 1;
                above = self.length_at(row.saturating_sub(1), column);
                let (first, second) = if self.is_swapped { (column, row) } else { (row, column) };
                match matches.last_mut().filter(|_| is_in_match) {
                    Some(last) => (last.first.start, last.second.start) = (first, second),
                    None => {
                        let (first, second) = (first..first + 1, second..second + 1);
                        matches.push(Match { first, second });
                    }
                }
                is_in_match = true;
                continue;
            }
            is_in_match = false;
            let before = here - usize::from(self.grows(row, column));
            if above > before || (self.is_swapped && above == before) {
                row -= 1;
                here = above;
                above = self.length_at(row.saturating_sub(1), column);
            } else {
                above -= usize::from(self.grows(row - 1, column));
                column -= 1;
                here = before;
            }
        }
        common.reverse();
        (common, matches)
    }
}

fn mask(text: &[u8], byte: u8) -> Vec<u64> {
    let bits = |chunk: &[u8]| {
        chunk.iter().rev().fold(0, |word, other| word << 1 | u64::from(*other == byte))
    };
    text.chunks(WORD).map(bits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All lengths, one by one.
    fn lengths(first: &[u8], second: &[u8]) -> Vec<Vec<usize>> {
        let mut table = vec![vec![0; second.len() + 1]; first.len() + 1];
        for row in 1..=first.len() {
            for column in 1..=second.len() {
                table[row][column] = if first[row - 1] == second[column - 1] {
                    table[row - 1][column - 1] + 1
                } else {
                    table[row - 1][column].max(table[row][column - 1])
                };
            }
        }
        table
    }

    /// The subsequence by Redis's rule where there are several: to the left if neither is longer.
    fn common(first: &[u8], second: &[u8]) -> Vec<u8> {
        let table = lengths(first, second);
        let (mut row, mut column) = (first.len(), second.len());
        let mut common = Vec::new();
        while row > 0 && column > 0 {
            if first[row - 1] == second[column - 1] {
                common.push(first[row - 1]);
                (row, column) = (row - 1, column - 1);
            } else if table[row - 1][column] > table[row][column - 1] {
                row -= 1;
            } else {
                column -= 1;
            }
        }
        common.reverse();
        common
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(b'a'..b'e', 0..200)
    }

    proptest! {
        #[test]
        fn as_one_by_one(first in text(), second in text()) {
            let table = Table::of(&first, &second);
            let (found, matches) = table.trace();
            prop_assert_eq!(table.length(), found.len());
            prop_assert_eq!(&found, &common(&first, &second));
            let mut parts: Vec<u8> = Vec::new();
            for stretch in matches.iter().rev() {
                prop_assert_eq!(&first[stretch.first.clone()], &second[stretch.second.clone()]);
                parts.extend(&first[stretch.first.clone()]);
            }
            prop_assert_eq!(&parts, &found);
        }
    }

    #[test]
    fn nothing_has_nothing_in_common() {
        for (first, second) in [("", ""), ("a", ""), ("", "a"), ("a", "b")] {
            let table = Table::of(first.as_bytes(), second.as_bytes());
            assert_eq!(table.length(), 0);
            assert!(table.trace().0.is_empty());
        }
    }
}
