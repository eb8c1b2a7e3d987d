//! From places in translated code back to the source that the user wrote.

/// A sorted table of corresponding places; lines and columns count from 1.
pub(super) struct Positions(Vec<Entry>);

struct Entry {
    generated: (u32, u32),
    original: (u32, u32),
}

impl Positions {
    /// From `(generated line, column, original line, column)`, all counted from 0.
    pub(super) fn new(tokens: impl Iterator<Item = (u32, u32, u32, u32)>) -> Positions {
        let mut entries: Vec<Entry> = tokens
            .map(|(line, column, original_line, original_column)| Entry {
                generated: (line + 1, column + 1),
                original: (original_line + 1, original_column + 1),
            })
            .collect();
        entries.sort_by_key(|entry| entry.generated);
        Positions(entries)
    }

    /// The place that the nearest token at or before the given one, on its line, came from.
    pub(super) fn original(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let after = self.0.partition_point(|entry| entry.generated <= (line, column));
        let entry = self.0.get(after.checked_sub(1)?)?;
        if entry.generated.0 == line {
            return Some(entry.original);
        }
        self.0.get(after).filter(|entry| entry.generated.0 == line).map(|entry| entry.original)
    }
}
