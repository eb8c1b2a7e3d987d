//! A thread's own copies of values that are asked for very often: answered without a lock, a look into
//! the index, or a line of memory that other threads write.
//!
//! A copy is taken under the shard's lock with the mark of its record, and used only while that mark is
//! current ([`crate::store::Mark`]). So a read that comes after the answer to a write never has the old value.
//! It is taken anew a few times per second, for the store to see that the key is in use.

use crate::{
    commands::Reply,
    store::{Key, Mark, Millis, Shard, Store, ValueRef},
};

/// Places for copies, by the uppermost bits of the key's hash. A power of two.
const PLACES: usize = 64;
/// Longer values are not copied: what a thread keeps stays below a quarter of a megabyte.
const VALUE_BYTES_MAX: usize = 4 << 10;
/// Sampled accesses in a window below which a key is not hot.
pub(super) const SAMPLES_MIN: u64 = 32;
/// How long a copy is used.
const FRESH_MILLIS: u64 = 100;
/// How long none is taken after one that was found changed, or could not be taken: a key that is written all
/// the time would only be copied.
const REST_MILLIS: u64 = 10;

/// The copies of one thread.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// Empty, or as many as there are [`PLACES`].
    places: Box<[Option<Hot>]>,
}

/// A key whose value is worth a copy.
#[derive(Debug)]
struct Hot {
    hash: u64,
    key: Box<[u8]>,
    copy: Option<Taken>,
    /// No copy is taken before that.
    rests_until: Millis,
}

#[derive(Debug)]
struct Taken {
    /// The value as GET replies with it, in either protocol.
    reply: Vec<u8>,
    mark: Mark,
    /// When the item expires or is no longer fresh, or the copy has been used for long enough.
    until: Millis,
}

/// What came of asking for a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The reply is written.
    Given,
    /// There is none, but there should be: see [`Copies::take`].
    Wanted,
    None,
}

impl Copies {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.places = Box::default();
    }

    fn place(hash: u64) -> usize {
        (hash >> (u64::BITS - PLACES.trailing_zeros())) as usize
    }

    /// Which keys are hot from now on, given with their hashes and the hottest first: of two with the same
    /// place, the first one has it.
    pub(super) fn choose(&mut self, keys: Vec<(&[u8], u64)>) {
        if keys.is_empty() {
            return self.clear();
        }
        let mut old = std::mem::take(&mut self.places);
        let mut places: Vec<Option<Hot>> = (0..PLACES).map(|_| None).collect();
        for (key, hash) in keys {
            let at = Copies::place(hash);
            let Some(place) = places.get_mut(at).filter(|place| place.is_none()) else { continue };
            let known = old.get_mut(at).and_then(Option::take);
            *place = Some(match known {
                Some(known) if known.hash == hash && *known.key == *key => known,
                _ => Hot { hash, key: key.into(), copy: None, rests_until: Millis(0) },
            });
        }
        self.places = places.into_boxed_slice();
    }

    fn find(&mut self, key: &Key<'_>) -> Option<&mut Hot> {
        let hot = self.places.get_mut(Copies::place(key.hash()))?.as_mut()?;
        (hot.hash == key.hash() && *hot.key == *key.bytes()).then_some(hot)
    }

    /// Answers a GET from a copy, if there is one that is current.
    pub(crate) fn answer(
        &mut self,
        key: &Key<'_>,
        store: &Store,
        now: Millis,
        out: &mut Reply,
    ) -> Answer {
        let Some(hot) = self.find(key) else { return Answer::None };
        if let Some(copy) = &hot.copy {
            let is_current = store.is_current(key.slot(), copy.mark);
            if is_current && now < copy.until {
                out.raw().extend_from_slice(&copy.reply);
                return Answer::Given;
            }
            hot.copy = None;
            if !is_current {
                hot.rests_until = Millis(now.0 + REST_MILLIS);
            }
        }
        if now < hot.rests_until { Answer::None } else { Answer::Wanted }
    }

    /// Takes a copy from the key's shard, which is locked. `fresh_until` is known of what an origin gave.
    pub(crate) fn take(
        &mut self,
        key: &Key<'_>,
        shard: &Shard,
        fresh_until: Option<Millis>,
        now: Millis,
    ) {
        let Some(hot) = self.find(key) else { return };
        hot.rests_until = Millis(now.0 + REST_MILLIS);
        let Some((item, mark)) = shard.peek_marked(key, now) else { return };
        let ValueRef::Bytes(value) = item.value else { return };
        if value.len() > VALUE_BYTES_MAX {
            return;
        }
        let mut reply = Vec::new();
        plimsoll_wire::resp::write_bulk(&mut reply, value);
        let ends = [Some(Millis(now.0 + FRESH_MILLIS)), item.deadline, fresh_until];
        let until = ends.into_iter().flatten().min().unwrap_or(now);
        hot.copy = Some(Taken { reply, mark, until });
    }
}
