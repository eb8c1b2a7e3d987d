//! The server's side: commands as slices of what was received.

use std::ops::Range;

use super::{
    Limits,
    inline::{INLINE_LIMIT, split_words},
    line::integer,
};

/// Longest line with a count or a length, in bytes: Redis's own.
const COUNT_LINE_LIMIT: usize = 64 << 10;
/// Digits of a line whose number is read without looking for the line's end first.
const SHORT_DIGITS: usize = 6;
/// Room for arguments that is made before they come.
const RESERVE_LIMIT: usize = 1024;
/// Room for arguments that is kept from one command to the next.
const KEPT_ARGUMENTS: usize = 16 << 10;

/// Why bytes are not a command. The text is Redis's; after it the server closes the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    #[error("Protocol error: too big mbulk count string")]
    CountTooLong,
    #[error("Protocol error: invalid multibulk length")]
    Count,
    #[error("Protocol error: too big bulk count string")]
    LengthTooLong,
    #[error("Protocol error: expected '$', got '{}'", char::from(*.0))]
    NoBulk(u8),
    #[error("Protocol error: invalid bulk length")]
    Length,
    /// Redis does not look.
    #[error("Protocol error: bulk string does not end in CRLF")]
    BulkEnd,
}

/// One command; borrows from the input and the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    bytes: &'a [u8],
    arguments: &'a [Range<usize>],
}

impl<'a> Command<'a> {
    /// A command kept from before, as a queue of commands has them: its name and arguments are the
    /// `arguments` of `bytes`, and there is at least one.
    pub fn kept(bytes: &'a [u8], arguments: &'a [Range<usize>]) -> Command<'a> {
        Command { bytes, arguments }
    }

    /// Adds the places of its arguments in `input`, which it was decoded from, to `places`, for
    /// [`Command::kept`]; false when it is an inline command, whose arguments are not there as they are.
    pub fn keep_places(&self, input: &[u8], places: &mut Vec<Range<usize>>) -> bool {
        // What it was read from is all of the input but the empty lines before it.
        let start = input.len().saturating_sub(self.bytes.len());
        let is_rest = input.get(start..).is_some_and(|rest| std::ptr::eq(rest, self.bytes));
        if is_rest {
            let moved = |place: &Range<usize>| place.start + start..place.end + start;
            places.extend(self.arguments.iter().map(moved));
        }
        is_rest
    }

    /// The command that the arguments from `index` on are; `None` when there are none.
    pub fn tail(&self, index: usize) -> Option<Command<'a>> {
        let arguments = self.arguments.get(index..).filter(|arguments| !arguments.is_empty())?;
        Some(Command { bytes: self.bytes, arguments })
    }

    /// The argument of that index, the command's name being 0.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.arguments.get(index)?.clone())
    }

    /// Arguments, the name included; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a command is never empty")]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.arguments.iter().map(move |place| bytes.get(place.clone()).unwrap_or_default())
    }
}

/// Finds commands, one after the other. A command in pieces is not looked at again from its start.
#[derive(Debug, Default)]
pub struct CommandDecoder {
    limits: Limits,
    /// How far the command has been read.
    at: usize,
    /// Arguments still to come; `None` before the command's head.
    left: Option<usize>,
    arguments: Vec<Range<usize>>,
    /// See [`CommandDecoder::missing`].
    missing: usize,
    /// Where the argument begins of which that is missing.
    awaited: usize,
    /// Bytes of an argument that was passed over that have not come yet.
    surplus: usize,
    /// Of the command that was found last: the bytes before it and its own, 0 for none or an inline one.
    last: (usize, usize),
    /// The words of an inline command.
    words: Vec<u8>,
}

enum Progress {
    NeedMore,
    /// A line that says nothing; its end.
    Empty(usize),
    Inline(usize),
    Whole,
}

impl CommandDecoder {
    pub fn new(limits: Limits) -> CommandDecoder {
        CommandDecoder { limits, ..CommandDecoder::default() }
    }

    /// From the next command on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Begins anew: the next input begins with a command, whatever has been read of it.
    pub fn forget(&mut self) {
        self.restart();
    }

    /// At least so many bytes have to come before a command that was not whole can be: the rest of an
    /// argument whose length is known. What a peer claims, not what it is sure to send.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// Bytes of memory that it keeps.
    pub fn bytes(&self) -> usize {
        self.arguments.capacity() * size_of::<Range<usize>>() + self.words.capacity()
    }

    /// What has come of a command that is not whole: its name and the arguments before the one that is
    /// missing. `input` is what the next call's begins with.
    pub fn begun<'a>(&'a self, input: &'a [u8]) -> Option<Command<'a>> {
        let has_begun = self.left.is_some() && !self.arguments.is_empty();
        has_begun.then_some(Command { bytes: input, arguments: &self.arguments })
    }

    /// The argument that is missing is not wanted: the command will have an empty one in its place. Only so
    /// many bytes of the input are needed any more; the bytes of the argument that are still to come are to
    /// go through [`CommandDecoder::skip`]. `None` when no argument's length is known.
    pub fn pass_over(&mut self) -> Option<usize> {
        let (start, left) = (self.awaited, self.left.filter(|_| self.missing > 0)?);
        self.arguments.push(start..start);
        self.at = start;
        self.left = Some(left.saturating_sub(1));
        self.surplus = std::mem::take(&mut self.missing);
        Some(start)
    }

    /// What is new in an input without the bytes that are passed over.
    pub fn skip<'a>(&mut self, new: &'a [u8]) -> &'a [u8] {
        let skipped = self.surplus.min(new.len());
        self.surplus -= skipped;
        new.get(skipped..).unwrap_or_default()
    }

    /// The next call gives the last one's command once more, without looking through it. That call's input
    /// begins as the last one's did, but for the bytes whose number is returned.
    pub fn put_back(&mut self) -> usize {
        let (before, length) = std::mem::take(&mut self.last);
        if length == 0 {
            return 0;
        }
        self.at = length;
        self.left = Some(0);
        before
    }

    /// Reads one command from the front of `input`. Returns how many bytes are done with, and the
    /// command when it is whole. Without one, the bytes not taken must come again at the front of
    /// the next call's input, followed by more.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub fn decode<'a>(
        &'a mut self,
        input: &'a [u8],
    ) -> Result<(usize, Option<Command<'a>>), CommandError> {
        let mut skipped = 0;
        self.missing = 0;
        self.last = (0, 0);
        if self.surplus > 0 {
            return Ok((0, None));
        }
        loop {
            let rest = input.get(skipped..).unwrap_or_default();
            match self.advance(rest)? {
                Progress::NeedMore => return Ok((skipped, None)),
                Progress::Empty(length) => {
                    skipped += length;
                    self.restart();
                }
                Progress::Inline(length) => {
                    self.restart_keeping_arguments();
                    let command = Command { bytes: &self.words, arguments: &self.arguments };
                    return Ok((skipped + length, Some(command)));
                }
                Progress::Whole => {
                    let length = self.at;
                    self.restart_keeping_arguments();
                    self.last = (skipped, length);
                    let command = Command { bytes: rest, arguments: &self.arguments };
                    return Ok((skipped + length, Some(command)));
                }
            }
        }
    }

    fn restart(&mut self) {
        self.restart_keeping_arguments();
        self.arguments.clear();
        self.missing = 0;
        self.last = (0, 0);
        self.surplus = 0;
    }

    fn restart_keeping_arguments(&mut self) {
        self.at = 0;
        self.left = None;
    }

    fn advance(&mut self, input: &[u8]) -> Result<Progress, CommandError> {
        let mut left = match self.left {
            Some(left) => left,
            None => {
                self.begin();
                match input.first() {
                    None => return Ok(Progress::NeedMore),
                    Some(b'*') => {}
                    Some(_) => return self.inline(input),
                }
                let line = number_line(input, CommandError::CountTooLong, CommandError::Count)?;
                let Some((count, end)) = line else { return Ok(Progress::NeedMore) };
                if count <= 0 {
                    return Ok(Progress::Empty(end));
                }
                let count = usize::try_from(count).map_err(|_| CommandError::Count)?;
                if count > self.limits.elements {
                    return Err(CommandError::Count);
                }
                self.arguments.reserve(count.min(RESERVE_LIMIT));
                self.at = end;
                count
            }
        };
        while left > 0 {
            self.left = Some(left);
            let Some(place) = self.argument(input)? else { return Ok(Progress::NeedMore) };
            self.at = place.end + 2;
            self.arguments.push(place);
            left -= 1;
        }
        Ok(Progress::Whole)
    }

    /// Memory of the last command is given back when it was a large one.
    fn begin(&mut self) {
        self.arguments.clear();
        self.arguments.shrink_to(KEPT_ARGUMENTS);
        self.words.clear();
        self.words.shrink_to(INLINE_LIMIT);
    }

    fn argument(&mut self, input: &[u8]) -> Result<Option<Range<usize>>, CommandError> {
        let rest = input.get(self.at..).unwrap_or_default();
        match rest.first() {
            None => return Ok(None),
            Some(b'$') => {}
            Some(other) => return Err(CommandError::NoBulk(*other)),
        }
        let line = number_line(rest, CommandError::LengthTooLong, CommandError::Length)?;
        let Some((length, end)) = line else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.limits.bulk);
        let length = length.ok_or(CommandError::Length)?;
        let start = self.at + end;
        let place = start..start + length;
        match input.get(place.end..place.end + 2) {
            None => {
                self.missing = place.end + 2 - input.len();
                self.awaited = start;
                Ok(None)
            }
            Some(b"\r\n") => Ok(Some(place)),
            Some(_) => Err(CommandError::BulkEnd),
        }
    }

    fn inline(&mut self, input: &[u8]) -> Result<Progress, CommandError> {
        let end = memchr::memchr(b'\n', input.get(..INLINE_LIMIT).unwrap_or(input));
        let Some(end) = end else {
            let is_over = input.len() >= INLINE_LIMIT;
            return if is_over { Err(CommandError::InlineTooLong) } else { Ok(Progress::NeedMore) };
        };
        let line = input.get(..end).unwrap_or_default();
        split_words(line, &mut self.words, &mut self.arguments)
            .map_err(|_| CommandError::UnbalancedQuotes)?;
        let length = end + 1;
        Ok(if self.arguments.is_empty() {
            Progress::Empty(length)
        } else {
            Progress::Inline(length)
        })
    }
}

/// The number behind the type's byte, and the length of its line; `None` when it is not whole.
#[inline]
fn number_line(
    input: &[u8],
    too_long: CommandError,
    malformed: CommandError,
) -> Result<Option<(i64, usize)>, CommandError> {
    if let Some(line) = short_line(input) {
        return Ok(Some(line));
    }
    let Some(end) = memchr::memchr(b'\r', input.get(..COUNT_LINE_LIMIT).unwrap_or(input)) else {
        return if input.len() >= COUNT_LINE_LIMIT { Err(too_long) } else { Ok(None) };
    };
    // As in Redis, the byte behind CR is taken for LF whatever it is, once it is there.
    if input.len() < end + 2 {
        return Ok(None);
    }
    let number = integer(input.get(1..end).unwrap_or_default()).ok_or(malformed)?;
    Ok(Some((number, end + 2)))
}

/// A whole line of a few digits, as nearly all are: found with one look at each byte.
#[inline]
fn short_line(input: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0;
    for at in 1..SHORT_DIGITS + 2 {
        match *input.get(at)? {
            digit @ b'0'..=b'9' => number = number * 10 + i64::from(digit - b'0'),
            b'\r' if at > 1 && input.len() > at + 1 => return Some((number, at + 2)),
            _ => return None,
        }
    }
    None
}
