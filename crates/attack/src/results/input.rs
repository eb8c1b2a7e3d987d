//! Bytes from a file or pipe, of which a reader takes as many as it needs.

use std::io::{self, Read};

use memchr::memchr;

/// Bytes that are asked for at once: a pipe's capacity.
const PIECE: usize = 64 << 10;

/// What is read and not yet taken.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been taken.
    taken: usize,
    /// Bytes of the source before `buffer`.
    before: u64,
    is_over: bool,
}

impl Input {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Input {
        Input { source, buffer: Vec::new(), taken: 0, before: 0, is_over: false }
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// Where in the source the rest starts.
    pub(super) fn offset(&self) -> u64 {
        self.before + self.taken as u64
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.buffer.len());
    }

    /// Adds to the rest; false when the source is over. Blocks as long as the source does.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.buffer.drain(..self.taken);
        self.before += self.taken as u64;
        self.taken = 0;
        let length = self.buffer.len();
        self.buffer.resize(length + PIECE, 0);
        let read = loop {
            match self.source.read(self.buffer.get_mut(length..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(length + read.as_ref().map_or(0, |&read| read));
        self.is_over = read? == 0;
        Ok(!self.is_over)
    }

    /// Bytes of the rest up to and with the first newline behind `from`; without one, all up to the
    /// end of the source, or up to `limit`.
    pub(super) fn line(&mut self, from: usize, limit: usize) -> io::Result<usize> {
        let mut searched = from;
        loop {
            let rest = self.rest();
            if let Some(at) = memchr(b'\n', rest.get(searched..).unwrap_or_default()) {
                return Ok((searched + at + 1).min(limit));
            }
            searched = rest.len();
            if searched >= limit || !self.more()? {
                return Ok(searched.min(limit));
            }
        }
    }
}
