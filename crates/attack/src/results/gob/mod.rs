//! vegeta's binary results: a gob stream of its `Result` struct, which is read and never written.

#[cfg(test)]
mod tests;
mod value;

use std::{borrow::Cow, io, time::Duration};

use plimsoll_metrics::Timestamp;

use self::value::{Reader, Types, Value, Wrong};
use super::{Damage, Hit, Source, Step, input::Input};

/// Bytes of one message: a hit with its body.
const MESSAGE_LIMIT: u64 = 32 << 20;

/// Longest beginning of a message, its length.
const LENGTH_BYTES: usize = 9;

/// Seconds from the year 1, where Go counts from, to 1970.
const GO_EPOCH: i64 = 62_135_596_800;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Whether bytes look like the start of a gob stream: a message that defines a struct.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    /// The field of a definition that is a struct's, and that struct's first field.
    const STRUCT: [Option<u64>; 2] = [Some(3), Some(1)];
    let mut reader = Reader::new(bytes);
    let length = reader.uint();
    let definition = reader.int();
    length.is_some_and(|length| length <= MESSAGE_LIMIT)
        && definition.is_some_and(|id| id < 0)
        && [reader.uint(), reader.uint()] == STRUCT
}

/// Results in gob.
pub(super) struct Gob {
    input: Input,
    types: Types,
    hit: Hit<'static>,
    /// Nothing can be found behind a message without a known end.
    is_lost: bool,
}

impl Gob {
    pub(super) fn new(input: Input) -> Gob {
        Gob { input, types: Types::default(), hit: Hit::default(), is_lost: false }
    }

    /// Where the next message starts and ends within the rest; `None` when it is cut.
    fn message(&mut self) -> io::Result<Result<Option<(usize, usize)>, Wrong>> {
        loop {
            let rest = self.input.rest();
            let mut reader = Reader::new(rest);
            match reader.uint() {
                Some(length) if length > MESSAGE_LIMIT => {
                    return Ok(Err("a message that is too long"));
                }
                Some(length) => {
                    let start = rest.len() - reader.remaining();
                    let end = start + length as usize;
                    if end <= rest.len() {
                        return Ok(Ok(Some((start, end))));
                    }
                }
                None if rest.len() >= LENGTH_BYTES => return Ok(Err("a message without length")),
                None => {}
            }
            if !self.input.more()? {
                return Ok(Ok(None));
            }
        }
    }

    /// Everything that is left is lost.
    fn lose(&mut self, what: Cow<'static, str>) -> io::Result<Step> {
        self.is_lost = true;
        let offset = self.input.offset();
        let mut skipped = 0;
        loop {
            let length = self.input.rest().len();
            skipped += length as u64;
            self.input.take(length);
            if !self.input.more()? {
                return Ok(Step::Damage(Damage { what, offset, skipped }));
            }
        }
    }
}

impl Source for Gob {
    fn advance(&mut self) -> io::Result<Step> {
        loop {
            if self.is_lost {
                return Ok(Step::Over);
            }
            let (start, end) = match self.message()? {
                Ok(Some(message)) => message,
                Ok(None) if self.input.rest().is_empty() => return Ok(Step::Over),
                Ok(None) => return self.lose("the last message is cut".into()),
                Err(wrong) => return self.lose(wrong.into()),
            };
            let content = self.input.rest().get(start..end).unwrap_or_default();
            match read(&mut self.types, content) {
                Ok(None) => self.input.take(end),
                Ok(Some(hit)) => {
                    self.hit = hit;
                    self.input.take(end);
                    return Ok(Step::Hit);
                }
                Err(wrong) => {
                    let what = format!("no result of vegeta: {wrong}").into();
                    let (offset, skipped) = (self.input.offset(), end as u64);
                    self.input.take(end);
                    return Ok(Step::Damage(Damage { what, offset, skipped }));
                }
            }
        }
    }

    fn hit(&self) -> Hit<'_> {
        self.hit.borrowed()
    }
}

/// A message is the definition of a type, or a value with its type.
fn read(types: &mut Types, content: &[u8]) -> Result<Option<Hit<'static>>, Wrong> {
    let mut reader = Reader::new(content);
    let id = reader.int().ok_or("an empty message")?;
    if id < 0 {
        types.define(id.checked_neg().ok_or("a type with an id that cannot be")?, &mut reader)?;
        return Ok(None);
    }
    let value = types.value(id, &mut reader)?;
    // What a program calls its fields is all that tells what it encoded.
    if value.field("Timestamp").is_none() {
        return Err("a value without timestamp");
    }
    hit(&value).map(Some)
}

fn hit(value: &Value<'_>) -> Result<Hit<'static>, Wrong> {
    let text = |name| Cow::Owned(String::from_utf8_lossy(value.bytes(name)).into_owned());
    let code = u16::try_from(value.uint("Code")).map_err(|_| "a status above 65535")?;
    let latency = u64::try_from(value.int("Latency")).map_err(|_| "a latency below 0")?;
    Ok(Hit {
        attack: text("Attack"),
        seq: value.uint("Seq"),
        code,
        scheduled: time(value.bytes("Timestamp")).ok_or("a timestamp that makes no sense")?,
        lateness: None,
        response_time: Duration::from_nanos(latency),
        bytes_out: value.uint("BytesOut"),
        bytes_in: value.uint("BytesIn"),
        error: text("Error"),
        method: text("Method"),
        url: text("URL"),
        body: Cow::Owned(value.bytes("Body").to_vec()),
        headers: Cow::Owned(headers(value)),
    })
}

fn headers(value: &Value<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut headers = Vec::new();
    let Some(Value::Map(pairs)) = value.field("Headers") else { return headers };
    for (name, values) in pairs {
        let (Value::Bytes(name), Value::List(values)) = (name, values) else { continue };
        for value in values {
            if let Value::Bytes(value) = value {
                headers.push((name.to_vec(), value.to_vec()));
            }
        }
    }
    headers
}

/// `time.Time`: version, seconds since the year 1, nanoseconds, and an offset that does not matter.
fn time(bytes: &[u8]) -> Option<Timestamp> {
    let (&version, rest) = bytes.split_first()?;
    let (seconds, rest) = rest.split_first_chunk::<8>()?;
    let (nanos, _) = rest.split_first_chunk::<4>()?;
    let seconds = i64::from_be_bytes(*seconds).checked_sub(GO_EPOCH)?;
    let seconds = u64::try_from(seconds).ok().filter(|_| matches!(version, 1 | 2))?;
    let nanos = u64::from(u32::from_be_bytes(*nanos));
    Some(Timestamp(seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?))
}
