//! What the commands of hashes, lists, sets and sorted sets share: reaching the collection of a
//! key, and arguments that all of them read alike.

use plimsoll_wire::resp::Command;

use super::{
    call::{Call, Words},
    changes::EventClass,
    error::{Error, Outcome},
    held::Held,
    number,
    steps::{Made, Product, Steps},
};
use crate::{
    store::{Deadline, Key, Millis, NewValue},
    values::{Hash, List, Object, Set, SortedSet},
};

/// Memory that a new entry may cost beside its bytes.
const ENTRY_BYTES: usize = 64;
/// Collections of so many bytes are dropped in no time.
const AT_ONCE_BYTES: usize = 64 << 10;

/// One of the four kinds of collection.
pub(super) trait Kind: Default {
    const CLASS: EventClass;

    fn of(object: &Object) -> Option<&Self>;
    fn of_mut(object: &mut Object) -> Option<&mut Self>;
    fn into_object(self) -> Object;
    fn has_none(&self) -> bool;
    fn count(&self) -> usize;
    /// Bytes that it takes beside itself.
    fn bytes(&self) -> usize;
}

macro_rules! kind {
    ($name:ident, $class:ident) => {
        impl Kind for $name {
            const CLASS: EventClass = EventClass::$class;

            fn of(object: &Object) -> Option<&Self> {
                if let Object::$name(inner) = object { Some(inner) } else { None }
            }

            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                if let Object::$name(inner) = object { Some(inner) } else { None }
            }

            fn into_object(self) -> Object {
                Object::$name(self)
            }

            fn has_none(&self) -> bool {
                self.is_empty()
            }

            fn count(&self) -> usize {
                self.len()
            }

            fn bytes(&self) -> usize {
                self.heap_bytes()
            }
        }
    };
}

kind!(Hash, HASH);
kind!(List, LIST);
kind!(Set, SET);
kind!(SortedSet, SORTED_SET);

/// The collection of a key; `None` when there is no such key.
///
/// # Errors
/// When the key holds something else.
pub(super) fn find<'a, K: Kind + 'a>(
    shards: &'a mut Held<'_>,
    key: &Key<'_>,
    now: Millis,
) -> Result<Option<&'a K>, Error> {
    match shards.of(key).find(key, now) {
        None => Ok(None),
        Some(item) => item.value.as_object().and_then(K::of).map(Some).ok_or(Error::WrongType),
    }
}

/// As [`find`], to look at several keys at a time; counts no hit.
///
/// # Errors
/// When the key holds something else.
pub(super) fn peek<'a, K: Kind + 'a>(
    shards: &'a Held<'_>,
    key: &Key<'_>,
    now: Millis,
) -> Result<Option<&'a K>, Error> {
    match shards.look(key).peek(key, now) {
        None => Ok(None),
        Some(item) => item.value.as_object().and_then(K::of).map(Some).ok_or(Error::WrongType),
    }
}

/// The collections of several keys, in their order.
///
/// # Errors
/// When one of the keys holds something else.
pub(super) fn find_all<'a, K: Kind + 'a>(
    shards: &'a mut Held<'_>,
    keys: &[Key<'_>],
    now: Millis,
) -> Result<Vec<Option<&'a K>>, Error> {
    for key in keys {
        find::<K>(shards, key, now)?;
    }
    keys.iter().map(|key| peek(shards, key, now)).collect()
}

/// As [`find_all`], for a command that comes back: counts no hits.
///
/// # Errors
/// When one of the keys holds something else.
pub(super) fn look_all<'a, K: Kind + 'a>(
    shards: &'a Held<'_>,
    keys: &[Key<'_>],
    now: Millis,
) -> Result<Vec<Option<&'a K>>, Error> {
    keys.iter().map(|key| peek(shards, key, now)).collect()
}

/// What a change of a collection came to.
pub(super) struct Changed<R> {
    pub(super) answer: R,
    /// Nothing is left: the key is gone.
    pub(super) emptied: bool,
}

/// Changes the collection of a key; `None` when there is no such key.
///
/// # Errors
/// When the key holds something else.
pub(super) fn change<K: Kind, R>(
    shards: &mut Held<'_>,
    key: &Key<'_>,
    now: Millis,
    change: impl FnOnce(&mut K) -> R,
) -> Result<Option<Changed<R>>, Error> {
    let shard = shards.of(key);
    let changed = shard.object_mut(key, now, |object| {
        K::of_mut(object).map(|collection| {
            let answer = change(collection);
            Changed { answer, emptied: collection.has_none() }
        })
    });
    match changed {
        Some(Some(changed)) => Ok(Some(changed)),
        Some(None) => Err(Error::WrongType),
        None if shard.peek(key, now).is_some() => Err(Error::WrongType),
        None => Ok(None),
    }
}

/// Changes the collection of a key by the arguments of the call, and makes it first when there is
/// none. One that is empty afterwards is not kept.
///
/// # Errors
/// When the key holds something else, or memory is full.
pub(super) fn grow<K: Kind, R>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    change_it: impl FnOnce(&mut K) -> R,
) -> Result<R, Error> {
    let bytes = call.arguments.iter().skip(2).map(|argument| argument.len() + ENTRY_BYTES).sum();
    make_room(call, key, bytes)?;
    let mut change_it = Some(change_it);
    let changed = change(call.shards, key, call.now, |collection| {
        change_it.take().map(|change| change(collection))
    })?;
    if let Some(Changed { answer: Some(answer), .. }) = changed {
        return Ok(answer);
    }
    let mut collection = K::default();
    let change_it = change_it.take().expect("taken only where there is a collection");
    let answer = change_it(&mut collection);
    if !collection.has_none() {
        put(call, key, collection)?;
    }
    Ok(answer)
}

/// # Errors
/// When there is no room for so many bytes more.
pub(super) fn make_room(call: &mut Call<'_, '_>, key: &Key<'_>, bytes: usize) -> Outcome {
    call.shards.of(key).make_room(bytes, call.now).map_err(|_| Error::OutOfMemory)
}

/// Stores a new collection under a key, in place of whatever it holds; no deadline.
///
/// # Errors
/// When memory is full.
pub(super) fn put<K: Kind>(call: &mut Call<'_, '_>, key: &Key<'_>, collection: K) -> Outcome {
    let value = NewValue::Object(Box::new(collection.into_object()));
    let stored = call.shards.of(key).set(key, value, Deadline::None, call.now);
    stored.map(|_| ()).map_err(|_| Error::OutOfMemory)
}

/// The end of a `...STORE`: keeps the collection under the key, or removes the key when the
/// collection is empty, and tells who wants to know.
///
/// # Errors
/// When memory is full.
pub(super) fn store<K: Kind>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    collection: K,
    event: &'static str,
) -> Outcome {
    if collection.has_none() {
        if call.shards.of(key).remove(key, call.now) {
            call.changed(key, EventClass::GENERIC, "del");
        }
        return Ok(());
    }
    put(call, key, collection)?;
    call.changed(key, K::CLASS, event);
    Ok(())
}

/// The command comes back for the next step of what it makes for a key.
///
/// # Errors
/// When that is already more than there could be room for. So what is under way takes memory that has a bound.
pub(super) fn put_off<K: Kind>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    steps: Steps<Product<K>>,
) -> Outcome
where
    Product<K>: Made,
{
    if call.shards.of(key).refuses(steps.made.result.bytes()) {
        steps.abandon(call);
        return Err(Error::OutOfMemory);
    }
    steps.put_off(call);
    Ok(())
}

/// As [`store`], at the end of the steps in which the collection was made, and replies how many entries it
/// has. Comes back while room is made for it.
///
/// # Errors
/// When memory is full.
pub(super) fn store_made<K: Kind>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    mut steps: Steps<Product<K>>,
    event: &'static str,
) -> Outcome
where
    Product<K>: Made,
{
    let bytes = steps.made.result.bytes();
    if !steps.has_room(call, key, bytes) {
        steps.put_off(call);
        return Ok(());
    }
    // What is refused here is dropped bit by bit.
    if bytes > AT_ONCE_BYTES
        && let Err(refused) = make_room(call, key, bytes)
    {
        steps.abandon(call);
        return Err(refused);
    }
    let count = steps.made.result.count();
    store(call, key, steps.made.take(), event)?;
    call.out.count(count);
    Ok(())
}

/// Tells that something was taken from a collection, and whether that was the last of it.
pub(super) fn tell<K: Kind>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    event: &'static str,
    emptied: bool,
) {
    call.changed(key, K::CLASS, event);
    if emptied {
        call.changed(key, EventClass::GENERIC, "del");
    }
}

/// Arguments two by two from `index` on.
pub(super) fn pairs<'c>(
    arguments: Command<'c>,
    index: usize,
) -> impl Iterator<Item = (&'c [u8], &'c [u8])> + Clone {
    let places = (index..arguments.len()).step_by(2);
    places.filter_map(move |at| Some((arguments.get(at)?, arguments.get(at + 1)?)))
}

/// How many to take: not below zero.
///
/// # Errors
/// When it is, or is no integer.
pub(super) fn positive_count(argument: &[u8]) -> Result<usize, Error> {
    let count = number::integer(argument).ok_or(Error::NotPositive)?;
    usize::try_from(count).map_err(|_| Error::NotPositive)
}

/// How many keys there are, by the argument of index `at` before them.
///
/// # Errors
/// When it is not a number from 1 on, or something must follow the keys and nothing does.
pub(super) fn counted_keys(call: &Call<'_, '_>, at: usize) -> Result<usize, Error> {
    let refused = Error::text("ERR numkeys should be greater than 0");
    let count = number::integer(call.argument(at)?).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0).ok_or(refused)?;
    if count >= call.arguments.len() - at - 1 { Err(Error::Syntax) } else { Ok(count) }
}

/// What is left of the options, which is `COUNT` or nothing; 1 without it.
///
/// # Errors
/// When it is something else.
pub(super) fn count_option(words: &mut Words<'_>) -> Result<usize, Error> {
    if words.left() == 0 {
        return Ok(1);
    }
    if !words.take("count") {
        return Err(Error::Syntax);
    }
    let count = number::integer(words.demand()?).and_then(|count| usize::try_from(count).ok());
    let refused = Error::text("ERR count should be greater than 0");
    let count = count.filter(|count| *count > 0).ok_or(refused)?;
    if words.left() > 0 { Err(Error::Syntax) } else { Ok(count) }
}

/// The places from `start` to `stop`, both included, of which negative ones count from the end.
pub(super) fn index_range(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let from_end = |index: i64| {
        let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        if index < 0 { len.checked_sub(back) } else { Some(back) }
    };
    let start = from_end(start).unwrap_or(0).min(len);
    let end = from_end(stop).map_or(0, |stop| stop.saturating_add(1).min(len));
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_ranges() {
        for (start, stop, len, expected) in [
            (0, -1, 3, 0..3),
            (1, 1, 3, 1..2),
            (-2, -1, 3, 1..3),
            (-9, 0, 3, 0..1),
            (2, 1, 3, 2..2),
            (5, 9, 3, 3..3),
            (0, -4, 3, 0..0),
            (i64::MIN, i64::MAX, 3, 0..3),
            (0, -1, 0, 0..0),
        ] {
            assert_eq!(index_range(start, stop, len), expected, "{start} {stop} of {len}");
        }
    }
}
