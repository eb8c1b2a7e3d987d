//! Base64 in the four variants of `k6/encoding`.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Standard,
    StandardRaw,
    Url,
    UrlRaw,
}

/// Where the input stops being Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("illegal base64 data at input byte {0}")]
pub(crate) struct IllegalByte(usize);

impl Variant {
    /// Unknown names mean the standard one, as in k6.
    pub(crate) fn named(name: &str) -> Variant {
        match name {
            "rawstd" => Variant::StandardRaw,
            "url" => Variant::Url,
            "rawurl" => Variant::UrlRaw,
            _ => Variant::Standard,
        }
    }

    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Variant::Standard => STANDARD.encode(bytes),
            Variant::StandardRaw => STANDARD_NO_PAD.encode(bytes),
            Variant::Url => URL_SAFE.encode(bytes),
            Variant::UrlRaw => URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    /// Line breaks are skipped and left-over bits ignored.
    pub(crate) fn decode(self, text: &str) -> Result<Vec<u8>, IllegalByte> {
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
        let mut input = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
        loop {
            let mut group = [0_u8; 4];
            let mut length = 0;
            for place in &mut group {
                let Some((at, byte)) = input.next() else { break };
                match self.digit(byte) {
                    Some(digit) => *place = digit,
                    None if byte == b'=' && self.is_padded() => {
                        padding(&mut input, at, length, text.len())?;
                        push_group(group, length, &mut bytes);
                        return Ok(bytes);
                    }
                    None => return Err(IllegalByte(at)),
                }
                length += 1;
            }
            match length {
                4 => push_group(group, 4, &mut bytes),
                0 => return Ok(bytes),
                2 | 3 if !self.is_padded() => {
                    push_group(group, length, &mut bytes);
                    return Ok(bytes);
                }
                _ => return Err(IllegalByte(text.len() - length)),
            }
        }
    }

    fn is_padded(self) -> bool {
        matches!(self, Variant::Standard | Variant::Url)
    }

    fn digit(self, byte: u8) -> Option<u8> {
        let url = matches!(self, Variant::Url | Variant::UrlRaw);
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' if !url => 62,
            b'/' if !url => 63,
            b'-' if url => 62,
            b'_' if url => 63,
            _ => return None,
        })
    }
}

/// Checks what follows the first `=`, which stands at `at` behind `length` digits.
fn padding(
    input: &mut impl Iterator<Item = (usize, u8)>,
    at: usize,
    length: usize,
    total: usize,
) -> Result<(), IllegalByte> {
    if length < 2 {
        return Err(IllegalByte(at));
    }
    if length == 2 {
        match input.next() {
            Some((_, b'=')) => {}
            Some(_) => return Err(IllegalByte(at)),
            None => return Err(IllegalByte(total)),
        }
    }
    input.next().map_or(Ok(()), |(at, _)| Err(IllegalByte(at)))
}

/// Four digits are three bytes, three are two, two are one.
fn push_group(group: [u8; 4], length: usize, bytes: &mut Vec<u8>) {
    let [a, b, c, d] = group.map(u32::from);
    let word = (a << 18) | (b << 12) | (c << 6) | d;
    let [_, first, second, third] = word.to_be_bytes();
    bytes.extend([first, second, third].iter().take(length.saturating_sub(1)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(variant: Variant, text: &str, expected: Result<&[u8], usize>) {
        let decoded = variant.decode(text);
        assert_eq!(decoded.as_deref().map_err(|error| error.0), expected, "{text}");
    }

    #[test]
    fn padding_is_as_the_variant_wants_it() {
        check(Variant::Standard, "aGk=", Ok(b"hi"));
        check(Variant::Standard, "aGk", Err(0));
        check(Variant::StandardRaw, "aGk", Ok(b"hi"));
        check(Variant::StandardRaw, "aGk=", Err(3));
        check(Variant::Standard, "YQ=", Err(3));
        check(Variant::Standard, "Y===", Err(1));
        check(Variant::Standard, "YQ=x", Err(2));
    }

    #[test]
    fn errors_tell_the_place() {
        check(Variant::Standard, "!!", Err(0));
        check(Variant::Standard, "aGkx!Gk=", Err(4));
        check(Variant::Standard, "aGk=aGk=", Err(4));
        check(Variant::Standard, "aGk= ", Err(4));
        check(Variant::Standard, "_-8=", Err(0));
    }

    #[test]
    fn line_breaks_and_spare_bits_are_ignored() {
        check(Variant::Standard, "a\nG\rk=\n", Ok(b"hi"));
        check(Variant::Standard, "YR==", Ok(b"a"));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes: Vec<u8>, which in 0..4_usize) {
            let variant = [Variant::Standard, Variant::StandardRaw, Variant::Url, Variant::UrlRaw][which];
            prop_assert_eq!(variant.decode(&variant.encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_gives_bytes_or_an_error(text: String) {
            let decoded = Variant::Standard.decode(&text);
            prop_assert!(decoded.is_err() || text.bytes().all(|b| b.is_ascii()));
        }
    }
}
