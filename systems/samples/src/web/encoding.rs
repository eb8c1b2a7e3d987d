//! Compressed bodies and other encodings.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE};
use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use http::{HeaderValue, StatusCode, header::CONTENT_ENCODING};
use serde_json::json;

use super::{
    body::Body,
    exchange::{Head, Reply, decoded, html, json_bytes, not_found, refused, with_type},
    inspect, pages,
    router::Segments,
};

/// Fast rather than small: the service is there to be loaded.
const BROTLI_QUALITY: u32 = 4;
const BROTLI_WINDOW: u32 = 20;
const BROTLI_BUFFER: usize = 4096;
const ZSTD_LEVEL: i32 = 3;

pub(super) fn route(head: &Head, segments: &Segments<'_>) -> Reply {
    match *segments {
        [Some("gzip"), None, ..] => compressed(head, "gzip", "gzipped", gzip),
        [Some("deflate"), None, ..] => compressed(head, "deflate", "deflated", zlib),
        [Some("brotli"), None, ..] => compressed(head, "br", "brotli", brotli),
        [Some("zstd"), None, ..] => {
            compressed(head, "zstd", "zstd", |bytes| zstd::encode_all(bytes, ZSTD_LEVEL))
        }
        [Some("encoding"), Some("utf8"), None, ..] => html(pages::utf8()),
        [Some("base64"), Some(value), None, ..] => base64(&decoded(value)),
        _ => not_found(),
    }
}

fn compressed(
    head: &Head,
    encoding: &'static str,
    flag: &str,
    compress: impl Fn(&[u8]) -> io::Result<Vec<u8>>,
) -> Reply {
    let body = json!({
        flag: true,
        "headers": inspect::headers(head),
        "method": head.method().as_str(),
        "origin": head.peer.ip(),
    });
    match compress(&json_bytes(&body)) {
        Ok(bytes) => {
            let mut reply = with_type(StatusCode::OK, "application/json", Body::from(bytes));
            reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            reply
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// What HTTP calls deflate.
pub(super) fn zlib(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(
        &mut compressed,
        BROTLI_BUFFER,
        BROTLI_QUALITY,
        BROTLI_WINDOW,
    );
    encoder.write_all(bytes)?;
    // Writes what is left.
    drop(encoder);
    Ok(compressed)
}

/// Both alphabets are read.
fn base64(value: &str) -> Reply {
    match STANDARD.decode(value).or_else(|_| URL_SAFE.decode(value)) {
        Ok(bytes) => with_type(StatusCode::OK, "text/html; charset=utf-8", Body::from(bytes)),
        Err(_) => refused(StatusCode::BAD_REQUEST, "Incorrect Base64 data\n"),
    }
}
