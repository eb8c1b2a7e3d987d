//! One exchange's response as a state machine.

use super::{
    Error,
    body::{BodyReader, Framing},
    head::{HEAD_LIMIT, Head, HeadError, parse_head, without_empty_lines},
};

/// Most 1xx responses before the final one; Go's limit.
pub const INTERIM_LIMIT: usize = 5;

/// What a call of [`ResponseReader::read`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes not taken must come again, followed by more.
    NeedMore,
    /// A 1xx response, 101 excepted; the final one follows.
    Interim(Head),
    Head(Head),
    /// The response is complete; what was not taken is not of it.
    Done,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Body(BodyReader),
}

/// Reads one response, cut in any way.
#[derive(Clone, Copy, Debug)]
pub struct ResponseReader {
    state: State,
    head_request: bool,
    /// Bytes at the front that are known not to hold a whole head.
    scanned: usize,
    interim: usize,
    keep_alive: bool,
}

impl ResponseReader {
    /// `head_request`: the request's method was HEAD, so the response has no body.
    pub fn new(head_request: bool) -> ResponseReader {
        ResponseReader {
            state: State::Head,
            head_request,
            scanned: 0,
            interim: 0,
            keep_alive: false,
        }
    }

    /// Takes bytes from the front of `input`, which begins with what the last call left; body data
    /// goes to `sink`. Returns how many it took and what it found.
    ///
    /// # Errors
    /// The first thing that is not HTTP; the connection is of no more use.
    pub fn read(&mut self, input: &[u8], sink: impl FnMut(&[u8])) -> Result<(usize, Step), Error> {
        match &mut self.state {
            State::Head => self.read_head(input),
            State::Body(body) => {
                let taken = body.read(input, sink)?;
                let step = if body.is_done() { Step::Done } else { Step::NeedMore };
                Ok((taken, step))
            }
        }
    }

    /// The peer closed the connection; `rest`: what the last call left.
    ///
    /// # Errors
    /// When that cuts the response.
    pub fn end(&self, rest: &[u8]) -> Result<(), Error> {
        match &self.state {
            // Lines behind the first are judged only now when the empty line never came.
            State::Head => match parse_head(rest) {
                Err(error) => Err(error.into()),
                Ok(_) => Err(super::head::cut(rest).map_or(Error::UnexpectedEnd, Error::Head)),
            },
            State::Body(body) => body.end(),
        }
    }

    /// Whether the head has been read, 1xx ones excepted.
    pub fn has_head(&self) -> bool {
        matches!(self.state, State::Body(_))
    }

    /// Whether the connection may be used again once the response is complete.
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    fn read_head(&mut self, input: &[u8]) -> Result<(usize, Step), Error> {
        // Parse again only when the head may be complete, so that a huge head in small pieces
        // costs linear time.
        if self.scanned > 0 && input.len() <= HEAD_LIMIT && !self.may_be_complete(input) {
            self.scanned = input.len();
            return Ok((0, Step::NeedMore));
        }
        let Some(head) = parse_head(input)? else {
            if input.len() > HEAD_LIMIT {
                return Err(HeadError::TooLong.into());
            }
            self.scanned = input.len();
            return Ok((0, Step::NeedMore));
        };
        self.scanned = 0;
        let length = head.length;
        if head.status < 200 && head.status != 101 {
            self.interim += 1;
            if self.interim > INTERIM_LIMIT {
                return Err(Error::TooManyInterim);
            }
            return Ok((length, Step::Interim(head)));
        }
        let framing = Framing::of(&head, self.head_request);
        self.keep_alive =
            framing != Framing::Close && head.status != 101 && head.meta.keep_alive(head.version);
        self.state = State::Body(BodyReader::new(framing));
        Ok((length, Step::Head(head)))
    }

    /// Whether a line ended in the new bytes: the first line is judged as soon as it is there, the
    /// rest at the empty line.
    fn may_be_complete(&self, input: &[u8]) -> bool {
        // The empty line may straddle the border: look three bytes back.
        let from = self.scanned.saturating_sub(3);
        let known = without_empty_lines(input.get(..self.scanned).unwrap_or(input));
        let first_line = memchr::memchr(b'\n', known).is_none();
        let new = input.get(from..).unwrap_or_default();
        memchr::memchr_iter(b'\n', new).any(|at| {
            let rest = new.get(at + 1..).unwrap_or_default();
            first_line || rest.starts_with(b"\n") || rest.starts_with(b"\r\n")
        })
    }
}
