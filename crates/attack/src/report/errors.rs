//! The different errors of an attack, each once, up to a limit.

use hashbrown::HashMap;

/// Different errors that are kept. Texts that name a local port or a time are all different.
pub const ERRORS_LIMIT: usize = 100;

/// Bytes of one error's text; longer ones are cut.
pub const ERROR_TEXT_LIMIT: usize = 512;

/// Error texts and how often they were seen.
#[derive(Clone, Debug, Default)]
pub struct ErrorSet {
    counts: HashMap<String, u64>,
    others: u64,
}

impl ErrorSet {
    /// Adds `count` times `text`; empty texts are no errors.
    pub fn add(&mut self, text: &str, count: u64) {
        if text.is_empty() {
            return;
        }
        let cut = text.floor_char_boundary(ERROR_TEXT_LIMIT);
        let text = text.get(..cut).unwrap_or_default();
        if let Some(seen) = self.counts.get_mut(text) {
            *seen = seen.saturating_add(count);
        } else if self.counts.len() < ERRORS_LIMIT {
            self.counts.insert(text.to_owned(), count);
        } else {
            self.others = self.others.saturating_add(count);
        }
    }

    pub fn merge(&mut self, other: &ErrorSet) {
        for (text, count) in other.sorted() {
            self.add(text, count);
        }
        self.others = self.others.saturating_add(other.others);
    }

    /// The errors with their counts, the most frequent first.
    pub fn sorted(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> =
            self.counts.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all
    }

    /// Hits whose error came when [`ERRORS_LIMIT`] others had been kept.
    pub fn others(&self) -> u64 {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_bounded_and_says_so() {
        let mut errors = ErrorSet::default();
        errors.add("", 5);
        for at in 0..ERRORS_LIMIT + 3 {
            errors.add(&format!("error {at}"), 1);
        }
        errors.add("error 7", 1);
        assert_eq!(errors.sorted().len(), ERRORS_LIMIT);
        assert_eq!(errors.sorted()[0], ("error 7", 2));
        assert_eq!(errors.others(), 3);
        let mut merged = errors.clone();
        merged.merge(&errors);
        assert_eq!((merged.sorted()[0], merged.others()), (("error 7", 4), 6));
        errors.add(&"é".repeat(ERROR_TEXT_LIMIT), 1);
        assert_eq!(errors.others(), 4);
    }
}
