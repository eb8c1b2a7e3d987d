//! What goes into the store and comes out of it.

use bytes::Bytes;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The latest deadline that is kept, in the year 10889: it takes 48 bits. Later ones become this one.
    pub const MAX: Millis = Millis((1 << 48) - 2);
}

/// What a boxed value must tell for it to be counted and dropped.
pub trait Payload {
    /// Bytes of memory, all of it, in constant time.
    fn bytes(&self) -> usize;

    /// Whether nothing is left in it: the store removes such a value.
    fn is_empty(&self) -> bool;

    /// Frees about `budget` entries' memory of a value that nobody will look into any more; what is
    /// left of the budget, which is something once next to nothing is left to free. Values of which
    /// a drop takes long do this, and are dropped bit by bit.
    fn shed(&mut self, budget: usize) -> usize {
        budget
    }
}

/// A value where it is.
#[derive(Debug, PartialEq, Eq)]
pub enum ValueRef<'a, O> {
    /// A string in the log.
    Bytes(&'a [u8]),
    /// Too large for the log; a clone costs no copy.
    Large(&'a Bytes),
    /// What is no string.
    Object(&'a O),
}

impl<O> Clone for ValueRef<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for ValueRef<'_, O> {}

impl<'a, O> ValueRef<'a, O> {
    /// The bytes of a string, large or not.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            ValueRef::Bytes(bytes) => Some(bytes),
            ValueRef::Large(bytes) => Some(bytes),
            ValueRef::Object(_) => None,
        }
    }

    /// What is no string.
    pub fn as_object(&self) -> Option<&'a O> {
        match self {
            ValueRef::Object(object) => Some(object),
            ValueRef::Bytes(_) | ValueRef::Large(_) => None,
        }
    }
}

/// An item where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Item<'a, O> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: ValueRef<'a, O>,
    /// From when on it is not seen any more; `None` for never.
    pub deadline: Option<Millis>,
    /// Hits since the eviction last looked, up to 3.
    pub frequency: u8,
}

/// A value to store.
#[derive(Debug, PartialEq, Eq)]
pub enum NewValue<'a, O> {
    /// Copied.
    Bytes(&'a [u8]),
    /// Kept as it is when it is too large for the log, copied when it is not. It must not be a
    /// small part of a large buffer, which it would keep alive.
    Large(Bytes),
    /// What is no string.
    Object(Box<O>),
}

/// A value that was taken out.
#[derive(Debug, PartialEq, Eq)]
pub enum OwnedValue<O> {
    /// A string.
    Bytes(Bytes),
    /// What is no string.
    Object(Box<O>),
}

impl<O> From<OwnedValue<O>> for NewValue<'_, O> {
    fn from(value: OwnedValue<O>) -> Self {
        match value {
            OwnedValue::Bytes(bytes) => NewValue::Large(bytes),
            OwnedValue::Object(object) => NewValue::Object(object),
        }
    }
}

/// An item that was taken out.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken<O> {
    /// Its value.
    pub value: OwnedValue<O>,
    /// When it would have expired; `None` for never.
    pub deadline: Option<Millis>,
}

/// When an item that is written shall expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// When it would have; never, when it is new.
    Keep,
    /// Never.
    None,
    /// From this moment on the item is not seen any more.
    At(Millis),
}

/// What a write found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// There was no such key.
    New,
    /// There was; its value is gone.
    Replaced,
}

/// No room under the byte cap: the policy forbids eviction, nothing can be evicted, or the item is
/// larger than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room under the byte cap")]
pub struct Full;

/// Why an item left without a command that removed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Its time was over.
    Expired,
    /// Others needed the room.
    Evicted,
}

/// Told the key of each item that left by itself. Runs under the shard's lock: short, and without
/// taking another one.
pub type Listener = Box<dyn FnMut(&[u8], Gone) + Send>;
