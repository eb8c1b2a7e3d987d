//! Parts of strings.

use super::{STRING_LIMIT, put};
use crate::{
    commands::{
        call::Call,
        changes::EventClass,
        error::{Error, Outcome},
    },
    store::{Deadline, Key, NewValue, ValueRef},
};

/// Parts longer than this are sent without a copy, in bytes.
const COPIED_LIMIT: usize = 4 << 10;

/// The length of the string of a key, if there is one.
///
/// # Errors
/// When it is a collection.
pub(in crate::commands) fn length(
    call: &Call<'_, '_>,
    key: &Key<'_>,
) -> Result<Option<usize>, Error> {
    let Some(item) = call.shards.look(key).peek(key, call.now) else { return Ok(None) };
    Ok(Some(item.value.as_bytes().ok_or(Error::WrongType)?.len()))
}

pub(super) fn append(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let added = call.argument(2)?;
    let length = length(call, &key)?;
    let total = length.unwrap_or(0).saturating_add(added.len());
    if total > STRING_LIMIT {
        return Err(Error::StringTooLong);
    }
    if length.is_none() {
        put(call, &key, NewValue::Bytes(added), Deadline::None, "append")?;
    } else {
        let append = |bytes: &mut bytes::BytesMut| bytes.extend_from_slice(added);
        call.shards.of(&key).edit(&key, added.len(), call.now, append)?;
        call.changed(&key, EventClass::STRING, "append");
    }
    call.out.count(total);
    Ok(())
}

pub(super) fn setrange(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let offset = call.integer(2)?;
    let part = call.argument(3)?;
    let offset = usize::try_from(offset).map_err(|_| Error::OffsetOutOfRange)?;
    let length = length(call, &key)?;
    if part.is_empty() {
        call.out.count(length.unwrap_or(0));
        return Ok(());
    }
    let end = offset.saturating_add(part.len());
    if end > STRING_LIMIT {
        return Err(Error::StringTooLong);
    }
    overwrite(call, &key, length, offset, part)?;
    call.changed(&key, EventClass::STRING, "setrange");
    call.out.count(length.unwrap_or(0).max(end));
    Ok(())
}

/// Writes `part` over the string at `offset`; what lies between its end and there becomes zeros.
pub(in crate::commands) fn overwrite(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    length: Option<usize>,
    offset: usize,
    part: &[u8],
) -> Outcome {
    let end = offset + part.len();
    let write = |bytes: &mut [u8]| {
        if let Some(place) = bytes.get_mut(offset..end) {
            place.copy_from_slice(part);
        }
    };
    let shard = call.shards.of(key);
    let Some(length) = length else {
        // First: what is refused takes no memory.
        shard.make_room(end, call.now)?;
        let mut bytes = vec![0; end];
        write(&mut bytes);
        shard.set(key, NewValue::Large(bytes.into()), Deadline::None, call.now)?;
        call.noticed(key, EventClass::NEW, "new");
        return Ok(());
    };
    shard.edit(key, end.saturating_sub(length), call.now, |bytes| {
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        write(bytes);
    })?;
    Ok(())
}

pub(super) fn getrange(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let Some(item) = call.shards.of(&key).find(&key, call.now) else {
        call.out.bulk(b"");
        return Ok(());
    };
    let bytes = item.value.as_bytes().ok_or(Error::WrongType)?;
    let range = range(start, end, bytes.len());
    match item.value {
        ValueRef::Large(bytes) if range.len() > COPIED_LIMIT => {
            call.out.large_bulk(&bytes.slice(range));
        }
        _ => call.out.bulk(bytes.get(range).unwrap_or_default()),
    }
    Ok(())
}

/// The places from `start` to `end`, both included and counted from the end when negative.
pub(in crate::commands) fn range(start: i64, end: i64, length: usize) -> std::ops::Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let last = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |place: i64| if place < 0 { place.saturating_add(last).max(0) } else { place };
    let (start, end) = (from_end(start), from_end(end).min(last - 1));
    if start > end || length == 0 {
        return 0..0;
    }
    let index = |place: i64| usize::try_from(place).unwrap_or(0);
    index(start)..index(end) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_from_either_end() {
        for (start, end, length, expected) in [
            (0, -1, 5, 0..5),
            (1, 2, 5, 1..3),
            (-3, -1, 5, 2..5),
            (-100, 1, 5, 0..2),
            (3, 100, 5, 3..5),
            (5, 9, 5, 0..0),
            (-1, -5, 5, 0..0),
            (3, 2, 5, 0..0),
            (0, 0, 0, 0..0),
            (i64::MIN, i64::MAX, 5, 0..5),
        ] {
            assert_eq!(range(start, end, length), expected, "{start} {end}");
        }
    }
}
