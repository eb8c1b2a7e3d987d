//! What SORT is told.

use std::ops::Range;

use super::Pattern;
use crate::commands::{call::Words, error::Error};

#[derive(Default)]
pub(super) struct Options<'c> {
    pub(super) is_descending: bool,
    /// As bytes, not as numbers.
    pub(super) is_text: bool,
    /// Offset and count; a negative count is all.
    limit: Option<(i64, i64)>,
    pub(super) by: Option<Pattern<'c>>,
    pub(super) gets: Vec<Pattern<'c>>,
    pub(super) destination: Option<&'c [u8]>,
}

impl<'c> Options<'c> {
    pub(super) fn parse(mut words: Words<'c>, may_store: bool) -> Result<Options<'c>, Error> {
        let mut options = Options::default();
        while words.peek().is_some() {
            let left = words.left() - 1;
            if words.take("asc") {
                options.is_descending = false;
            } else if words.take("desc") {
                options.is_descending = true;
            } else if words.take("alpha") {
                options.is_text = true;
            } else if left >= 2 && words.take("limit") {
                options.limit = Some((words.integer()?, words.integer()?));
            } else if left >= 1 && may_store && words.take("store") {
                options.destination = Some(words.demand()?);
            } else if left >= 1 && words.take("by") {
                options.by = Some(Pattern::new(words.demand()?));
            } else if left >= 1 && words.take("get") {
                options.gets.push(Pattern::new(words.demand()?));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Which of `length` elements are wanted.
    pub(super) fn chosen(&self, length: usize) -> Range<usize> {
        let Some((offset, count)) = self.limit else { return 0..length };
        let start = usize::try_from(offset).unwrap_or(0).min(length);
        let end = usize::try_from(count).map_or(length, |count| start.saturating_add(count));
        start..end.min(length)
    }
}
