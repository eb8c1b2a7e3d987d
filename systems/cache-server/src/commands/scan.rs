//! What `HSCAN`, `SSCAN` and `ZSCAN` share: the cursor, the options and the shape of the reply.

use super::{Call, Error, Outcome, Reply, Words};
use crate::glob;

/// Entries of one step when none are asked for: Redis's own.
const COUNT_DEFAULT: usize = 10;
/// Most entries of one step, whatever is asked for: a step runs with the shard locked, and others wait for it.
const COUNT_LIMIT: usize = 1 << 13;

/// What to hand out in one step.
pub(super) struct Options<'c> {
    pub(super) count: usize,
    /// Not for HSCAN with NOVALUES.
    pub(super) has_values: bool,
    pattern: Option<&'c [u8]>,
}

impl Options<'_> {
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }
}

/// The cursor behind the key.
///
/// # Errors
/// When it is none.
pub(super) fn cursor(call: &Call<'_, '_>) -> Result<u64, Error> {
    let text = call.argument(2)?;
    // What C's `strtoul` takes, but for blanks.
    let (is_negative, digits) = match text {
        b"" => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let cursor: Option<u64> = digits.and_then(|digits| digits.parse().ok());
    let cursor = cursor.ok_or(Error::text("ERR invalid cursor"))?;
    Ok(if is_negative { cursor.wrapping_neg() } else { cursor })
}

/// The options behind the cursor. They are read in any case, and refused only where there is a key.
///
/// # Errors
/// When they are none.
pub(super) fn options(mut words: Words<'_>) -> Result<Options<'_>, Error> {
    let mut options = Options { count: COUNT_DEFAULT, has_values: true, pattern: None };
    while words.left() > 0 {
        if words.take("count") {
            let count = usize::try_from(words.integer()?).ok().filter(|count| *count > 0);
            options.count = count.ok_or(Error::Syntax)?.min(COUNT_LIMIT);
        } else if words.take("match") {
            options.pattern = Some(words.demand()?).filter(|pattern| *pattern != b"*");
        } else if words.take("novalues") {
            options.has_values = false;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(options)
}

/// As [`options`], of what has no values.
///
/// # Errors
/// As [`options`].
pub(super) fn options_without_values(words: Words<'_>) -> Result<Options<'_>, Error> {
    let options = options(words)?;
    let refusal = Error::text("ERR NOVALUES option can only be used in HSCAN");
    if options.has_values { Ok(options) } else { Err(refusal) }
}

/// The reply for a key that is not there.
pub(super) fn nothing(out: &mut Reply) -> Outcome {
    reply(out, |_| (0, 0));
    Ok(())
}

/// Writes the next cursor, which `step` returns with the number of values, and then what it writes.
pub(super) fn reply(out: &mut Reply, step: impl FnOnce(&mut Reply) -> (u64, usize)) {
    let mut entries = Reply::new(out.protocol());
    let (next, count) = step(&mut entries);
    out.array(2);
    out.bulk(itoa::Buffer::new().format(next).as_bytes());
    out.array(count);
    out.raw().extend_from_slice(entries.buffer());
}
