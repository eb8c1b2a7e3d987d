//! The memory of bodies that were sent, for those that follow.
//!
//! A body is large, and what the allocator gives for it each second is fresh: the kernel clears it first,
//! which costs several times what encoding does.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bodies whose memory is kept hold of: those of a second with as many points as are written singly.
const SPARES_LIMIT: usize = 12;

#[derive(Debug, Default)]
pub(crate) struct Spares(VecDeque<Bytes>);

impl Spares {
    /// Makes a body of `buffer`, and has its memory back when everybody is done with it.
    pub(crate) fn lend(&mut self, buffer: Vec<u8>) -> Bytes {
        let body = Bytes::from(buffer);
        if self.0.len() >= SPARES_LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(body.clone());
        body
    }

    /// An empty buffer: that of a body which nobody needs any more, else a new one with room for
    /// `capacity` bytes.
    pub(crate) fn take(&mut self, capacity: usize) -> Vec<u8> {
        let free = self.0.iter().position(Bytes::is_unique);
        match free.and_then(|at| self.0.remove(at)) {
            Some(mut body) => {
                body.clear();
                body.into()
            }
            None => Vec::with_capacity(capacity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_once_it_is_free() {
        let mut spares = Spares::default();
        let mut buffer = spares.take(1_000);
        buffer.extend_from_slice(b"abc");
        let (at, room) = (buffer.as_ptr(), buffer.capacity());
        let body = spares.lend(buffer);
        let other = spares.take(1_000);
        assert_ne!(other.as_ptr(), at, "it is being sent");
        assert_eq!(&body[..], b"abc");
        drop(body);
        let again = spares.take(1_000);
        assert_eq!((again.as_ptr(), again.capacity(), again.len()), (at, room, 0));
        let lent: Vec<Bytes> = (0..2 * SPARES_LIMIT).map(|_| spares.lend(vec![0])).collect();
        assert_eq!((lent.len(), spares.0.len()), (2 * SPARES_LIMIT, SPARES_LIMIT));
    }
}
