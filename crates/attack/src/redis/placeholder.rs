//! `{uniform:N}` and the like within the words of a command.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use plimsoll_runtime::random::Random;

use super::{
    template::TemplateError,
    zipf::{DEFAULT_EXPONENT, Zipf},
};

/// Most placeholders in one argument.
pub(super) const PARTS_LIMIT: usize = 16;
/// Most bytes of one `{bytes:N}`: what Redis takes.
const PAYLOAD_LIMIT: usize = 512 << 20;
#[derive(Debug)]
pub(super) enum Part {
    Text(Vec<u8>),
    Number(Number),
    Payload(usize),
}

#[derive(Debug)]
pub(super) enum Number {
    Uniform(u64),
    Zipf(Zipf),
    Sequential { count: u64, next: AtomicU64 },
}

impl Number {
    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        match self {
            Number::Uniform(count) => {
                random.below(usize::try_from(*count).unwrap_or(usize::MAX)) as u64
            }
            Number::Zipf(zipf) => zipf.sample(random),
            Number::Sequential { count, next } => next.fetch_add(1, Relaxed) % count,
        }
    }
}

/// A word's text and placeholders, in order.
pub(super) fn parts(word: &[u8]) -> Result<Vec<Part>, TemplateError> {
    let (mut parts, mut text) = (Vec::new(), Vec::new());
    let mut rest = word;
    while let Some((&byte, after)) = rest.split_first() {
        let Some((part, behind)) = placeholder(rest)? else {
            text.push(byte);
            rest = after;
            continue;
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(part);
        rest = behind;
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    if parts.len() > PARTS_LIMIT { Err(TemplateError::TooManyParts) } else { Ok(parts) }
}

/// The placeholder at the start, and what is behind it; `None` when there is text.
fn placeholder(word: &[u8]) -> Result<Option<(Part, &[u8])>, TemplateError> {
    let Some(inside) = word.strip_prefix(b"{") else { return Ok(None) };
    let Some(end) = inside.iter().position(|byte| *byte == b'}') else { return Ok(None) };
    let (inside, behind) = (inside.get(..end).unwrap_or_default(), inside.get(end + 1..));
    let Ok(inside) = std::str::from_utf8(inside) else { return Ok(None) };
    let mut words = inside.split(':');
    let kind = words.next().unwrap_or_default();
    let (first, second, third) = (words.next(), words.next(), words.next());
    let wrong = |expected| TemplateError::Placeholder(inside.to_owned(), expected);
    let count = || first.and_then(|count| count.parse::<u64>().ok()).filter(|count| *count > 0);
    let part = match (kind, second, third) {
        ("uniform", None, _) => {
            Part::Number(Number::Uniform(count().ok_or_else(|| wrong("uniform:N"))?))
        }
        ("seq" | "sequential", None, _) => {
            let count = count().ok_or_else(|| wrong("seq:N"))?;
            Part::Number(Number::Sequential { count, next: AtomicU64::new(0) })
        }
        ("zipf", exponent, None) => {
            let expected = "zipf:N or zipf:N:EXPONENT, above 0";
            let exponent = exponent.map_or(Some(DEFAULT_EXPONENT), |text| text.parse().ok());
            let exponent = exponent.filter(|exponent| exponent.is_finite() && *exponent > 0.0);
            let (count, exponent) = count().zip(exponent).ok_or_else(|| wrong(expected))?;
            Part::Number(Number::Zipf(Zipf::new(count, exponent)))
        }
        ("bytes", None, _) => {
            let length = first.and_then(|length| length.parse().ok());
            let length = length.filter(|length| *length <= PAYLOAD_LIMIT);
            Part::Payload(length.ok_or_else(|| wrong("bytes:N, 536870912 at most"))?)
        }
        ("uniform", ..) => return Err(wrong("uniform:N")),
        ("seq" | "sequential", ..) => return Err(wrong("seq:N")),
        ("zipf", ..) => return Err(wrong("zipf:N or zipf:N:EXPONENT, above 0")),
        ("bytes", ..) => return Err(wrong("bytes:N, 536870912 at most")),
        _ => return Ok(None),
    };
    Ok(Some((part, behind.unwrap_or_default())))
}
