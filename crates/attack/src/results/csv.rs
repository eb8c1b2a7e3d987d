//! vegeta's CSV: twelve columns, no header, quotes as in Go's `encoding/csv`.

use std::{borrow::Cow, io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use plimsoll_metrics::Timestamp;

use super::{Damage, Hit, LINE_LIMIT, Source, Step, input::Input, nanos};

/// Columns of a record.
const COLUMNS: usize = 12;

/// Of these, the ones that older versions of vegeta wrote.
const COLUMNS_MIN: usize = 9;

/// Appends `hit` as a record. Its lateness is lost.
pub fn write(hit: &Hit<'_>, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let code = u64::from(hit.code);
    let numbers = [hit.scheduled.0, code, nanos(hit.response_time), hit.bytes_out, hit.bytes_in];
    for number in numbers {
        out.extend_from_slice(buffer.format(number).as_bytes());
        out.push(b',');
    }
    field(&hit.error, out);
    out.push(b',');
    out.extend_from_slice(STANDARD.encode(&hit.body).as_bytes());
    out.push(b',');
    field(&hit.attack, out);
    out.push(b',');
    out.extend_from_slice(buffer.format(hit.seq).as_bytes());
    out.push(b',');
    field(&hit.method, out);
    out.push(b',');
    field(&hit.url, out);
    out.push(b',');
    let mut headers = Vec::new();
    for (name, value) in hit.headers.iter() {
        headers.extend_from_slice(name);
        headers.extend_from_slice(b": ");
        headers.extend_from_slice(value);
        headers.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(STANDARD.encode(headers).as_bytes());
    out.push(b'\n');
}

fn field(text: &str, out: &mut Vec<u8>) {
    let needs_quotes = text.contains(['"', ',', '\n', '\r']) || text.starts_with([' ', '\t']);
    if !needs_quotes && text != r"\." {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// Reads one record. Without a newline it must have all columns, since it may have been cut.
///
/// # Errors
/// What is wrong with it.
pub fn read(record: &[u8]) -> Result<Hit<'static>, String> {
    let whole = record.strip_suffix(b"\n");
    let least = if whole.is_some() { COLUMNS_MIN } else { COLUMNS };
    let record = whole.unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let record = std::str::from_utf8(record).map_err(|_| "it is no UTF-8")?;
    let fields = fields(record)?;
    if fields.len() < least {
        return Err(format!("it has {} columns of {COLUMNS}", fields.len()));
    }
    let mut fields = fields.into_iter();
    let mut next = || fields.next().unwrap_or_default();
    let number = |name: &str, text: Cow<'_, str>| {
        text.parse::<u64>().map_err(|_| format!("its {name} is no number: {text:?}"))
    };
    let scheduled = Timestamp(number("timestamp", next())?);
    let code = number("status", next())?;
    let code = u16::try_from(code).map_err(|_| format!("its status is {code}"))?;
    let response_time = Duration::from_nanos(number("latency", next())?);
    let (bytes_out, bytes_in) = (number("bytes out", next())?, number("bytes in", next())?);
    let error = next();
    let body = base64("body", &next())?;
    let attack = next();
    let seq = number("sequence number", next())?;
    let (method, url) = (next(), next());
    let headers = headers(&base64("headers", &next())?);
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Ok(Hit {
        attack: text(attack),
        seq,
        code,
        scheduled,
        lateness: None,
        response_time,
        bytes_out,
        bytes_in,
        error: text(error),
        method: text(method),
        url: text(url),
        body: Cow::Owned(body),
        headers: Cow::Owned(headers),
    })
}

fn base64(name: &str, text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| format!("its {name} is not base64"))
}

/// `Name: value` lines, as HTTP has them.
fn headers(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let lines = text.split(|&byte| byte == b'\n');
    let pair = |line: &[u8]| {
        let colon = memchr::memchr(b':', line)?;
        let (name, value) = line.split_at_checked(colon)?;
        Some((name.to_vec(), value.get(1..)?.trim_ascii().to_vec()))
    };
    lines.filter_map(pair).collect()
}

/// The fields of a record, unquoted.
fn fields(record: &str) -> Result<Vec<Cow<'_, str>>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                (Cow::Borrowed(field), after)
            }
            Some(quoted) => unquote(quoted)?,
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(fields),
            None => return Err("there is text behind a quoted field"),
        }
    }
}

/// A field whose opening quote has been taken, and what follows its closing quote.
fn unquote(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((Cow::Owned(field), after)),
        }
    }
}

/// Records of CSV.
pub(super) struct Csv {
    input: Input,
    line: u64,
    hit: Option<Hit<'static>>,
}

impl Csv {
    pub(super) fn new(input: Input) -> Csv {
        Csv { input, line: 0, hit: None }
    }

    /// Bytes of the next record: lines up to one after which no quote is open.
    fn record(&mut self) -> io::Result<usize> {
        let first = self.input.line(0, LINE_LIMIT)?;
        let mut length = first;
        let mut quotes = self.quotes(0, length);
        while quotes % 2 == 1 {
            let longer = self.input.line(length, LINE_LIMIT)?;
            if longer == length {
                // A quote that is never closed costs its line only.
                return Ok(first);
            }
            quotes += self.quotes(length, longer);
            length = longer;
        }
        Ok(length)
    }

    fn quotes(&self, from: usize, to: usize) -> usize {
        let bytes = self.input.rest().get(from..to).unwrap_or_default();
        memchr::memchr_iter(b'"', bytes).count()
    }
}

impl Source for Csv {
    fn advance(&mut self) -> io::Result<Step> {
        loop {
            let length = self.record()?;
            if length == 0 {
                return Ok(Step::Over);
            }
            let offset = self.input.offset();
            let record = self.input.rest().get(..length).unwrap_or_default();
            let line = self.line + 1;
            self.line += memchr::memchr_iter(b'\n', record).count() as u64;
            let is_blank = record.trim_ascii().is_empty();
            let is_cut = !record.ends_with(b"\n");
            let hit = read(record);
            self.input.take(length);
            let what = match hit {
                _ if is_blank => continue,
                Ok(hit) => {
                    self.hit = Some(hit);
                    return Ok(Step::Hit);
                }
                Err(_) if is_cut => "the last line is cut".into(),
                Err(why) => format!("line {line} is no result: {why}").into(),
            };
            return Ok(Step::Damage(Damage { what, offset, skipped: length as u64 }));
        }
    }

    fn hit(&self) -> Hit<'_> {
        self.hit.as_ref().map_or_else(Hit::default, Hit::borrowed)
    }
}
