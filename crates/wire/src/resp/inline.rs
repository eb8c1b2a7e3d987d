//! Words of a line with quotes, as Redis reads inline commands and `redis-cli` its own.

use std::ops::Range;

/// Longest inline command, in bytes: Redis's own.
pub const INLINE_LIMIT: usize = 64 << 10;

/// A quote that does not end, or that something other than a blank follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unbalanced quotes")]
pub struct UnbalancedQuotes;

/// Splits `line` at blanks. Double quotes keep blanks and know `\n \r \t \b \a \xHH`; any other
/// escaped byte is itself. Single quotes keep all but `\'`. The words are appended to `text`, and
/// their places to `words`.
///
/// # Errors
/// See [`UnbalancedQuotes`]; what was appended by then has no meaning.
pub fn split_words(
    line: &[u8],
    text: &mut Vec<u8>,
    words: &mut Vec<Range<usize>>,
) -> Result<(), UnbalancedQuotes> {
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let start = text.len();
        rest = word(rest, text)?.trim_ascii_start();
        words.push(start..text.len());
    }
    Ok(())
}

/// Appends the first word; what is behind it.
fn word<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    loop {
        match rest {
            [] => return Ok(rest),
            [quote @ (b'"' | b'\''), inside @ ..] => {
                rest = quoted(*quote, inside, text)?;
                // Nothing may stick to the closing quote.
                return match rest.first() {
                    None => Ok(rest),
                    Some(next) if next.is_ascii_whitespace() => Ok(rest),
                    Some(_) => Err(UnbalancedQuotes),
                };
            }
            [byte, ..] if byte.is_ascii_whitespace() => return Ok(rest),
            [byte, after @ ..] => {
                text.push(*byte);
                rest = after;
            }
        }
    }
}

/// Appends up to the closing quote; what is behind it.
fn quoted<'a>(
    quote: u8,
    mut rest: &'a [u8],
    text: &mut Vec<u8>,
) -> Result<&'a [u8], UnbalancedQuotes> {
    loop {
        let (byte, after) = match (quote, rest) {
            (_, []) => return Err(UnbalancedQuotes),
            (b'"', [b'\\', b'x', high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), after)
            }
            (b'"', [b'\\', escaped, after @ ..]) => (unescape(*escaped), after),
            (b'\'', [b'\\', b'\'', after @ ..]) => (b'\'', after),
            (_, [byte, after @ ..]) if *byte == quote => return Ok(after),
            (_, [byte, after @ ..]) => (*byte, after),
        };
        text.push(byte);
        rest = after;
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&[&str]>) {
        let (mut text, mut words) = (Vec::new(), Vec::new());
        let split = split_words(line.as_bytes(), &mut text, &mut words);
        let words: Vec<&[u8]> = words.into_iter().map(|word| &text[word]).collect();
        let expected = expected.map(|words| words.iter().map(|w| w.as_bytes()).collect::<Vec<_>>());
        assert_eq!(split.ok().map(|()| words), expected, "{line:?}");
    }

    #[test]
    fn words() {
        check("", Some(&[]));
        check("  \t ", Some(&[]));
        check(" SET  k v ", Some(&["SET", "k", "v"]));
        check("SET k \"a b\" ''", Some(&["SET", "k", "a b", ""]));
        check(r#""\x41\n\"\q\xz""#, Some(&["A\n\"qxz"]));
        check(r"'a\'b\n'", Some(&[r"a'b\n"]));
        check("a\"b c\"", Some(&["ab c"]));
    }

    #[test]
    fn unbalanced() {
        for line in ["\"", "'", "\"a", "\"a\"b", "'a'b", "\"\\", "a\"b"] {
            check(line, None);
        }
    }
}
