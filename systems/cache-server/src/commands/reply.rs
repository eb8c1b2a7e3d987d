//! What goes back to a client: bytes in its protocol, and large values beside them, uncopied.

use bytes::Bytes;
use plimsoll_wire::resp::{
    Aggregate, Protocol, write_aggregate, write_bulk, write_error, write_integer, write_null,
    write_simple,
};

use super::{error::Error, number};
use crate::store::ValueRef;

/// Replies of one or more commands. Kept and used again.
#[derive(Debug, Default)]
pub struct Reply {
    protocol: Protocol,
    buffer: Vec<u8>,
    /// Values to be sent before the byte of `buffer` at that place, which does not contain them.
    large: Vec<(usize, Bytes)>,
    large_bytes: usize,
}

/// A place in a reply to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    buffer: usize,
    large: usize,
}

/// A head whose count comes later.
#[derive(Debug)]
#[must_use = "the head is written when it is closed"]
pub struct OpenAggregate {
    aggregate: Aggregate,
    mark: Mark,
}

impl Reply {
    /// An empty one.
    pub fn new(protocol: Protocol) -> Reply {
        Reply { protocol, ..Reply::default() }
    }

    /// In which values are written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// From the next value on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Whether the client knows the types of RESP3.
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// All bytes to be sent, those of large values included.
    pub fn len(&self) -> usize {
        self.buffer.len() + self.large_bytes
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes without the large values.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Large values with the places in [`Reply::buffer`] before which they go, ascending.
    pub fn large(&self) -> &[(usize, Bytes)] {
        &self.large
    }

    /// Forgets all; memory and protocol stay.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.large.clear();
        self.large_bytes = 0;
    }

    /// Gives back memory beyond `capacity` bytes. For when it is empty.
    pub fn shrink_to(&mut self, capacity: usize) {
        self.buffer.shrink_to(capacity);
        self.large.shrink_to(0);
    }

    /// The bytes of the buffer for those who write replies of their own, in this reply's protocol.
    pub fn raw(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Where it ends now.
    pub fn mark(&self) -> Mark {
        Mark { buffer: self.buffer.len(), large: self.large.len() }
    }

    /// Takes back what was written since.
    pub fn rollback(&mut self, mark: Mark) {
        self.buffer.truncate(mark.buffer);
        let dropped = self.large.drain(mark.large.min(self.large.len())..);
        self.large_bytes -= dropped.map(|(_, value)| value.len()).sum::<usize>();
    }

    /// The status `OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.buffer.extend_from_slice(b"+OK\r\n");
    }

    /// A status.
    pub fn simple(&mut self, text: &str) {
        write_simple(&mut self.buffer, text.as_bytes());
    }

    /// An error, with its code word.
    pub fn error(&mut self, error: &Error) {
        write_error(&mut self.buffer, error.to_string().as_bytes());
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        write_integer(&mut self.buffer, value);
    }

    /// A number of things, as an integer.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// 1 or 0 in either protocol, as nearly all commands have it.
    #[inline]
    pub fn flag(&mut self, is_set: bool) {
        self.buffer.extend_from_slice(if is_set { b":1\r\n" } else { b":0\r\n" });
    }

    /// RESP3's boolean; 1 or 0 in RESP2.
    pub fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.flag(value),
            Protocol::Resp3 => {
                self.buffer.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" })
            }
        }
    }

    /// A string of bytes, copied.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        write_bulk(&mut self.buffer, bytes);
    }

    /// A string that is only counted, not copied.
    pub fn large_bulk(&mut self, bytes: &Bytes) {
        self.buffer.push(b'$');
        self.buffer.extend_from_slice(itoa::Buffer::new().format(bytes.len()).as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
        if !bytes.is_empty() {
            self.large.push((self.buffer.len(), bytes.clone()));
            self.large_bytes += bytes.len();
        }
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// As [`Reply::large_bulk`], for a string in pieces.
    pub fn large_bulk_of(&mut self, pieces: &[Bytes]) {
        let length = pieces.iter().map(Bytes::len).sum::<usize>();
        self.buffer.push(b'$');
        self.buffer.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
        pieces.iter().for_each(|piece| self.encoded(piece));
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Values that are encoded in this protocol already. They are only counted, not copied.
    pub fn encoded(&mut self, values: &Bytes) {
        self.large.push((self.buffer.len(), values.clone()));
        self.large_bytes += values.len();
    }

    /// All that it has, in pieces for [`Reply::encoded`]. Large values are not copied.
    pub(super) fn into_pieces(self, pieces: &mut Vec<Bytes>) {
        let buffer = Bytes::from(self.buffer);
        let mut at = 0;
        for (place, value) in self.large {
            pieces.push(buffer.slice(at..place));
            pieces.push(value);
            at = place;
        }
        pieces.push(buffer.slice(at..));
    }

    /// A string value of the store.
    ///
    /// # Errors
    /// When it is a collection.
    #[inline]
    pub fn string(&mut self, value: ValueRef<'_>) -> Result<(), Error> {
        match value {
            ValueRef::Bytes(bytes) => self.bulk(bytes),
            ValueRef::Large(bytes) => self.large_bulk(bytes),
            ValueRef::Object(_) => return Err(Error::WrongType),
        }
        Ok(())
    }

    /// The value that is not there.
    #[inline]
    pub fn null(&mut self) {
        write_null(&mut self.buffer, self.protocol);
    }

    /// The null that stands for an array; RESP3 has but one null.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.buffer.extend_from_slice(b"*-1\r\n"),
            Protocol::Resp3 => self.null(),
        }
    }

    /// The head of an array; its `count` values follow.
    #[inline]
    pub fn array(&mut self, count: usize) {
        self.aggregate(Aggregate::Array, count);
    }

    /// The head of a map of `pairs`: twice as many values follow. An array in RESP2.
    pub fn map(&mut self, pairs: usize) {
        self.aggregate(Aggregate::Map, pairs);
    }

    /// The head of a set. An array in RESP2.
    pub fn set(&mut self, count: usize) {
        self.aggregate(Aggregate::Set, count);
    }

    /// The head of a message that nobody asked for. An array in RESP2.
    pub fn push(&mut self, count: usize) {
        self.aggregate(Aggregate::Push, count);
    }

    fn aggregate(&mut self, aggregate: Aggregate, count: usize) {
        write_aggregate(&mut self.buffer, aggregate, count, self.protocol);
    }

    /// Begins an aggregate whose count is not known yet. To be closed.
    pub fn open(&self, aggregate: Aggregate) -> OpenAggregate {
        OpenAggregate { aggregate, mark: self.mark() }
    }

    /// Writes the head of an aggregate before the `count` values written since it was opened.
    pub fn close(&mut self, open: OpenAggregate, count: usize) {
        let mut head = Vec::new();
        write_aggregate(&mut head, open.aggregate, count, self.protocol);
        let at = open.mark.buffer.min(self.buffer.len());
        let length = head.len();
        self.buffer.splice(at..at, head);
        for (place, _) in self.large.iter_mut().skip(open.mark.large) {
            *place += length;
        }
    }

    /// RESP3's double; a string in RESP2.
    pub fn double(&mut self, value: f64) {
        let mut text = Vec::new();
        number::write_double(&mut text, value);
        match self.protocol {
            Protocol::Resp2 => self.bulk(&text),
            Protocol::Resp3 => {
                self.buffer.push(b',');
                self.buffer.extend_from_slice(&text);
                self.buffer.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Text for people, of a format such as `txt`; a plain string in RESP2.
    pub fn verbatim(&mut self, format: [u8; 3], text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.buffer.push(b'=');
                let length = text.len() + format.len() + 1;
                self.buffer.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
                self.buffer.extend_from_slice(b"\r\n");
                self.buffer.extend_from_slice(&format);
                self.buffer.push(b':');
                self.buffer.extend_from_slice(text);
                self.buffer.extend_from_slice(b"\r\n");
            }
        }
    }
}
