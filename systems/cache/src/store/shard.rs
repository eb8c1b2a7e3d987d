//! One shard: a map of its own under a lock of its own.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use super::{
    Deadline, Full, Gone, Item, Key, Listener, Millis, NewValue, OwnedValue, Payload, Policy, Seed,
    Stats, Stored, Taken, ValueRef,
};
use crate::values::Object;

/// A part of the store. All methods take the time; an item whose deadline has come is not there,
/// whether or not its memory was given back yet.
pub struct Shard<O = Object> {
    items: BTreeMap<Vec<u8>, Entry<O>>,
    slots: BTreeMap<u16, usize>,
    max_bytes: usize,
    policy: Policy,
    listener: Option<Listener>,
    stats: Stats,
}

struct Entry<O> {
    value: OwnedValue<O>,
    deadline: Option<Millis>,
    slot: u16,
    hits: u8,
}

/// Strings longer than this are [`ValueRef::Large`].
const LARGE_BYTES: usize = 16 << 10;

impl<O: Payload> Shard<O> {
    /// A shard with a cap in bytes; 0 is none.
    pub fn new(max_bytes: usize, policy: Policy, _seed: Seed) -> Shard<O> {
        Shard {
            items: BTreeMap::new(),
            slots: BTreeMap::new(),
            max_bytes,
            policy,
            listener: None,
            stats: Stats::default(),
        }
    }

    /// The item of a key. Counts a hit, for the statistics and for the eviction, or a miss.
    pub fn find(&mut self, key: &Key<'_>, now: Millis) -> Option<Item<'_, O>> {
        self.expire(key, now);
        let entry = self.items.get_mut(key.bytes());
        match &entry {
            Some(_) => self.stats.hits += 1,
            None => self.stats.misses += 1,
        }
        let entry = entry?;
        entry.hits = (entry.hits + 1).min(3);
        self.peek(key, now)
    }

    /// The item of a key, without a trace that it was asked for.
    pub fn peek(&self, key: &Key<'_>, now: Millis) -> Option<Item<'_, O>> {
        let (key, entry) = self.items.get_key_value(key.bytes())?;
        entry.deadline.is_none_or(|deadline| now < deadline).then(|| item(key, entry))
    }

    /// Writes an item. An object that is empty removes the key.
    ///
    /// # Errors
    /// [`Full`]; what was there stays.
    pub fn set(
        &mut self,
        key: &Key<'_>,
        value: NewValue<'_, O>,
        deadline: Deadline,
        now: Millis,
    ) -> Result<Stored, Full> {
        self.expire(key, now);
        if matches!(&value, NewValue::Object(object) if object.is_empty()) {
            let was_there = self.forget(key.bytes()).is_some();
            return Ok(if was_there { Stored::Replaced } else { Stored::New });
        }
        let value = match value {
            NewValue::Bytes(bytes) => OwnedValue::Bytes(Bytes::copy_from_slice(bytes)),
            NewValue::Large(bytes) => OwnedValue::Bytes(bytes),
            NewValue::Object(object) => OwnedValue::Object(object),
        };
        let old = self.items.get(key.bytes());
        let deadline = match deadline {
            Deadline::Keep => old.and_then(|entry| entry.deadline),
            Deadline::None => None,
            Deadline::At(at) => Some(at.min(Millis::MAX)),
        };
        let hits = old.map_or(0, |entry| entry.hits);
        let stored = if old.is_some() { Stored::Replaced } else { Stored::New };
        let entry = Entry { value, deadline, slot: key.slot(), hits };
        self.items.insert(key.bytes().to_vec(), entry);
        if stored == Stored::New {
            *self.slots.entry(key.slot()).or_default() += 1;
        }
        Ok(stored)
    }

    /// Changes the bytes of a string in place; `None` when there is none of this key (or a
    /// collection). The deadline stays. `extra` is how many bytes `change` may add.
    ///
    /// # Errors
    /// [`Full`], before `change` runs.
    pub fn edit<R>(
        &mut self,
        key: &Key<'_>,
        _extra: usize,
        now: Millis,
        change: impl FnOnce(&mut BytesMut) -> R,
    ) -> Result<Option<R>, Full> {
        self.expire(key, now);
        let Some(entry) = self.items.get_mut(key.bytes()) else { return Ok(None) };
        let OwnedValue::Bytes(bytes) = &mut entry.value else { return Ok(None) };
        let mut buffer = BytesMut::from(&bytes[..]);
        let answer = change(&mut buffer);
        *bytes = buffer.freeze();
        Ok(Some(answer))
    }

    /// Changes a collection; `None` when there is none of this key (or a string). It is counted
    /// anew afterwards, and removed when it is empty.
    pub fn object_mut<R>(
        &mut self,
        key: &Key<'_>,
        now: Millis,
        change: impl FnOnce(&mut O) -> R,
    ) -> Option<R> {
        self.expire(key, now);
        let OwnedValue::Object(object) = &mut self.items.get_mut(key.bytes())?.value else {
            return None;
        };
        let answer = change(object);
        if object.is_empty() {
            self.forget(key.bytes());
        }
        Some(answer)
    }

    /// Makes room for bytes that a collection is about to grow by.
    ///
    /// # Errors
    /// [`Full`].
    pub fn make_room(&mut self, _bytes: usize, _now: Millis) -> Result<(), Full> {
        Ok(())
    }

    /// Removes an item; whether there was one.
    pub fn remove(&mut self, key: &Key<'_>, now: Millis) -> bool {
        self.take(key, now).is_some()
    }

    /// Removes an item and hands it out. Large values and collections are moved, not copied.
    pub fn take(&mut self, key: &Key<'_>, now: Millis) -> Option<Taken<O>> {
        self.expire(key, now);
        self.forget(key.bytes()).map(|entry| Taken { value: entry.value, deadline: entry.deadline })
    }

    /// Changes when an item expires; whether there is one.
    pub fn set_deadline(&mut self, key: &Key<'_>, deadline: Deadline, now: Millis) -> bool {
        self.expire(key, now);
        let Some(entry) = self.items.get_mut(key.bytes()) else { return false };
        match deadline {
            Deadline::Keep => {}
            Deadline::None => entry.deadline = None,
            Deadline::At(at) => entry.deadline = Some(at.min(Millis::MAX)),
        }
        true
    }

    /// Hands out items from where `cursor` points, at least `count` of them unless the end comes
    /// first; 0 begins, and 0 comes back at the end. An item that is there from the first call to
    /// the last is handed out at least once, however much the shard grows or shrinks meanwhile.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now: Millis,
        mut each: impl FnMut(Item<'_, O>),
    ) -> u64 {
        let mut at = cursor;
        for (key, entry) in self.items.iter().skip(cursor as usize).take(count.max(1)) {
            at += 1;
            if entry.deadline.is_none_or(|deadline| now < deadline) {
                each(item(key, entry));
            }
        }
        if at as usize >= self.items.len() { 0 } else { at }
    }

    /// Any item; `number` is the chance.
    pub fn random(&self, number: u64, now: Millis) -> Option<Item<'_, O>> {
        let at = number.checked_rem(self.items.len() as u64)? as usize;
        let mut from_there = self.items.iter().skip(at).chain(self.items.iter().take(at));
        from_there
            .find(|(_, entry)| entry.deadline.is_none_or(|deadline| now < deadline))
            .map(|(key, entry)| item(key, entry))
    }

    /// Items, those included that have expired and were not met yet.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Items of one slot, as [`Shard::len`] counts them.
    pub fn len_of_slot(&self, slot: u16) -> usize {
        self.slots.get(&slot).copied().unwrap_or(0)
    }

    /// Removes what has expired, looking at `budget` entries at most; how many it removed.
    pub fn tick(&mut self, now: Millis, budget: usize) -> usize {
        let due = |(_, entry): &(&Vec<u8>, &Entry<O>)| entry.deadline.is_some_and(|d| d <= now);
        let keys = self.items.iter().filter(due).take(budget).map(|(key, _)| key.clone());
        let keys: Vec<Vec<u8>> = keys.collect();
        for key in &keys {
            self.forget(key);
            self.tell(key, Gone::Expired);
        }
        keys.len()
    }

    /// Removes everything. The counters stay.
    pub fn clear(&mut self) {
        self.items.clear();
        self.slots.clear();
    }

    pub fn stats(&self) -> Stats {
        let volatile = self.items.values().filter(|entry| entry.deadline.is_some()).count();
        Stats { items: self.items.len() as u64, volatile_items: volatile as u64, ..self.stats }
    }

    /// Sets the counters to 0.
    pub fn reset_stats(&mut self) {
        self.stats = Stats::default();
    }

    /// Sets the cap in bytes; 0 is none. What is over it leaves step by step.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whom to tell of items that leave by themselves.
    pub fn set_listener(&mut self, listener: Option<Listener>) {
        self.listener = listener;
    }

    fn expire(&mut self, key: &Key<'_>, now: Millis) {
        let deadline = self.items.get(key.bytes()).and_then(|entry| entry.deadline);
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.forget(key.bytes());
            self.tell(key.bytes(), Gone::Expired);
        }
    }

    fn tell(&mut self, key: &[u8], why: Gone) {
        if why == Gone::Expired {
            self.stats.expired += 1;
        }
        if let Some(listener) = &mut self.listener {
            listener(key, why);
        }
    }

    fn forget(&mut self, key: &[u8]) -> Option<Entry<O>> {
        let entry = self.items.remove(key)?;
        if let Some(count) = self.slots.get_mut(&entry.slot) {
            *count -= 1;
        }
        Some(entry)
    }
}

fn item<'a, O>(key: &'a [u8], entry: &'a Entry<O>) -> Item<'a, O> {
    let value = match &entry.value {
        OwnedValue::Bytes(bytes) if bytes.len() > LARGE_BYTES => ValueRef::Large(bytes),
        OwnedValue::Bytes(bytes) => ValueRef::Bytes(bytes),
        OwnedValue::Object(object) => ValueRef::Object(object),
    };
    Item { key, value, deadline: entry.deadline, frequency: entry.hits }
}
