//! Adding very many entries to one key: they are put into a collection of their own, some at a time, so that
//! others are served in between, and that is put into the store in one step. Nobody sees a part of them.

use super::{
    call::Call,
    collections::{Kind, change, make_room, peek, put_off},
    error::{Error, Outcome},
    steps::{self, Made, Product, Steps},
};
use crate::{
    store::{Deadline, Key, NewValue},
    values::{Hash, Set, SortedSet},
};

/// Of a collection that is there already, the entries that are moved over in one step. To a larger one,
/// entries are added one by one.
const MERGED_MAX: usize = 2048;

/// What has become of a command's entries.
pub(super) enum Built<K> {
    /// They are few, or better added one by one.
    Not,
    /// Some are in a collection of their own; the command comes back for the others.
    PutOff,
    /// All are, and there is room for it.
    Whole(K),
}

/// A collection that takes in what another one has.
pub(super) trait Merge: Kind {
    /// Adds those entries of `old` that it has none in place of; of how many it has.
    fn add_missing(&mut self, old: &Self) -> usize;

    /// Adds all entries of `new`, in place of those that it has; how many it had not.
    fn add_all(&mut self, new: &Self) -> usize;
}

/// Adds the entries of a command, `width` arguments each from index `from` on, a step per call. `add` gets the
/// index of the first of an entry's arguments.
///
/// # Errors
/// Those of `add`, when the key holds something else, or memory is full. Nothing has been added then.
pub(super) fn build<K: Kind>(
    call: &mut Call<'_, '_>,
    (from, width): (usize, usize),
    mut add: impl FnMut(&mut K, usize) -> Outcome,
) -> Result<Built<K>, Error>
where
    Product<K>: Made,
{
    if !is_worth_it(call, (from, width)) {
        return Ok(Built::Not);
    }
    let total = (call.arguments.len() - from) / width;
    let (key, arguments) = (call.key(), call.arguments);
    if call.walk.is_none() {
        peek::<K>(call.shards, &key, call.now)?;
    }
    let Some(mut steps) = Steps::<Product<K>>::resume(call, &[]) else { return Ok(Built::PutOff) };
    let mut outcome = Ok(());
    let mut is_over = steps.each(steps.place.1..total, |product, entry| {
        let at = from + entry * width;
        if outcome.is_ok() {
            outcome = add(&mut product.result, at);
        }
        let bytes = (at..at + width).filter_map(|at| arguments.get(at)).map(<[u8]>::len).sum();
        width - 1 + steps::cost(bytes)
    });
    let bytes = steps.made.result.bytes();
    is_over = is_over && steps.has_room(call, &key, bytes);
    if outcome.is_ok() && !is_over {
        return put_off(call, &key, steps).map(|()| Built::PutOff);
    }
    if let Err(refused) = outcome.and_then(|()| make_room(call, &key, bytes)) {
        steps.abandon(call);
        return Err(refused);
    }
    Ok(Built::Whole(steps.made.take()))
}

/// Whether it has begun, or is to begin.
#[inline]
fn is_worth_it(call: &Call<'_, '_>, (from, width): (usize, usize)) -> bool {
    let total = (call.arguments.len() - from) / width;
    call.walk.is_some() || (call.is_patient && steps::is_long(total))
}

/// As [`build`], for entries of which there is one of each name: not where the key has very many.
///
/// # Errors
/// As [`build`].
pub(super) fn build_named<K: Merge>(
    call: &mut Call<'_, '_>,
    entries: (usize, usize),
    add: impl FnMut(&mut K, usize) -> Outcome,
) -> Result<Built<K>, Error>
where
    Product<K>: Made,
{
    if !is_worth_it(call, entries) {
        return Ok(Built::Not);
    }
    if call.walk.is_none() {
        let there = peek::<K>(call.shards, &call.key(), call.now)?;
        if there.is_some_and(|there| there.count() > MERGED_MAX) {
            return Ok(Built::Not);
        }
    }
    build(call, entries, add)
}

/// Puts what was built into the store, with what the key has already; how many entries are new.
///
/// # Errors
/// When the key holds something else, or memory is full.
pub(super) fn put<K: Merge>(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    mut built: K,
) -> Result<usize, Error> {
    let mut added = built.count();
    match peek::<K>(call.shards, key, call.now) {
        // It has grown while the entries were collected.
        Ok(Some(old)) if old.count() > added => return add(call, key, built),
        Ok(Some(old)) => added -= built.add_missing(old),
        Ok(None) => {}
        Err(refused) => {
            call.shards.drop_bit_by_bit(built.into_object());
            return Err(refused);
        }
    }
    let value = NewValue::Object(Box::new(built.into_object()));
    call.shards.of(key).set(key, value, Deadline::Keep, call.now)?;
    Ok(added)
}

/// As [`put`], to a collection that is larger.
fn add<K: Merge>(call: &mut Call<'_, '_>, key: &Key<'_>, built: K) -> Result<usize, Error> {
    let changed = change(call.shards, key, call.now, |old: &mut K| old.add_all(&built));
    call.shards.drop_bit_by_bit(built.into_object());
    Ok(changed?.map_or(0, |changed| changed.answer))
}

impl Merge for Set {
    fn add_missing(&mut self, old: &Set) -> usize {
        old.iter().filter(|member| !self.insert(member)).count()
    }

    fn add_all(&mut self, new: &Set) -> usize {
        new.iter().filter(|member| self.insert(member)).count()
    }
}

impl Merge for Hash {
    fn add_missing(&mut self, old: &Hash) -> usize {
        let mut known = 0;
        for (field, value) in old.iter() {
            if self.contains(field) {
                known += 1;
            } else {
                self.set(field, value);
            }
        }
        known
    }

    fn add_all(&mut self, new: &Hash) -> usize {
        new.iter().filter(|(field, value)| self.set(field, value)).count()
    }
}

impl Merge for SortedSet {
    fn add_missing(&mut self, old: &SortedSet) -> usize {
        let mut known = 0;
        for (member, score) in old.iter() {
            if self.score(member).is_some() {
                known += 1;
            } else {
                self.insert(member, score);
            }
        }
        known
    }

    fn add_all(&mut self, new: &SortedSet) -> usize {
        new.iter().filter(|(member, score)| self.insert(member, *score).is_none()).count()
    }
}
