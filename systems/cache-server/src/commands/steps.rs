//! Commands that take long, a step at a time, so that others are served in between. What they make is made
//! of one moment all the same: when one of the keys that they read changes meanwhile, they begin anew.

mod made;

use tokio::sync::OwnedSemaphorePermit;

pub(super) use self::made::{Made, Parts, Product};
use super::{
    call::Call,
    draw, dump,
    held::{Held, Keyspace},
    hyperloglog,
    keys::KeysWalk,
    lists,
    parted::Parted,
    sort,
    watch::Watching,
};
use crate::{
    store::Key,
    values::{Hash, List, Object, Set, SortedSet},
};

/// What one step may cost, in entries that are looked at: less than a millisecond.
const STEP_COST: usize = 2048;
/// So many bytes cost as much as an entry.
const BYTES_PER_ENTRY: usize = 128;
/// Few entries of so many bytes take longer than a step as well.
const LARGE_BYTES: usize = 1 << 20;
/// How often a command begins anew before it is done in one go.
const RESTARTS_MAX: u32 = 3;
/// Commands that read more keys are done in one go.
pub(super) const KEYS_MAX: usize = 4096;
/// Commands that may be under way at a time. Each keeps what it has made, which counts nowhere.
pub(super) const UNDER_WAY_MAX: usize = 16;
/// Records that one step walks to make room for what was made.
const ROOM_RECORDS: usize = 1024;

/// How far a command is that comes in steps.
#[derive(Debug)]
pub(crate) enum Walk {
    /// It has not begun: as many as may be are under way.
    Waiting,
    Keys(KeysWalk),
    Parted(Parted),
    Read(Steps<Parts>),
    Hash(Steps<Product<Hash>>),
    List(Steps<Product<List>>),
    Set(Steps<Product<Set>>),
    SortedSet(Steps<Product<SortedSet>>),
    Copy(Steps<Option<Object>>),
    Draw(Steps<draw::Drawn>),
    Find(Steps<lists::Places>),
    Sort(Steps<sort::Sorting>),
    Dump(Steps<dump::Payload>),
    Restore(Steps<dump::Restoring>),
    Count(Steps<hyperloglog::Registers>),
}

impl Walk {
    /// Its client has gone: what has been made leaves bit by bit.
    pub(crate) fn abandon(self, keyspace: &Keyspace) {
        if let Some(object) = self.into_object() {
            keyspace.store().lock(0).drop_bit_by_bit(Box::new(object));
        }
    }

    /// As [`Walk::abandon`], for a command that ends without its last step, if it has begun.
    pub(super) fn discard(walk: &mut Option<Box<Walk>>, held: &mut Held<'_>) {
        if let Some(object) = walk.take().and_then(|walk| walk.into_object()) {
            held.drop_bit_by_bit(object);
        }
    }

    /// The collection that has been made so far.
    fn into_object(self) -> Option<Object> {
        match self {
            Walk::Hash(mut steps) => steps.made.object(),
            Walk::List(mut steps) => steps.made.object(),
            Walk::Set(mut steps) => steps.made.object(),
            Walk::SortedSet(mut steps) => steps.made.object(),
            Walk::Copy(mut steps) => steps.made.object(),
            Walk::Restore(mut steps) => steps.made.object(),
            Walk::Waiting
            | Walk::Keys(_)
            | Walk::Parted(_)
            | Walk::Read(_)
            | Walk::Draw(_)
            | Walk::Find(_)
            | Walk::Sort(_)
            | Walk::Dump(_)
            | Walk::Count(_) => None,
        }
    }
}

/// A command that comes in steps, and what it has made so far.
#[derive(Debug)]
pub(crate) struct Steps<M> {
    /// `None` when it is done in one go.
    moment: Option<Moment>,
    /// What is left of the cost of this step.
    left: usize,
    /// Which of the collections comes next, and the entry in it.
    pub(super) place: (usize, usize),
    pub(super) made: M,
}

/// The moment that a command in steps is of.
#[derive(Debug)]
struct Moment {
    /// The keys, from when it began.
    watching: Watching,
    restarts: u32,
    /// One of [`UNDER_WAY_MAX`], also when it begins anew.
    permit: OwnedSemaphorePermit,
}

/// Whether a command that looks at so many entries is worth steps.
pub(super) fn is_long(entries: usize) -> bool {
    entries > STEP_COST
}

/// Whether a command that looks at all of a collection is worth steps.
pub(super) fn is_large(object: &Object) -> bool {
    is_long(object.len()) || object.bytes() > LARGE_BYTES
}

/// What it costs to look at an entry of so many bytes.
pub(super) fn cost(bytes: usize) -> usize {
    1 + bytes / BYTES_PER_ENTRY
}

impl<M: Made> Steps<M> {
    /// For what is short.
    pub(super) fn in_one_go() -> Steps<M> {
        Steps { moment: None, left: usize::MAX, place: (0, 0), made: M::default() }
    }

    /// Goes on with what the call has put off, or begins: it is of the moment of these keys. In one go when
    /// the call must not come back, or has begun anew too often. `None` when too many are under way: it is
    /// put off.
    pub(super) fn resume(call: &mut Call<'_, '_>, keys: &[Key<'_>]) -> Option<Steps<M>> {
        let (mut restarts, mut kept) = (0, None);
        if let Some(mut steps) = call.walk.take().and_then(|walk| M::steps_of(*walk)) {
            let broken =
                steps.moment.take_if(|moment| moment.watching.is_broken(call.shards, call.now));
            let Some(broken) = broken else {
                steps.left = if call.is_patient { STEP_COST } else { usize::MAX };
                return Some(steps);
            };
            (restarts, kept) = (broken.restarts + 1, Some(broken.permit));
            steps.abandon(call);
        }
        if !call.is_patient || keys.len() > KEYS_MAX || restarts > RESTARTS_MAX {
            return Some(Steps::in_one_go());
        }
        let Some(permit) = kept.or_else(|| call.shards.may_be_under_way()) else {
            *call.walk = Some(Box::new(Walk::Waiting));
            return None;
        };
        let mut watching = call.shards.watching();
        for key in keys {
            let exists = call.shards.of(key).peek(key, call.now).is_some();
            watching.add(key, call.shards.index(key), exists);
        }
        let moment = Some(Moment { watching, restarts, permit });
        Some(Steps { moment, left: STEP_COST, place: (0, 0), made: M::default() })
    }

    /// As [`Steps::resume`], but in one go unless it is long or has begun.
    pub(super) fn start(
        call: &mut Call<'_, '_>,
        keys: &[Key<'_>],
        is_long: bool,
    ) -> Option<Steps<M>> {
        if is_long || call.walk.is_some() {
            return Steps::resume(call, keys);
        }
        Some(Steps::in_one_go())
    }

    /// From now on the keys may change: what it needs of them has been copied.
    pub(super) fn let_go_of_keys(&mut self) {
        if let Some(moment) = &mut self.moment {
            moment.watching.clear();
        }
    }

    /// The command comes back for the next step.
    pub(super) fn put_off(self, call: &mut Call<'_, '_>) {
        debug_assert!(self.moment.is_some(), "what is done in one go has no next step");
        *call.walk = Some(Box::new(M::walk_of(self)));
    }

    /// What was made is not wanted: it leaves bit by bit.
    pub(super) fn abandon(mut self, call: &mut Call<'_, '_>) {
        if let Some(object) = self.made.object() {
            call.shards.drop_bit_by_bit(object);
        }
    }

    /// Hands out the entries of this step, each of which costs what `take` says; whether they came to their
    /// end. The place is moved on by as many as were taken.
    pub(super) fn each<E>(
        &mut self,
        mut entries: impl Iterator<Item = E>,
        mut take: impl FnMut(&mut M, E) -> usize,
    ) -> bool {
        while self.left > 0 {
            let Some(entry) = entries.next() else { return true };
            self.place.1 += 1;
            let cost = take(&mut self.made, entry);
            self.left = self.left.saturating_sub(cost);
        }
        false
    }

    /// Does something that may cost what is left of this step, and gives back what is left of that: something
    /// once it is done, which it tells.
    pub(super) fn work(&mut self, work: impl FnOnce(&mut M, usize) -> usize) -> bool {
        if self.left > 0 {
            self.left = work(&mut self.made, self.left);
        }
        self.left > 0
    }

    /// Comes to the next collection.
    pub(super) fn next_place(&mut self) {
        self.place = (self.place.0 + 1, 0);
    }

    /// Makes room for what was made, in steps as well, under a key whose shard is locked; whether all is there
    /// that can be, or the call must not come back.
    pub(super) fn has_room(&self, call: &mut Call<'_, '_>, key: &Key<'_>, bytes: usize) -> bool {
        let is_at_once = self.moment.is_none() || !call.is_patient;
        is_at_once || call.shards.of(key).prepare(bytes, ROOM_RECORDS, call.now)
    }
}
