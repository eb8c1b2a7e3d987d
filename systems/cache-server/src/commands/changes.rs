//! What commands changed, for those who asked to be told: keyspace notifications, the tracking of
//! clients' caches, and clients that wait for a key.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use super::spec::bit_set;

bit_set! {
    /// Kinds of keyspace events, with their letters in `notify-keyspace-events`.
    EventClass:
    /// Of any type: DEL, RENAME, EXPIRE and the like.
    GENERIC = 0 "g",
    /// Of strings.
    STRING = 1 "$",
    /// Of lists.
    LIST = 2 "l",
    /// Of sets.
    SET = 3 "s",
    /// Of hashes.
    HASH = 4 "h",
    /// Of sorted sets.
    SORTED_SET = 5 "z",
    /// A key's time was over.
    EXPIRED = 6 "x",
    /// A key left to make room.
    EVICTED = 7 "e",
    /// A key was asked for that is not there.
    KEY_MISS = 8 "m",
    /// A key was made that was not there.
    NEW = 9 "n",
}

impl EventClass {
    /// Those that tell of a key's value or deadline; the others are not told to trackers.
    pub const MODIFICATIONS: EventClass = EventClass::GENERIC
        .and(EventClass::STRING)
        .and(EventClass::LIST)
        .and(EventClass::SET)
        .and(EventClass::HASH)
        .and(EventClass::SORTED_SET)
        .and(EventClass::EXPIRED)
        .and(EventClass::EVICTED);
    /// What `A` stands for in `notify-keyspace-events`.
    pub const ALL: EventClass = EventClass::MODIFICATIONS;
}

/// One event on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What was changed.
    pub key: &'a [u8],
    /// What kind of event it is.
    pub class: EventClass,
    /// As in the channel `__keyevent@0__:<event>`.
    pub event: &'static str,
}

/// Which changes are wanted, by all threads of a server. Whoever begins to want some sees all that are
/// made under locks taken later.
#[derive(Debug, Default)]
pub struct Wanted {
    notified: AtomicU32,
    /// Who wants to know of modifications: clients that track, and those that wait for keys.
    listeners: AtomicUsize,
}

impl Wanted {
    /// What notifications name.
    pub fn set_notified(&self, classes: EventClass) {
        self.notified.store(classes.bits(), Ordering::SeqCst);
    }

    /// See [`Wanted::set_notified`].
    pub fn notified(&self) -> EventClass {
        EventClass::from_bits(self.notified.load(Ordering::SeqCst))
    }

    /// One more wants [`EventClass::MODIFICATIONS`].
    pub fn listen(&self) {
        self.listeners.fetch_add(1, Ordering::SeqCst);
    }

    /// One that did no longer does.
    pub fn unlisten(&self) {
        self.listeners.fetch_sub(1, Ordering::SeqCst);
    }

    #[inline]
    fn get(&self) -> EventClass {
        let notified = EventClass::from_bits(self.notified.load(Ordering::Relaxed));
        let is_listened_to = self.listeners.load(Ordering::Relaxed) > 0;
        if is_listened_to { notified.and(EventClass::MODIFICATIONS) } else { notified }
    }
}

/// The changes of the commands of a batch. Kept and used again; records nothing that nobody wants.
#[derive(Debug, Default)]
pub struct Changes {
    wanted: Arc<Wanted>,
    keys: Vec<u8>,
    changes: Vec<(Range<usize>, EventClass, &'static str)>,
    /// All keys are gone.
    flushed: bool,
    count: u64,
}

impl Changes {
    /// Which classes are recorded from now on: the union of what notifications name and, when a
    /// client tracks or waits for keys, [`EventClass::MODIFICATIONS`].
    pub fn want(&mut self, wanted: EventClass) {
        self.wanted.set_notified(wanted);
    }

    /// Which classes are recorded.
    pub fn wanted(&self) -> EventClass {
        self.wanted.get()
    }

    /// Records what is wanted at the moment of each change.
    pub fn wanted_by(wanted: Arc<Wanted>) -> Changes {
        Changes { wanted, ..Changes::default() }
    }

    #[inline]
    pub(crate) fn record(&mut self, key: &[u8], class: EventClass, event: &'static str) {
        self.count += u64::from(EventClass::MODIFICATIONS.contains(class));
        if self.wanted().intersects(class) {
            let start = self.keys.len();
            self.keys.extend_from_slice(key);
            self.changes.push((start..self.keys.len(), class, event));
        }
    }

    pub(crate) fn record_flush(&mut self) {
        self.flushed = true;
        self.count += 1;
    }

    /// In the order they happened.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        self.changes.iter().map(|(place, class, event)| Change {
            key: self.keys.get(place.clone()).unwrap_or_default(),
            class: *class,
            event,
        })
    }

    /// Whether all keys were removed at once, which no single change tells.
    pub fn is_flushed(&self) -> bool {
        self.flushed
    }

    /// Modifications since the last [`Changes::clear`], wanted or not.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.flushed
    }

    /// Forgets them; what is wanted stays.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.changes.clear();
        self.flushed = false;
        self.count = 0;
    }
}
