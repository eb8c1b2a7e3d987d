//! HTTP/1.x: response heads, body framing, request heads, chunked bodies.
//!
//! The reader's side is a [`ResponseReader`]: feed it whatever arrived, in pieces of any size, and it
//! says how much it took and what it has found. The same bytes give the same result however they
//! are cut.

mod body;
mod chunked;
mod encode;
mod head;
mod reader;

pub use body::{BodyReader, Framing};
pub use chunked::{CHUNK_LINE_LIMIT, ChunkedReader, TRAILERS_LIMIT};
pub use encode::{RequestHead, is_field_name, is_field_value, write_chunk, write_last_chunk};
pub use head::{FIELDS_LIMIT, Field, HEAD_LIMIT, Head, HeadError, Version, parse_head};
pub use reader::{INTERIM_LIMIT, ResponseReader, Step};

/// Why bytes are not HTTP. The text is Go's, which users of k6 know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("invalid byte in chunk length")]
    ChunkLength,
    #[error("http chunk length too large")]
    ChunkTooLarge,
    #[error("malformed chunked encoding")]
    ChunkEnd,
    #[error("header line too long")]
    ChunkLineTooLong,
    #[error("http: suspiciously long trailer after chunked body")]
    TrailersTooLong,
    #[error("net/http: too many 1xx informational responses")]
    TooManyInterim,
    /// The peer closed in the middle of a message.
    #[error("unexpected EOF")]
    UnexpectedEnd,
}

#[cfg(test)]
mod tests;
