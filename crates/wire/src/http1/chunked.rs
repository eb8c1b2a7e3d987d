//! The chunked transfer coding, read.

use super::Error;

/// Longest chunk-size line with its extensions; Go's limit.
pub const CHUNK_LINE_LIMIT: usize = 4096;
/// Most bytes of trailer fields, which are read and dropped.
pub const TRAILERS_LIMIT: usize = 64 << 10;
/// Hexadecimal digits of a chunk size.
const SIZE_DIGITS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a size, with so many digits seen.
    Size {
        digits: usize,
    },
    /// Behind the size: extensions or white space up to the line's end.
    Extension,
    Data,
    /// Expecting the CR LF behind a chunk's data.
    DataEnd {
        seen_cr: bool,
    },
    /// At the start of a trailer line; `seen_cr`: of the last, empty one.
    TrailerStart {
        seen_cr: bool,
    },
    Trailer,
    Done,
}

/// Reads one chunked body, cut in any way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkedReader {
    state: State,
    /// Of the chunk at hand.
    remaining: u64,
    /// Bytes of the line or the trailers at hand.
    line: usize,
}

impl Default for ChunkedReader {
    fn default() -> Self {
        ChunkedReader { state: State::Size { digits: 0 }, remaining: 0, line: 0 }
    }
}

impl ChunkedReader {
    /// Takes bytes from the front of `input`, hands data on to `sink` and returns how many it
    /// took: all of them unless the body ended before.
    ///
    /// # Errors
    /// What is not chunked coding.
    pub fn read(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Result<usize, Error> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.state {
                State::Done => break,
                State::Data => {
                    let rest = input.get(at..).unwrap_or_default();
                    let take =
                        usize::try_from(self.remaining).map_or(rest.len(), |r| r.min(rest.len()));
                    sink(rest.get(..take).unwrap_or_default());
                    at += take;
                    self.remaining -= take as u64;
                    if self.remaining == 0 {
                        self.state = State::DataEnd { seen_cr: false };
                    }
                }
                _ => {
                    self.step(byte)?;
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, byte: u8) -> Result<(), Error> {
        self.line += 1;
        match self.state {
            State::Size { digits } => self.size(byte, digits)?,
            State::Extension => {
                if byte == b'\n' {
                    self.end_size();
                }
            }
            State::DataEnd { seen_cr } => match (byte, seen_cr) {
                (b'\r', false) => self.state = State::DataEnd { seen_cr: true },
                (b'\n', true) => self.start_size(),
                _ => return Err(Error::ChunkEnd),
            },
            State::TrailerStart { seen_cr } => match (byte, seen_cr) {
                (b'\r', false) => self.state = State::TrailerStart { seen_cr: true },
                (b'\n', _) => self.state = State::Done,
                (_, true) => return Err(Error::ChunkEnd),
                _ => self.state = State::Trailer,
            },
            State::Trailer => {
                if byte == b'\n' {
                    self.state = State::TrailerStart { seen_cr: false };
                }
            }
            State::Data | State::Done => {}
        }
        match self.state {
            State::Size { .. } | State::Extension if self.line > CHUNK_LINE_LIMIT => {
                Err(Error::ChunkLineTooLong)
            }
            State::Trailer | State::TrailerStart { .. } if self.line > TRAILERS_LIMIT => {
                Err(Error::TrailersTooLong)
            }
            _ => Ok(()),
        }
    }

    fn size(&mut self, byte: u8, digits: usize) -> Result<(), Error> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\n' if digits > 0 => {
                self.end_size();
                return Ok(());
            }
            b'\r' | b';' | b' ' | b'\t' if digits > 0 => {
                self.state = State::Extension;
                return Ok(());
            }
            _ => return Err(Error::ChunkLength),
        };
        if digits >= SIZE_DIGITS {
            return Err(Error::ChunkTooLarge);
        }
        self.remaining = self.remaining << 4 | u64::from(digit);
        self.state = State::Size { digits: digits + 1 };
        Ok(())
    }

    fn start_size(&mut self) {
        *self = ChunkedReader::default();
    }

    fn end_size(&mut self) {
        self.line = 0;
        self.state = match self.remaining {
            0 => State::TrailerStart { seen_cr: false },
            _ => State::Data,
        };
    }
}
