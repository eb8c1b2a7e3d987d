//! The hits of one block, one after the other.

use std::{borrow::Cow, ops::Range, time::Duration};

use plimsoll_metrics::{Timestamp, varint::Reader};

use super::{BODY_LIMIT, HEADERS_LIMIT, TEXT_LIMIT, TEXTS_LIMIT, flag};
use crate::results::Hit;

/// What is wrong with bytes.
pub(super) type Wrong = &'static str;

const NO_HIT: Wrong = "a hit that makes no sense";

/// A block's content, read as far as [`Hits::advance`] went. Its memory serves block after block.
#[derive(Debug, Default)]
pub(super) struct Hits {
    content: Vec<u8>,
    at: usize,
    texts: Texts,
    current: Current,
}

/// The hit that was read last; texts as numbers, the body as a place in the content.
#[derive(Debug, Default)]
struct Current {
    seq: u64,
    scheduled: u64,
    response_time: u64,
    lateness: Option<u64>,
    code: u16,
    bytes_out: u64,
    bytes_in: u64,
    /// Of attack, method and URL.
    target: Option<[usize; 3]>,
    error: Option<usize>,
    body: Range<usize>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A block's texts, by number.
#[derive(Debug, Default)]
struct Texts {
    /// Those behind `used` are kept for their memory.
    all: Vec<String>,
    used: usize,
}

impl Hits {
    /// Starts with a block. When it is not `whole`, it ends before the first hit that is cut.
    pub(super) fn start(&mut self, content: &[u8], whole: bool) {
        self.rewind();
        self.content.clear();
        self.content.extend_from_slice(content);
        if !whole {
            let length = self.whole_length();
            self.content.truncate(length);
            self.rewind();
        }
    }

    /// Bytes of the content up to the first hit that cannot be read.
    fn whole_length(&mut self) -> usize {
        let mut whole = 0;
        while let Ok(true) = self.advance() {
            whole = self.at;
        }
        whole
    }

    fn rewind(&mut self) {
        self.at = 0;
        self.texts.used = 0;
        self.current =
            Current { headers: std::mem::take(&mut self.current.headers), ..Current::default() };
    }

    /// Bytes of the block's content.
    pub(super) fn length(&self) -> usize {
        self.content.len()
    }

    /// Drops the rest, and says how many bytes that was.
    pub(super) fn clear(&mut self) -> usize {
        let rest = self.content.len().saturating_sub(self.at);
        self.content.truncate(self.at);
        rest
    }

    /// Goes to the next hit; false when there is none.
    pub(super) fn advance(&mut self) -> Result<bool, Wrong> {
        let Some(rest) = self.content.get(self.at..).filter(|rest| !rest.is_empty()) else {
            return Ok(false);
        };
        let mut reader = Reader::new(rest);
        let length = self.content.len();
        self.current.read(&mut reader, &mut self.texts, length).ok_or(NO_HIT)?;
        self.at = length - reader.remaining();
        Ok(true)
    }

    pub(super) fn hit(&self) -> Hit<'_> {
        let Hits { content, texts, current, .. } = self;
        let text = |number: Option<usize>| Cow::Borrowed(texts.get(number));
        let target = |at: usize| text(current.target.and_then(|numbers| numbers.get(at).copied()));
        Hit {
            attack: target(0),
            seq: current.seq,
            code: current.code,
            scheduled: Timestamp(current.scheduled),
            lateness: current.lateness.map(Duration::from_nanos),
            response_time: Duration::from_nanos(current.response_time),
            bytes_out: current.bytes_out,
            bytes_in: current.bytes_in,
            error: text(current.error),
            method: target(1),
            url: target(2),
            body: Cow::Borrowed(content.get(current.body.clone()).unwrap_or_default()),
            headers: Cow::Borrowed(&current.headers),
        }
    }
}

impl Current {
    /// Reads the next hit from a content of `length` bytes; the reader has its rest.
    fn read(&mut self, reader: &mut Reader<'_>, texts: &mut Texts, length: usize) -> Option<()> {
        let flags = reader.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let step = if has(flag::NEXT_SEQ) { 1 } else { reader.signed()? };
        self.seq = self.seq.wrapping_add(step as u64);
        self.scheduled = self.scheduled.wrapping_add(reader.signed()? as u64);
        self.response_time = reader.varint()?;
        self.lateness = if has(flag::LATENESS) { Some(reader.varint()?) } else { None };
        if !has(flag::SAME_CODE) {
            self.code = u16::try_from(reader.varint()?).ok()?;
        }
        if !has(flag::SAME_BYTES_OUT) {
            self.bytes_out = reader.varint()?;
        }
        if !has(flag::SAME_BYTES_IN) {
            self.bytes_in = reader.varint()?;
        }
        if has(flag::SAME_TARGET) {
            self.target?;
        } else {
            self.target = Some([texts.read(reader)?, texts.read(reader)?, texts.read(reader)?]);
        }
        self.error = if has(flag::ERROR) { Some(texts.read(reader)?) } else { None };
        self.body = 0..0;
        self.headers.clear();
        if has(flag::RESPONSE) {
            self.read_response(reader, length)?;
        }
        Some(())
    }

    fn read_response(&mut self, reader: &mut Reader<'_>, length: usize) -> Option<()> {
        let body = reader.bytes().filter(|body| body.len() <= BODY_LIMIT)?;
        let end = length - reader.remaining();
        self.body = end - body.len()..end;
        let mut room = HEADERS_LIMIT;
        for _ in 0..reader.varint()? {
            let (name, value) = (reader.bytes()?, reader.bytes()?);
            room = room.checked_sub(name.len() + value.len() + 1)?;
            self.headers.push((name.to_vec(), value.to_vec()));
        }
        Some(())
    }
}

impl Texts {
    fn get(&self, number: Option<usize>) -> &str {
        number.and_then(|number| self.all.get(number)).map_or("", String::as_str)
    }

    /// The number of the text that is next, which is there itself or by its number.
    fn read(&mut self, reader: &mut Reader<'_>) -> Option<usize> {
        if let Some(number) = reader.varint()?.checked_sub(1) {
            return usize::try_from(number).ok().filter(|&number| number < self.used);
        }
        let text = reader.text().filter(|text| text.len() <= TEXT_LIMIT)?;
        if self.used >= TEXTS_LIMIT {
            return None;
        }
        match self.all.get_mut(self.used) {
            Some(reused) => {
                reused.clear();
                reused.push_str(text);
            }
            None => self.all.push(text.to_owned()),
        }
        self.used += 1;
        Some(self.used - 1)
    }
}
