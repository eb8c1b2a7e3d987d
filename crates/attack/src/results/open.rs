//! Finds out what format an input has.

use std::io::{self, Read};

use super::{
    Source,
    binary::{self, Binary},
    csv::Csv,
    gob::{self, Gob},
    input::Input,
    json::Json,
};

/// What zstd streams, and so run records, start with.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that tell all formats apart.
const ENOUGH: usize = 16;

/// How results are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own.
    Binary,
    /// vegeta's, with our fields.
    Json,
    /// vegeta's.
    Csv,
    /// vegeta's binary one.
    Gob,
}

/// An input, by its first bytes.
pub enum Opened {
    Results(Format, Box<dyn Source + Send>),
    /// It is no stream of hits: a run record, or another zstd stream.
    Record,
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("neither results (of plimsoll, or vegeta's gob, JSON or CSV) nor a run record")]
    Unknown,
}

/// Detects the format of `input` and reads on from there. An empty input has no hits. Blocks until
/// some bytes are there.
///
/// # Errors
/// When it cannot be read, or is in no known format.
pub fn open(input: Box<dyn Read + Send>) -> Result<Opened, OpenError> {
    let mut input = Input::new(input);
    while input.rest().trim_ascii_start().len() < ENOUGH && input.more()? {}
    if input.rest().starts_with(ZSTD_MAGIC) {
        return Ok(Opened::Record);
    }
    let format = detect(input.rest()).ok_or(OpenError::Unknown)?;
    let source: Box<dyn Source + Send> = match format {
        Format::Binary => Box::new(Binary::new(input)),
        Format::Json => Box::new(Json::new(input)),
        Format::Csv => Box::new(Csv::new(input)),
        Format::Gob => Box::new(Gob::new(input)),
    };
    Ok(Opened::Results(format, source))
}

fn detect(bytes: &[u8]) -> Option<Format> {
    let magic = binary::MAGIC;
    let seen = bytes.len().min(magic.len());
    // An input that is cut within its first bytes, or empty, is ours.
    if bytes.get(..seen) == magic.get(..seen) {
        return Some(Format::Binary);
    }
    if gob::is_start(bytes) {
        return Some(Format::Gob);
    }
    match bytes.trim_ascii_start().first()? {
        b'{' => Some(Format::Json),
        b'0'..=b'9' => Some(Format::Csv),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bytes: &'static [u8]) -> Option<Format> {
        match open(Box::new(bytes)) {
            Ok(Opened::Results(format, _)) => Some(format),
            _ => None,
        }
    }

    #[test]
    fn formats_by_their_first_bytes() {
        assert_eq!(format(b"PLIMHITS..."), Some(Format::Binary));
        assert_eq!(format(b"PLI"), Some(Format::Binary));
        assert_eq!(format(b""), Some(Format::Binary));
        assert_eq!(format(b"\n {\"attack\":\"\"}"), Some(Format::Json));
        assert_eq!(format(b"1795260004000000000,200,1"), Some(Format::Csv));
        assert_eq!(format(b"GET http://127.0.0.1/"), None);
        assert_eq!(format(b"\x7fELF"), None);
        assert!(matches!(open(Box::new(&b"\x28\xb5\x2f\xfd...."[..])), Ok(Opened::Record)));
    }
}
