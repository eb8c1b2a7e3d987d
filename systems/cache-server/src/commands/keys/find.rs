//! Keys that nobody names: some, or any.

use super::type_name;
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
        number,
    },
    glob,
};

/// Keys that SCAN looks at when it is told no number.
const SCAN_COUNT: usize = 10;
/// Most keys that one SCAN looks at, whatever it is told.
const SCAN_COUNT_LIMIT: usize = 1 << 13;

pub(super) fn randomkey(call: &mut Call<'_, '_>) -> Outcome {
    let mut lengths = Vec::new();
    call.shards.each(|_, shard| lengths.push(shard.len()));
    let mut chance = call.random.below(lengths.iter().sum());
    let mut start = 0;
    for (index, length) in lengths.iter().enumerate() {
        start = index;
        match chance.checked_sub(*length) {
            Some(left) => chance = left,
            None => break,
        }
    }
    let (out, now) = (&mut *call.out, call.now);
    // Where all have expired, the next shard may still have one.
    for step in 0..lengths.len() {
        let number = call.random.next_u64();
        let is_found = call.shards.nth((start + step) % lengths.len(), |shard| {
            let item = shard.random(number, now);
            item.inspect(|item| out.bulk(item.key)).is_some()
        });
        if is_found == Some(true) {
            return Ok(());
        }
    }
    out.null();
    Ok(())
}

/// What SCAN was told besides the cursor.
struct Options<'c> {
    count: usize,
    pattern: Option<&'c [u8]>,
    type_name: Option<&'c [u8]>,
}

fn options<'c>(call: &Call<'c, '_>) -> Result<Options<'c>, Error> {
    let mut options = Options { count: SCAN_COUNT, pattern: None, type_name: None };
    let mut words = call.words(2);
    while words.peek().is_some() {
        if words.take("count") {
            let count = words.integer()?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
            options.count = count.ok_or(Error::Syntax)?.min(SCAN_COUNT_LIMIT);
        } else if words.take("match") {
            options.pattern = Some(words.demand()?);
        } else if words.take("type") {
            options.type_name = Some(words.demand()?);
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(options)
}

/// The cursor of a `SCAN`-like command.
pub(in crate::commands) fn cursor(text: &[u8]) -> Result<u64, Error> {
    let cursor = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    cursor.ok_or(Error::text("ERR invalid cursor"))
}

pub(super) fn scan(call: &mut Call<'_, '_>) -> Outcome {
    let cursor = cursor(call.argument(1)?)?;
    let options = options(call)?;
    let shards = call.shards.store().shards() as u64;
    // The lowest digits, so to say, are the shard, and the others the place in it.
    let (mut shard, mut inner) = (cursor % shards, cursor / shards);
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut looked_at = 0;
    while looked_at < options.count {
        let left = options.count - looked_at;
        let index = usize::try_from(shard).unwrap_or(usize::MAX);
        let now = call.now;
        let next = call.shards.nth(index, |shard| {
            shard.scan(inner, left, now, |item| {
                looked_at += 1;
                let is_type = options
                    .type_name
                    .is_none_or(|name| name.eq_ignore_ascii_case(type_name(item.value).as_bytes()));
                if is_type && options.pattern.is_none_or(|p| glob::matches(p, item.key)) {
                    found.push(item.key.to_vec());
                }
            })
        });
        inner = next.unwrap_or(0);
        if inner != 0 {
            continue;
        }
        shard += 1;
        if shard == shards {
            shard = 0;
            break;
        }
    }
    write_scan(call, inner * shards + shard, &found);
    Ok(())
}

fn write_scan(call: &mut Call<'_, '_>, cursor: u64, found: &[Vec<u8>]) {
    call.out.array(2);
    call.out.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    call.out.array(found.len());
    for key in found {
        call.out.bulk(key);
    }
}

/// Whether a string is what an integer is written as.
pub(super) fn is_integer(bytes: &[u8]) -> bool {
    number::integer(bytes).is_some()
}
