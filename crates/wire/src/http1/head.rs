//! Response heads: status line and fields.

use std::mem::MaybeUninit;

/// Largest head accepted, status line and fields together; Go's limit.
pub const HEAD_LIMIT: usize = 10 << 20;
/// Most fields in one head. Go has no limit but the size; this one bounds memory.
pub const FIELDS_LIMIT: usize = 4096;
/// Fields parsed without an allocation.
const FIELDS_INLINE: usize = 32;
/// Of a bad line, at most so much goes into a message.
const EXCERPT_LIMIT: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// A response head; ranges are byte offsets into the buffer it was parsed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub version: Version,
    /// 100..=999
    pub status: u16,
    /// `(start, length)` of the reason phrase, often empty.
    pub reason: (u32, u32),
    pub fields: Vec<Field>,
    /// Bytes of the head, with the empty line.
    pub length: usize,
    /// What the head says of the body and the connection.
    pub meta: Meta,
}

/// One field's name and value as `(start, length)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: (u32, u32),
    pub value: (u32, u32),
}

/// Digest of the fields that frame the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    pub content_length: Option<u64>,
    pub chunked: bool,
    pub connection_close: bool,
    pub connection_keep_alive: bool,
}

impl Meta {
    /// Whether the connection may serve another exchange after this one, framing apart.
    pub fn keep_alive(self, version: Version) -> bool {
        match version {
            Version::Http11 => !self.connection_close,
            Version::Http10 => self.connection_keep_alive && !self.connection_close,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("malformed HTTP response {0:?}")]
    StatusLine(String),
    #[error("malformed HTTP version {0:?}")]
    Version(String),
    #[error("malformed HTTP status code {0:?}")]
    Status(String),
    #[error("malformed MIME header: missing colon: {0:?}")]
    MissingColon(String),
    #[error("malformed MIME header line: {0}")]
    Field(String),
    #[error("bad Content-Length {0:?}")]
    ContentLength(String),
    #[error("http: message cannot contain multiple Content-Length headers; got [{0:?} {1:?}]")]
    ContentLengths(String, String),
    #[error("unsupported transfer encoding: {0:?}")]
    TransferEncoding(String),
    #[error("net/http: server response headers exceeded {HEAD_LIMIT} bytes; aborted")]
    TooLong,
    #[error("net/http: server response headers exceeded {FIELDS_LIMIT} fields; aborted")]
    TooManyFields,
}

/// Parses the head at the start of `buffer`; `None` when it is not complete yet.
///
/// # Errors
/// What makes it no HTTP/1.x response.
pub fn parse_head(buffer: &[u8]) -> Result<Option<Head>, HeadError> {
    let mut inline = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; FIELDS_INLINE];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut response, buffer, &mut inline) {
        Err(httparse::Error::TooManyHeaders) => parse_long_head(buffer),
        result => finish(buffer, &response, result),
    }
}

/// Heads with more fields than fit inline: doubles the table up to [`FIELDS_LIMIT`].
fn parse_long_head(buffer: &[u8]) -> Result<Option<Head>, HeadError> {
    let mut size = FIELDS_INLINE * 4;
    loop {
        let mut fields = vec![httparse::EMPTY_HEADER; size];
        let mut response = httparse::Response::new(&mut fields);
        let result = response.parse(buffer);
        match result {
            Err(httparse::Error::TooManyHeaders) if size >= FIELDS_LIMIT => {
                return Err(HeadError::TooManyFields);
            }
            Err(httparse::Error::TooManyHeaders) => size *= 2,
            result => return finish(buffer, &response, result),
        }
    }
}

fn finish(
    buffer: &[u8],
    response: &httparse::Response<'_, '_>,
    result: httparse::Result<usize>,
) -> Result<Option<Head>, HeadError> {
    let length = match result {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_LIMIT => length,
        Ok(httparse::Status::Partial) if buffer.len() <= HEAD_LIMIT => return Ok(None),
        Ok(_) => return Err(HeadError::TooLong),
        Err(error) => return diagnose(buffer, error).map_or(Ok(None), Err),
    };
    let (Some(status), Some(minor)) = (response.code, response.version) else {
        return Err(HeadError::StatusLine(String::new()));
    };
    let offset = |text: &[u8]| -> (u32, u32) {
        let start = (text.as_ptr() as usize).wrapping_sub(buffer.as_ptr() as usize);
        if start > buffer.len() {
            return (0, 0);
        }
        // Both are below HEAD_LIMIT.
        (u32::try_from(start).unwrap_or(0), u32::try_from(text.len()).unwrap_or(0))
    };
    let mut meta = Meta::default();
    let mut fields = Vec::with_capacity(response.headers.len());
    for header in response.headers.iter() {
        fields.push(Field { name: offset(header.name.as_bytes()), value: offset(header.value) });
        meta.take_in(header.name, header.value)?;
    }
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    let reason = response.reason.map_or((0, 0), |reason| offset(reason.as_bytes()));
    Ok(Some(Head { version, status, reason, fields, length, meta }))
}

impl Meta {
    fn take_in(&mut self, name: &str, value: &[u8]) -> Result<(), HeadError> {
        // By length first: most fields are none of these.
        match name.len() {
            14 if name.eq_ignore_ascii_case("content-length") => self.take_length(value),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.take_encoding(value),
            10 if name.eq_ignore_ascii_case("connection") => {
                self.connection_close |= has_token(value, b"close");
                self.connection_keep_alive |= has_token(value, b"keep-alive");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), HeadError> {
        let text = value.trim_ascii();
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let parsed = std::str::from_utf8(text).ok().filter(|_| digits).and_then(|t| t.parse().ok());
        let Some(length) = parsed else {
            return Err(HeadError::ContentLength(excerpt(text)));
        };
        match self.content_length {
            Some(known) if known != length => {
                Err(HeadError::ContentLengths(known.to_string(), excerpt(text)))
            }
            _ => {
                self.content_length = Some(length);
                Ok(())
            }
        }
    }

    fn take_encoding(&mut self, value: &[u8]) -> Result<(), HeadError> {
        let text = value.trim_ascii();
        if text.eq_ignore_ascii_case(b"chunked") && !self.chunked {
            self.chunked = true;
            return Ok(());
        }
        if text.eq_ignore_ascii_case(b"identity") {
            return Ok(());
        }
        Err(HeadError::TransferEncoding(excerpt(text)))
    }
}

/// Whether a comma-separated list has `token`, in any case.
fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|&byte| byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

/// Says in Go's words what httparse refused; `None` while more bytes may change the verdict, so
/// that it does not depend on how they are cut.
#[cold]
fn diagnose(buffer: &[u8], error: httparse::Error) -> Option<HeadError> {
    let text = without_empty_lines(buffer);
    let first_end = memchr::memchr(b'\n', text)?;
    if let Some(error) = text.get(..first_end).and_then(diagnose_status_line) {
        return Some(error);
    }
    let mut rest = text.get(first_end + 1..)?;
    loop {
        let end = memchr::memchr(b'\n', rest);
        let line = rest.get(..end?)?.trim_ascii_end();
        if line.is_empty() {
            return Some(HeadError::Field(error.to_string()));
        }
        if memchr::memchr(b':', line).is_none() {
            return Some(HeadError::MissingColon(excerpt(line)));
        }
        rest = rest.get(end? + 1..)?;
    }
}

/// What follows the empty lines that may stand before a head.
pub(super) fn without_empty_lines(buffer: &[u8]) -> &[u8] {
    let start = buffer.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    start.and_then(|start| buffer.get(start..)).unwrap_or_default()
}

fn diagnose_status_line(line: &[u8]) -> Option<HeadError> {
    let line = line.trim_ascii_end();
    let Some(at) = memchr::memchr(b' ', line) else {
        return Some(HeadError::StatusLine(excerpt(line)));
    };
    let (version, rest) = line.split_at(at);
    let status = rest.trim_ascii().split(|&byte| byte == b' ').next().unwrap_or_default();
    if status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        return Some(HeadError::Status(excerpt(status)));
    }
    if version != b"HTTP/1.1" && version != b"HTTP/1.0" {
        return Some(HeadError::Version(excerpt(version)));
    }
    None
}

/// What is wrong with a head that ends in its first line, beyond being cut.
pub(super) fn cut(rest: &[u8]) -> Option<HeadError> {
    let line = without_empty_lines(rest).trim_ascii_end();
    if line.is_empty() || memchr::memchr(b'\n', line).is_some() {
        return None;
    }
    diagnose_status_line(line)
}

fn excerpt(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..EXCERPT_LIMIT).unwrap_or(text)).into_owned()
}
