//! Content codings: of requests by choice, of responses as they say.

use std::io::{self, Read, Write};

use super::{config::BODY_LIMIT, request::Compression};

/// Quality of brotli for requests: Go's default.
const BROTLI_QUALITY: u32 = 6;
const BROTLI_WINDOW: u32 = 22;
const BROTLI_BUFFER: usize = 4096;
/// Reserved for a decompressed body before its size is known.
const RESERVE_LIMIT: usize = 1 << 20;

/// Why a body could not be decompressed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("error decompressing response body ({0})")]
    Invalid(String),
    #[error("response body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
}

/// Applies codings in order.
pub(super) fn encode(body: &[u8], codings: &[Compression]) -> io::Result<Vec<u8>> {
    let mut current = body.to_vec();
    for coding in codings {
        current = match coding {
            Compression::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                writer.write_all(&current)?;
                writer.finish()?
            }
            // HTTP's deflate is zlib's format.
            Compression::Deflate => {
                let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
                writer.write_all(&current)?;
                writer.finish()?
            }
            Compression::Brotli => {
                let (size, quality, window) = (BROTLI_BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
                let mut writer = brotli::CompressorWriter::new(Vec::new(), size, quality, window);
                writer.write_all(&current)?;
                writer.into_inner()
            }
            Compression::Zstd => zstd::bulk::compress(&current, zstd::DEFAULT_COMPRESSION_LEVEL)?,
        };
    }
    Ok(current)
}

/// Undoes the codings of a `Content-Encoding` field, the last first. `None` when there is nothing
/// to undo or one of them is unknown: then the body stays as it is.
pub(super) fn decode(body: &[u8], field: &str) -> Option<Result<Vec<u8>, DecodeError>> {
    let mut codings = Vec::new();
    for name in field.split(',').map(str::trim) {
        codings.push(Compression::from_name(name)?);
    }
    if body.is_empty() {
        return None;
    }
    let mut current: Option<Vec<u8>> = None;
    for coding in codings.into_iter().rev() {
        match decode_one(current.as_deref().unwrap_or(body), coding, BODY_LIMIT) {
            Ok(decoded) => current = Some(decoded),
            Err(error) => return Some(Err(error)),
        }
    }
    current.map(Ok)
}

fn decode_one(body: &[u8], coding: Compression, limit: usize) -> Result<Vec<u8>, DecodeError> {
    let reader: Box<dyn Read + '_> = match coding {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(body)),
        Compression::Deflate => Box::new(flate2::bufread::ZlibDecoder::new(body)),
        Compression::Brotli => Box::new(brotli::Decompressor::new(body, BROTLI_BUFFER)),
        Compression::Zstd => match zstd::stream::read::Decoder::with_buffer(body) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => return Err(DecodeError::Invalid(error.to_string())),
        },
    };
    let mut decoded = Vec::with_capacity(body.len().saturating_mul(3).min(RESERVE_LIMIT));
    match reader.take(limit as u64 + 1).read_to_end(&mut decoded) {
        Ok(_) if decoded.len() > limit => Err(DecodeError::TooLarge),
        Ok(_) => Ok(decoded),
        Err(error) => Err(DecodeError::Invalid(reason(&error, coding))),
    }
}

/// In Go's words where they are known.
fn reason(error: &io::Error, coding: Compression) -> String {
    match (error.kind(), coding) {
        (io::ErrorKind::UnexpectedEof, _) => "unexpected EOF".to_owned(),
        (io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData, Compression::Gzip) => {
            "gzip: invalid header".to_owned()
        }
        (io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData, Compression::Deflate) => {
            "zlib: invalid header".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DecodeError, decode, decode_one, encode};
    use crate::http::Compression;

    const ALL: [Compression; 4] =
        [Compression::Gzip, Compression::Deflate, Compression::Brotli, Compression::Zstd];

    #[test]
    fn what_is_not_compressed_is_said() {
        let check = |field, body: &[u8], expected: &str| {
            let error = decode(body, field).unwrap().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("error decompressing response body ({expected})")
            );
        };
        check("gzip", b"hey", "unexpected EOF");
        check("gzip", b"this is certainly not gzip", "gzip: invalid header");
        check("deflate", b"this is certainly not zlib", "zlib: invalid header");
        for coding in ["br", "zstd"] {
            assert!(decode(b"this is certainly neither", coding).unwrap().is_err());
        }
    }

    #[test]
    fn unknown_codings_and_empty_bodies_stay() {
        assert_eq!(decode(b"x", "identity"), None);
        assert_eq!(decode(b"x", "gzip, foo"), None);
        assert_eq!(decode(b"", "gzip"), None);
    }

    #[test]
    fn a_bomb_is_stopped() {
        for coding in ALL {
            let bomb = encode(&vec![0; 100_000], &[coding]).unwrap();
            assert_eq!(decode_one(&bomb, coding, 99_999), Err(DecodeError::TooLarge));
            assert!(decode_one(&bomb, coding, 100_000).is_ok());
        }
    }

    proptest! {
        #[test]
        fn codings_round_trip(
            body in proptest::collection::vec(any::<u8>(), 1..300),
            picks in proptest::collection::vec(0_usize..4, 1..4),
        ) {
            let codings: Vec<Compression> = picks.iter().map(|&at| ALL[at]).collect();
            let field: Vec<&str> = codings.iter().map(|coding| coding.name()).collect();
            let encoded = encode(&body, &codings).unwrap();
            prop_assert_eq!(decode(&encoded, &field.join(", ")).unwrap().unwrap(), body);
        }

        #[test]
        fn garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for coding in ["gzip", "deflate", "br", "zstd"] {
                drop(decode(&body, coding));
            }
        }
    }
}
