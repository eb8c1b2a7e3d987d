//! The shards that are locked for the commands of a batch.
//!
//! Always in ascending order, and all at once for a command: one that needs a shard that is not
//! locked gives up those that are. So no two threads wait for each other, and a run of commands on
//! one shard takes its lock once.

use std::sync::{Arc, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    fills::Fills,
    steps::UNDER_WAY_MAX,
    watch::{Watches, Watching},
};
use crate::{
    store::{Key, Shard, Store},
    values::Object,
};

/// Keys whose memory is asked for together: as many loads as a core has under way at once.
const TOGETHER: usize = 16;
/// Of more keys than that, it is worth remembering which shards they have been found to belong to.
const FEW_KEYS: usize = 64;

/// The store, who watches its keys, and which of them are being fetched.
pub struct Keyspace {
    store: Store,
    watches: Arc<Watches>,
    fills: Fills,
    /// For commands that come in steps.
    under_way: Arc<Semaphore>,
}

impl Keyspace {
    /// Of a store, with nobody watching and nothing under way.
    pub fn new(store: Store) -> Keyspace {
        let watches = Arc::new(Watches::new(store.shards()));
        let fills = Fills::new(store.shards());
        let under_way = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        Keyspace { store, watches, fills, under_way }
    }

    /// The items.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The keys that are being fetched.
    pub fn fills(&self) -> &Fills {
        &self.fills
    }

    /// A key of a locked shard has been changed, by no client's command.
    pub(super) fn watches_changed(&self, shard: usize, key: &Key<'_>) {
        self.watches.changed(shard, key.hash());
    }

    /// That watches nothing yet.
    pub fn watching(&self) -> Watching {
        Watching::new(Arc::clone(&self.watches))
    }
}

/// The locked shards.
pub struct Held<'s> {
    keyspace: &'s Keyspace,
    /// In most cases the only one; the others follow in ascending order.
    first: Option<Guard<'s>>,
    more: Vec<Guard<'s>>,
    /// Every shard is locked.
    is_whole: bool,
    /// What is locked stays so from one command to the next.
    is_pinned: bool,
    wanted: Vec<usize>,
}

struct Guard<'s> {
    index: usize,
    shard: MutexGuard<'s, Shard>,
}

impl<'s> Held<'s> {
    pub(super) fn new(keyspace: &'s Keyspace) -> Held<'s> {
        Held {
            keyspace,
            first: None,
            more: Vec::new(),
            is_whole: false,
            is_pinned: false,
            wanted: Vec::new(),
        }
    }

    /// The store, for what needs no lock.
    pub fn store(&self) -> &'s Store {
        &self.keyspace.store
    }

    pub(super) fn fills(&self) -> &'s Fills {
        &self.keyspace.fills
    }

    /// For a read that comes in steps, which watches nothing yet.
    pub(super) fn watching(&self) -> Watching {
        self.keyspace.watching()
    }

    /// For a command that comes in steps, unless too many do.
    pub(super) fn may_be_under_way(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.keyspace.under_way).try_acquire_owned().ok()
    }

    /// Drops a collection that is not in the store as the store does with those that leave it.
    pub(super) fn drop_bit_by_bit(&mut self, object: Object) {
        let object = Box::new(object);
        match &mut self.first {
            Some(guard) => guard.shard.drop_bit_by_bit(object),
            None => self.keyspace.store.lock(0).drop_bit_by_bit(object),
        }
    }

    /// The index of the shard that a key belongs to.
    #[inline]
    pub fn index(&self, key: &Key<'_>) -> usize {
        self.keyspace.store.shard_of(key.slot())
    }

    /// The shard of a key that the running command has named as one of its keys.
    ///
    /// # Panics
    /// When it is not locked: a command asks only for keys that its [`super::KeyRule`] names.
    #[inline]
    pub fn of(&mut self, key: &Key<'_>) -> &mut Shard {
        let index = self.index(key);
        let is_it = |guard: &&mut Guard<'s>| guard.index == index;
        let guard = self.first.iter_mut().chain(&mut self.more).find(is_it);
        &mut guard.expect("the shards of a command's keys are locked before it runs").shard
    }

    /// As [`Held::of`], to look at several shards at a time.
    ///
    /// # Panics
    /// As [`Held::of`].
    pub fn look(&self, key: &Key<'_>) -> &Shard {
        let index = self.index(key);
        let guard = self.first.iter().chain(&self.more).find(|guard| guard.index == index);
        &guard.expect("the shards of a command's keys are locked before it runs").shard
    }

    /// Does something with every shard, one after the other. Locks each for just that long unless
    /// all are locked already; any other lock is given up.
    pub fn each(&mut self, mut visit: impl FnMut(usize, &mut Shard)) {
        for index in 0..self.keyspace.store.shards() {
            self.nth(index, |shard| visit(index, shard));
        }
    }

    /// Does something with the shard of that index, as [`Held::each`] does; `None` when there is none.
    pub fn nth<R>(&mut self, index: usize, visit: impl FnOnce(&mut Shard) -> R) -> Option<R> {
        if index >= self.keyspace.store.shards() {
            return None;
        }
        if !self.is_whole {
            self.release();
            return Some(visit(&mut self.keyspace.store.lock(index)));
        }
        let guard = self.first.iter_mut().chain(&mut self.more).nth(index)?;
        Some(visit(&mut guard.shard))
    }

    /// A key has been changed. Called by [`super::Call::changed`].
    #[inline]
    pub(super) fn changed(&self, key: &Key<'_>) {
        let index = self.index(key);
        self.keyspace.watches.changed(index, key.hash());
        self.keyspace.fills.changed(index, key.hash());
    }

    /// A client has removed a key that is not there: what is fetched for it is no longer meant.
    #[inline]
    pub(super) fn overtake(&self, key: &Key<'_>) {
        self.keyspace.fills.changed(self.index(key), key.hash());
    }

    /// Locks the shards of these keys, unless they are.
    #[inline]
    pub(super) fn lock_keys(&mut self, keys: &[Key<'_>]) {
        if self.is_whole {
            return;
        }
        match keys {
            [] => {}
            [key] => {
                let index = self.index(key);
                if !self.is_held(index) {
                    self.release();
                    self.first = Some(self.guard(index));
                }
            }
            keys => {
                let mut wanted = std::mem::take(&mut self.wanted);
                wanted.clear();
                wanted.extend(self.one_per_shard(keys).map(|key| self.index(key)));
                self.lock_wanted(&mut wanted);
                self.wanted = wanted;
            }
        }
    }

    /// Of keys, enough for each of their shards to have one, and no more than that where there are many.
    pub(super) fn one_per_shard<'k, 'c>(
        &self,
        keys: &'k [Key<'c>],
    ) -> impl Iterator<Item = &'k Key<'c>> + use<'k, 'c, 's> {
        let store = self.store();
        let mut seen = (keys.len() > FEW_KEYS).then(|| vec![false; store.shards()]);
        keys.iter().filter(move |key| {
            let Some(seen) = &mut seen else { return true };
            let shard = seen.get_mut(store.shard_of(key.slot()));
            shard.is_some_and(|is_seen| !std::mem::replace(is_seen, true))
        })
    }

    /// A command's keys, some at a time; see [`Held::load`].
    pub(super) fn parts<'k, 'c>(keys: &'k [Key<'c>]) -> impl Iterator<Item = &'k [Key<'c>]> {
        keys.chunks(TOGETHER)
    }

    /// Begins to load what looks at these keys will read, whose shards are locked: of very many keys,
    /// most time would go by waiting for one after the other.
    pub(super) fn load(&self, keys: &[Key<'_>]) {
        if keys.len() > 1 {
            keys.iter().for_each(|key| self.look(key).prefetch_entry(key.hash()));
            keys.iter().for_each(|key| self.look(key).prefetch_record(key.hash()));
        }
    }

    /// Locks the shards of these indexes, unless they are. Puts them into order.
    pub(super) fn lock_wanted(&mut self, wanted: &mut Vec<usize>) {
        wanted.sort_unstable();
        wanted.dedup();
        if self.is_whole || wanted.iter().all(|index| self.is_held(*index)) {
            return;
        }
        self.release();
        let mut wanted = wanted.iter();
        self.first = wanted.next().map(|index| self.guard(*index));
        for index in wanted {
            self.more.push(self.guard(*index));
        }
    }

    /// Locks every shard, until [`Held::release`].
    pub(super) fn lock_whole(&mut self) {
        if self.is_whole {
            return;
        }
        let mut all = (0..self.keyspace.store.shards()).collect();
        self.lock_wanted(&mut all);
        self.is_whole = true;
    }

    /// Unlocks all. The server does so before it waits or does anything lengthy.
    pub fn release(&mut self) {
        self.first = None;
        self.more.clear();
        self.is_whole = false;
        self.is_pinned = false;
    }

    /// What is locked is needed by several commands: [`Held::let_go`] does nothing until
    /// [`Held::release`].
    pub(super) fn pin(&mut self) {
        self.is_pinned = true;
    }

    /// Unlocks all, for a command that has copied what it needs and goes on for long, unless a
    /// transaction needs the locks. Behind this the command's keys may be looked at only by
    /// [`Held::visit`].
    pub(super) fn let_go(&mut self) {
        if !self.is_pinned {
            self.release();
        }
    }

    /// Does something with the shard of a key that need not be one of the command's. Locks it for just
    /// that long unless it is locked; any other lock is given up then.
    pub(super) fn visit<R>(&mut self, key: &Key<'_>, visit: impl FnOnce(&mut Shard) -> R) -> R {
        let index = self.index(key);
        if self.is_held(index) {
            return visit(self.of(key));
        }
        debug_assert!(!self.is_pinned, "a transaction has locked all that its commands need");
        self.release();
        visit(&mut self.keyspace.store.lock(index))
    }

    fn is_held(&self, index: usize) -> bool {
        self.first.iter().chain(&self.more).any(|guard| guard.index == index)
    }

    fn guard(&self, index: usize) -> Guard<'s> {
        Guard { index, shard: self.keyspace.store.lock(index) }
    }
}
