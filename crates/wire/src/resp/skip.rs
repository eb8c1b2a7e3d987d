//! Finding the end of a reply without looking at more of it than that takes.

use super::{
    LINE_LIMIT, Limits, ReplyError,
    line::{integer, length, line},
    token::Aggregate,
};

/// What a reply was, as far as someone who does not want its value cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Value,
    Null,
    /// Its whole message, such as `WRONGTYPE Operation against ..`.
    Error(&'a [u8]),
    /// Not a reply but something that the server sent unasked; the reply is yet to come.
    Push,
}

/// What a call of [`ReplySkipper::skip`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip<'a> {
    /// Bytes not taken must come again, followed by more.
    NeedMore,
    /// The reply is over; what was not taken belongs to the next.
    Done(Outcome<'a>),
}

/// Skips replies one after the other. Strings are taken as they come, so that a large one needs no
/// buffer; what must be seen in one piece (a line, an error) is left until it is whole.
///
/// Nesting costs nothing here and has no limit: only the number of values still to come is kept.
#[derive(Clone, Debug)]
pub struct ReplySkipper {
    limits: Limits,
    /// Values of attributes in front of the reply.
    prelude: u64,
    /// Values still to come, all levels together: 1 at the start of a reply.
    pending: u64,
    /// Bytes of a string still to come, with its CRLF.
    payload: u64,
    /// Values announced so far.
    announced: u64,
    /// What the reply is, known from its first byte.
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Value,
    Push,
}

impl Default for ReplySkipper {
    fn default() -> ReplySkipper {
        ReplySkipper::new(Limits::DEFAULT)
    }
}

impl ReplySkipper {
    pub const fn new(limits: Limits) -> ReplySkipper {
        ReplySkipper {
            limits,
            prelude: 0,
            pending: 1,
            payload: 0,
            announced: 0,
            kind: Kind::Unknown,
        }
    }

    /// Takes bytes from the front of `input`, which begins with what the last call left. Returns
    /// how many it took and what it found: at most one reply.
    ///
    /// # Errors
    /// When the bytes are no RESP, or over a limit; the connection is of no more use.
    pub fn skip<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Skip<'a>), ReplyError> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if self.payload > 0 {
                at += self.skip_payload(rest)?;
                if self.payload > 0 {
                    return Ok((at, Skip::NeedMore));
                }
            } else {
                let Some((length, outcome)) = self.skip_head(rest)? else {
                    return Ok((at, Skip::NeedMore));
                };
                at += length;
                // Null and errors are told by one element alone.
                if let Some(outcome) = outcome {
                    self.reset();
                    return Ok((at, Skip::Done(outcome)));
                }
            }
            if self.payload == 0 && self.pending == 0 {
                let is_push = self.kind == Kind::Push;
                self.reset();
                let outcome = if is_push { Outcome::Push } else { Outcome::Value };
                return Ok((at, Skip::Done(outcome)));
            }
        }
    }

    /// Whether a reply has begun and is not over. Bytes that were left untaken do not count.
    pub fn is_inside(&self) -> bool {
        self.kind != Kind::Unknown || self.prelude > 0
    }

    fn reset(&mut self) {
        *self = ReplySkipper::new(self.limits);
    }

    fn skip_payload(&mut self, input: &[u8]) -> Result<usize, ReplyError> {
        let take = usize::try_from(self.payload).unwrap_or(usize::MAX).min(input.len());
        let left = self.payload - take as u64;
        // The last two bytes are CR and LF; they may come in different calls.
        for (from_end, expected) in [(2, b'\r'), (1, b'\n')] {
            if from_end > left && from_end <= self.payload {
                let found = input.get((self.payload - from_end) as usize);
                if found != Some(&expected) {
                    return Err(ReplyError::BulkEnd);
                }
            }
        }
        self.payload = left;
        Ok(take)
    }

    /// Takes the first line of an element, and all of an error; an outcome when that was the reply.
    #[inline]
    fn skip_head<'a>(
        &mut self,
        input: &'a [u8],
    ) -> Result<Option<(usize, Option<Outcome<'a>>)>, ReplyError> {
        let Some(&kind) = input.first() else { return Ok(None) };
        if !is_type(kind) {
            return Err(ReplyError::UnknownType(kind));
        }
        let Some((text, end)) = line(input)? else { return Ok(None) };
        let text = text.get(1..).unwrap_or_default();
        let is_reply = self.kind == Kind::Unknown && self.prelude == 0;
        let mut outcome = None;
        match kind {
            b'$' | b'=' => match length(text)? {
                Some(length) if length > self.limits.bulk as u64 => {
                    return Err(ReplyError::BulkTooLong(length));
                }
                Some(length) => self.payload = length + 2,
                None if kind == b'$' => outcome = Some(Outcome::Null),
                None => return Err(ReplyError::Length),
            },
            b'+' | b',' | b'(' | b'#' => {}
            b':' => {
                integer(text).ok_or(ReplyError::Scalar("integer"))?;
            }
            b'_' => outcome = Some(Outcome::Null),
            b'-' => outcome = Some(Outcome::Error(text)),
            b'!' => return self.skip_error(input, text, end, is_reply),
            _ => {
                let aggregate = Aggregate::of(kind).ok_or(ReplyError::UnknownType(kind))?;
                match length(text)? {
                    None => outcome = Some(Outcome::Null),
                    Some(count) => return self.enter(aggregate, count, end).map(Some),
                }
            }
        }
        self.count_one();
        Ok(Some((end, outcome.filter(|_| is_reply))))
    }

    /// A bulk error is wanted whole where it is the reply.
    fn skip_error<'a>(
        &mut self,
        input: &'a [u8],
        text: &[u8],
        end: usize,
        is_reply: bool,
    ) -> Result<Option<(usize, Option<Outcome<'a>>)>, ReplyError> {
        let length = length(text)?.ok_or(ReplyError::Length)?;
        let size = usize::try_from(length).ok().filter(|size| *size <= LINE_LIMIT);
        let size = size.ok_or(ReplyError::BulkTooLong(length))?;
        let rest = input.get(end..).unwrap_or_default();
        let (Some(message), Some(tail)) = (rest.get(..size), rest.get(size..size + 2)) else {
            return Ok(None);
        };
        if tail != b"\r\n" {
            return Err(ReplyError::BulkEnd);
        }
        self.count_one();
        let outcome = is_reply.then_some(Outcome::Error(message));
        Ok(Some((end + size + 2, outcome)))
    }

    fn enter<'a>(
        &mut self,
        aggregate: Aggregate,
        count: u64,
        end: usize,
    ) -> Result<(usize, Option<Outcome<'a>>), ReplyError> {
        let values = aggregate.values(count);
        self.announced = self.announced.saturating_add(values);
        if self.announced > self.limits.elements as u64 {
            return Err(ReplyError::TooManyElements);
        }
        let before_reply = self.kind == Kind::Unknown;
        if before_reply && (self.prelude > 0 || aggregate == Aggregate::Attribute) {
            if aggregate != Aggregate::Attribute {
                self.prelude -= 1;
            }
            self.prelude += values;
            return Ok((end, None));
        }
        if before_reply {
            self.kind = if aggregate == Aggregate::Push { Kind::Push } else { Kind::Value };
        }
        if aggregate != Aggregate::Attribute {
            self.pending -= 1;
        }
        self.pending += values;
        Ok((end, None))
    }

    /// One value is read, or its string is about to be.
    #[inline]
    fn count_one(&mut self) {
        if self.prelude > 0 {
            self.prelude -= 1;
        } else {
            self.kind = if self.kind == Kind::Unknown { Kind::Value } else { self.kind };
            self.pending -= 1;
        }
    }
}

/// Whether a byte begins a reply or an element of one.
#[inline]
pub(super) fn is_type(kind: u8) -> bool {
    matches!(kind, b'+' | b'-' | b':' | b'$' | b'!' | b'=' | b'_' | b'#' | b',' | b'(')
        || Aggregate::of(kind).is_some()
}
