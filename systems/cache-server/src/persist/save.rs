//! From the store to a file, a few items of each shard in turn.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::atomic::Ordering,
};

use ::bytes::Bytes;

use super::{
    Saved, Walk,
    bytes::{push_number, push_string},
    elements,
    format::Writer,
    item::{self, Head},
};
use crate::{
    commands::Keyspace,
    store::{Item, Key, Millis, Payload, Shard, ValueRef},
    values::Object,
};

/// Collections up to this many bytes of memory are written whole, under their shard's lock.
pub const WHOLE_BYTES: usize = 64 << 10;
/// Buckets of the index whose items are written under one lock, and about how many bytes: some tens
/// of microseconds.
const STEP_BUCKETS: usize = 64;
const STEP_BYTES: usize = 64 << 10;
/// Elements that are asked for at a time while a part is filled.
const PART_ELEMENTS: usize = 256;
/// How often a collection is begun that is changed while its parts are written.
const ATTEMPTS: u32 = 3;

/// Writes all items of a keyspace that have not expired at `now`.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::Interrupted`] when the walk was cancelled.
pub fn write(keyspace: &Keyspace, out: impl Write, now: Millis, walk: &Walk) -> io::Result<Saved> {
    let out = Writer::begin(out, now)?;
    let mut save = Save { keyspace, out, now, walk, items: 0, apart: Vec::new() };
    let store = keyspace.store();
    // By turns, so that nobody who waits for a shard meets the walk there again at once.
    let mut places: VecDeque<(usize, u64)> = (0..store.shards()).map(|shard| (shard, 0)).collect();
    while let Some((shard, cursor)) = places.pop_front() {
        let next = save.step(shard, cursor)?;
        if next != 0 {
            places.push_back((shard, next));
        }
    }
    let items = save.items;
    let bytes = save.out.end(items)?;
    Ok(Saved { items, bytes })
}

struct Save<'k, W> {
    keyspace: &'k Keyspace,
    out: Writer<W>,
    now: Millis,
    walk: &'k Walk,
    items: u64,
    /// What a step met and is written when the shard is unlocked again.
    apart: Vec<Apart>,
}

/// An item that is too long to be written under a lock.
enum Apart {
    String { record: Vec<u8>, value: Bytes },
    Collection { key: Vec<u8> },
}

/// What has become of an item that is written in parts.
enum Parts {
    Whole,
    /// A command has changed it meanwhile, or removed it.
    Changed,
    Gone,
}

impl<W: Write> Save<'_, W> {
    /// Writes some items of a shard; where the next ones are, 0 for nowhere.
    fn step(&mut self, shard: usize, cursor: u64) -> io::Result<u64> {
        let next = self.gather(shard, cursor);
        self.out.write_full()?;
        for apart in std::mem::take(&mut self.apart) {
            match apart {
                Apart::String { record, value } => self.out.write_alone(&record, &value)?,
                Apart::Collection { key } => self.write_collection(&key)?,
            }
        }
        self.walk.items.store(self.items, Ordering::Relaxed);
        self.check()?;
        Ok(next)
    }

    fn check(&self) -> io::Result<()> {
        match self.walk.is_cancelled.load(Ordering::Relaxed) {
            true => Err(io::Error::new(io::ErrorKind::Interrupted, "it was cancelled")),
            false => Ok(()),
        }
    }

    /// Appends some items of a shard to the block, under the shard's lock.
    fn gather(&mut self, shard: usize, cursor: u64) -> u64 {
        let Save { keyspace, out, now, items, apart, .. } = self;
        let (fills, index) = (keyspace.fills(), shard);
        let shard = keyspace.store().lock(index);
        let block = out.block();
        let end = block.len() + STEP_BYTES;
        let mut cursor = cursor;
        for _ in 0..STEP_BUCKETS {
            cursor = shard.scan(cursor, 1, *now, |mut item| {
                // A restart forgets that it may be served later than that only under conditions.
                if item.deadline.is_some() && fills.was_on() {
                    let fresh = fills.fresh_until(index, &keyspace.store().key(item.key));
                    item.deadline = fresh.or(item.deadline);
                }
                *items += 1;
                apart.extend(gather_one(block, &item));
            });
            if cursor == 0 || block.len() > end {
                break;
            }
        }
        cursor
    }

    /// Writes a collection in parts. It counts as an item already.
    fn write_collection(&mut self, key: &[u8]) -> io::Result<()> {
        for attempt in 1..=ATTEMPTS {
            match self.write_parts(key, attempt == ATTEMPTS)? {
                Parts::Whole => return Ok(()),
                Parts::Gone => break,
                Parts::Changed => {}
            }
        }
        self.items -= 1;
        Ok(())
    }

    fn write_parts(&mut self, key: &[u8], is_last: bool) -> io::Result<Parts> {
        let store = self.keyspace.store();
        let key = store.key(key);
        let index = store.shard_of(key.slot());
        let mut watching = self.keyspace.watching();
        let mut kind = None;
        let (mut cursor, mut written) = (0, 0);
        loop {
            let shard = store.lock(index);
            let block = self.out.block();
            let Some((head, object)) = look(&shard, &key, self.now) else {
                return Ok(give_up(block, kind.is_some(), Parts::Gone));
            };
            if kind.is_none() {
                watching.add(&key, index, true);
                head.push(block, key.bytes(), true);
                kind = Some(head.collection);
            } else if watching.is_changed() && !is_last || kind != Some(head.collection) {
                return Ok(give_up(block, true, Parts::Changed));
            }
            // An index into a list means nothing once the list has changed.
            let at_once = is_last && matches!(object, Object::List(_));
            let budget = if at_once { usize::MAX } else { STEP_BYTES };
            let (pushed, next) = push_part(block, object, cursor, budget);
            drop(shard);
            written += pushed;
            cursor = next;
            if cursor == 0 {
                item::push_end(self.out.block(), written);
                self.out.write_full()?;
                return Ok(Parts::Whole);
            }
            self.out.write_full()?;
            self.check()?;
        }
    }
}

/// The item is not to be had like this; what of it is in the file is to be forgotten.
fn give_up(block: &mut Vec<u8>, is_begun: bool, why: Parts) -> Parts {
    if is_begun {
        item::push_void(block);
    }
    why
}

/// Appends an item; it is given back when it is not for a block that has other items.
fn gather_one(block: &mut Vec<u8>, item: &Item<'_>) -> Option<Apart> {
    let head = Head::of(item);
    match item.value {
        ValueRef::Bytes(value) => {
            head.push(block, item.key, false);
            push_string(block, value);
        }
        ValueRef::Large(value) => {
            let mut record = Vec::new();
            head.push(&mut record, item.key, false);
            push_number(&mut record, value.len() as u64);
            return Some(Apart::String { record, value: value.clone() });
        }
        ValueRef::Object(object) if Payload::bytes(object) > WHOLE_BYTES => {
            return Some(Apart::Collection { key: item.key.to_vec() });
        }
        ValueRef::Object(object) => {
            head.push(block, item.key, false);
            push_number(block, object.len() as u64);
            elements::push_all(block, object);
        }
    }
    None
}

/// A collection where it is.
fn look<'s>(shard: &'s Shard, key: &Key<'_>, now: Millis) -> Option<(Head, &'s Object)> {
    let item = shard.peek(key, now)?;
    Some((Head::of(&item), item.value.as_object()?))
}

/// Appends a part of a collection of about `budget` bytes; how many elements it has, and the next cursor.
fn push_part(block: &mut Vec<u8>, object: &Object, cursor: u64, budget: usize) -> (u64, u64) {
    let each = Payload::bytes(object) / object.len().max(1);
    let count = (budget / each.max(1)).clamp(1, PART_ELEMENTS);
    let mut elements = Vec::new();
    let (mut pushed, mut cursor) = (0, cursor);
    loop {
        let (more, next) = elements::push_some(&mut elements, object, cursor, count);
        pushed += more;
        cursor = next;
        if cursor == 0 || elements.len() > budget {
            break;
        }
    }
    item::push_part(block, pushed);
    block.extend_from_slice(&elements);
    (pushed, cursor)
}
