//! Where a response's body ends.

use super::{
    Error,
    chunked::ChunkedReader,
    head::{Head, Version},
};

/// How a body is delimited (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By the method or status: there is no body whatever the fields say.
    None,
    Length(u64),
    Chunked,
    /// Ends where the connection ends.
    Close,
}

impl Framing {
    /// The framing of the response with `head` to a request; `head_request`: its method was HEAD.
    pub fn of(head: &Head, head_request: bool) -> Framing {
        if head_request || head.status < 200 || head.status == 204 || head.status == 304 {
            return Framing::None;
        }
        if head.meta.chunked && head.version == Version::Http11 {
            return Framing::Chunked;
        }
        match head.meta.content_length {
            Some(length) => Framing::Length(length),
            None => Framing::Close,
        }
    }
}

/// Reads one body, cut in any way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyReader {
    Length { remaining: u64 },
    Chunked(ChunkedReader),
    Close,
}

impl BodyReader {
    pub fn new(framing: Framing) -> BodyReader {
        match framing {
            Framing::None => BodyReader::Length { remaining: 0 },
            Framing::Length(remaining) => BodyReader::Length { remaining },
            Framing::Chunked => BodyReader::Chunked(ChunkedReader::default()),
            Framing::Close => BodyReader::Close,
        }
    }

    /// Takes bytes from the front of `input`, hands data on to `sink`, returns how many it took.
    ///
    /// # Errors
    /// Of the chunked coding only.
    pub fn read(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Result<usize, Error> {
        match self {
            BodyReader::Length { remaining } => {
                let take = usize::try_from(*remaining).map_or(input.len(), |r| r.min(input.len()));
                if take > 0 {
                    sink(input.get(..take).unwrap_or_default());
                }
                *remaining -= take as u64;
                Ok(take)
            }
            BodyReader::Chunked(chunked) => chunked.read(input, sink),
            BodyReader::Close => {
                sink(input);
                Ok(input.len())
            }
        }
    }

    /// Whether the body is complete without the connection's end.
    pub fn is_done(&self) -> bool {
        match self {
            BodyReader::Length { remaining } => *remaining == 0,
            BodyReader::Chunked(chunked) => chunked.is_done(),
            BodyReader::Close => false,
        }
    }

    /// The connection ended here.
    ///
    /// # Errors
    /// [`Error::UnexpectedEnd`] when that cuts the body.
    pub fn end(&self) -> Result<(), Error> {
        match self {
            BodyReader::Close => Ok(()),
            other if other.is_done() => Ok(()),
            _ => Err(Error::UnexpectedEnd),
        }
    }
}
