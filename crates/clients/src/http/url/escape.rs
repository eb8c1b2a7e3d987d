//! Percent-encoding as Go's `net/url` has it.

use std::fmt::Write;

/// The path with its percent escapes checked and every byte escaped that may not stand in a path.
pub(super) fn path(path: &str) -> Result<String, String> {
    check(path)?;
    if path.bytes().all(is_path) {
        return Ok(path.to_owned());
    }
    let mut escaped = String::with_capacity(path.len() + 16);
    for character in path.chars() {
        if character.is_ascii() && is_path(character as u8) {
            escaped.push(character);
            continue;
        }
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            // Writing to a String cannot fail.
            write!(escaped, "%{byte:02X}").map_err(|error| error.to_string())?;
        }
    }
    Ok(escaped)
}

/// `text` with its percent escapes resolved.
pub(super) fn unescape(text: &str) -> Result<String, String> {
    check(text)?;
    Ok(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*%[]".contains(&byte)
}

fn check(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'%', bytes) {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            let end = (at + 3).min(bytes.len());
            let bad = String::from_utf8_lossy(bytes.get(at..end).unwrap_or_default());
            return Err(format!("invalid URL escape {bad:?}"));
        }
    }
    Ok(())
}
