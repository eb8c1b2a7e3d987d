//! Lines of a text, numbered, each of bounded length.

use std::io::{BufRead, Read};

use super::{LINE_LIMIT, TargetError};

/// Reads a text line by line.
pub(super) struct Lines<R> {
    text: R,
    name: String,
    number: u64,
    line: Vec<u8>,
    /// The current line is to be given again.
    again: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(text: R, name: &str) -> Lines<R> {
        Lines { text, name: name.to_owned(), number: 0, line: Vec::new(), again: false }
    }

    /// The next line, trimmed; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&str>, TargetError> {
        if !std::mem::take(&mut self.again) {
            self.number += 1;
            self.line.clear();
            let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
            let read = self.text.by_ref().take(limit).read_until(b'\n', &mut self.line);
            match read {
                Ok(0) => return Ok(None),
                Ok(_) if self.line.len() >= LINE_LIMIT => {
                    let message = format!("the line is longer than {LINE_LIMIT} bytes");
                    return Err(self.fail(TargetError::new(message)));
                }
                Ok(_) => {}
                Err(error) => {
                    return Err(self.fail(TargetError::new(format!("cannot be read: {error}"))));
                }
            }
        }
        match std::str::from_utf8(&self.line) {
            Ok(line) => Ok(Some(line.trim())),
            Err(_) => Err(self.fail(TargetError::new("the line is not text in UTF-8"))),
        }
    }

    /// The next call of [`Lines::next`] gives the current line once more.
    pub(super) fn put_back(&mut self) {
        self.again = true;
    }

    /// Counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Names the current line in an error.
    pub(super) fn fail(&self, error: TargetError) -> TargetError {
        self.fail_at(self.number, error)
    }

    pub(super) fn fail_at(&self, line: u64, error: TargetError) -> TargetError {
        error.at(&self.name, line)
    }
}
