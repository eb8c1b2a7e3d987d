//! One element of a reply as a slice of the input.

use super::{
    Limits, ReplyError,
    line::{integer, length, line},
    skip::is_type,
};

/// One element; an aggregate is only its head, whose elements follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// RESP3's null, or either of RESP2's.
    Null,
    Simple(&'a [u8]),
    /// A simple or a bulk one.
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    Boolean(bool),
    Double(f64),
    /// Its digits, as sent.
    BigNumber(&'a [u8]),
    Verbatim {
        /// `txt` or `mkd`, as a rule.
        format: [u8; 3],
        text: &'a [u8],
    },
    /// How many values follow: of a map or an attribute, keys and values together.
    Aggregate(Aggregate, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Array,
    Map,
    Set,
    /// Comes unasked, between replies.
    Push,
    /// Says something of the value that follows it, and is not that value.
    Attribute,
}

impl Aggregate {
    pub(super) fn of(kind: u8) -> Option<Aggregate> {
        Some(match kind {
            b'*' => Aggregate::Array,
            b'%' => Aggregate::Map,
            b'~' => Aggregate::Set,
            b'>' => Aggregate::Push,
            b'|' => Aggregate::Attribute,
            _ => return None,
        })
    }

    /// Values that `count` on the wire stand for.
    pub(super) fn values(self, count: u64) -> u64 {
        match self {
            Aggregate::Map | Aggregate::Attribute => count.saturating_mul(2),
            Aggregate::Array | Aggregate::Set | Aggregate::Push => count,
        }
    }
}

/// The element at the start of `input` and its length; `None` when it is not whole yet, to be asked
/// again with more behind it. Costs no more than its first line until all of it is there.
///
/// # Errors
/// When it is no RESP, or over a limit.
pub fn token<'a>(
    input: &'a [u8],
    limits: &Limits,
) -> Result<Option<(Token<'a>, usize)>, ReplyError> {
    let Some(&kind) = input.first() else { return Ok(None) };
    if !is_type(kind) {
        return Err(ReplyError::UnknownType(kind));
    }
    let Some((text, end)) = line(input)? else { return Ok(None) };
    let text = text.get(1..).unwrap_or_default();
    if let b'$' | b'!' | b'=' = kind {
        return bulk(input, kind, length(text)?, end, limits);
    }
    let token = match (kind, Aggregate::of(kind)) {
        (_, Some(aggregate)) => match length(text)? {
            None => Token::Null,
            Some(count) => {
                let values = usize::try_from(aggregate.values(count)).unwrap_or(usize::MAX);
                if values > limits.elements {
                    return Err(ReplyError::TooManyElements);
                }
                Token::Aggregate(aggregate, values)
            }
        },
        (b'+', _) => Token::Simple(text),
        (b'-', _) => Token::Error(text),
        (b':', _) => Token::Integer(integer(text).ok_or(ReplyError::Scalar("integer"))?),
        (b'_', _) if text.is_empty() => Token::Null,
        (b'_', _) => return Err(ReplyError::Scalar("null")),
        (b'#', _) => Token::Boolean(match text {
            b"t" => true,
            b"f" => false,
            _ => return Err(ReplyError::Scalar("boolean")),
        }),
        (b',', _) => Token::Double(double(text).ok_or(ReplyError::Scalar("double"))?),
        _ => {
            let digits = text.strip_prefix(b"-").unwrap_or(text);
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return Err(ReplyError::Scalar("big number"));
            }
            Token::BigNumber(text)
        }
    };
    Ok(Some((token, end)))
}

fn bulk<'a>(
    input: &'a [u8],
    kind: u8,
    length: Option<u64>,
    start: usize,
    limits: &Limits,
) -> Result<Option<(Token<'a>, usize)>, ReplyError> {
    let Some(length) = length else {
        return if kind == b'$' { Ok(Some((Token::Null, start))) } else { Err(ReplyError::Length) };
    };
    let size = usize::try_from(length).ok().filter(|size| *size <= limits.bulk);
    let size = size.ok_or(ReplyError::BulkTooLong(length))?;
    let rest = input.get(start..).unwrap_or_default();
    let (Some(text), Some(end)) = (rest.get(..size), rest.get(size..size + 2)) else {
        return Ok(None);
    };
    if end != b"\r\n" {
        return Err(ReplyError::BulkEnd);
    }
    let token = match kind {
        b'$' => Token::Bulk(text),
        b'!' => Token::Error(text),
        _ => match text {
            [a, b, c, b':', text @ ..] => Token::Verbatim { format: [*a, *b, *c], text },
            _ => return Err(ReplyError::Scalar("verbatim string")),
        },
    };
    Ok(Some((token, start + size + 2)))
}

fn double(text: &[u8]) -> Option<f64> {
    // Rust's own reader knows inf and nan, and more spellings of them than RESP has: no harm.
    std::str::from_utf8(text).ok()?.parse().ok()
}
