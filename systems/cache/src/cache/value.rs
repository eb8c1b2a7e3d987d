//! What a cache can hold: values kept as bytes, and values shared with those who ask.

use std::{ops::Deref, sync::Arc};

use bytes::Bytes;

use crate::store::{NewValue, Payload, ValueRef};

/// A type of values.
///
/// [`Bytes`], `Vec<u8>`, `String` and arrays of bytes are kept as bytes among the others, [`Shared`] as a
/// reference to any other type. Numbers are arrays of bytes: `to_le_bytes`. Implement it for a type with a
/// compact form of its own, to have that kept:
///
/// ```
/// use bytes::Bytes;
/// use plimsoll_cache::{Cache, Nothing, Value, store::{NewValue, ValueRef}};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Point { x: u32, y: u32 }
///
/// impl Value for Point {
///     type Borrowed = [u8];
///     type Object = Nothing;
///
///     fn keep(&self) -> NewValue<'_, Nothing> {
///         let bytes = [self.x.to_le_bytes(), self.y.to_le_bytes()].concat();
///         NewValue::Large(Bytes::from(bytes))
///     }
///
///     fn lend<'a>(kept: ValueRef<'a, Nothing>) -> Option<&'a [u8]> {
///         kept.as_bytes()
///     }
///
///     fn restore(kept: ValueRef<'_, Nothing>) -> Option<Point> {
///         let (x, y) = kept.as_bytes()?.split_first_chunk()?;
///         let y = y.try_into().ok()?;
///         Some(Point { x: u32::from_le_bytes(*x), y: u32::from_le_bytes(y) })
///     }
/// }
///
/// let cache: Cache<Point> = Cache::new(1 << 20);
/// cache.insert("here", Point { x: 3, y: 4 });
/// assert_eq!(cache.get("here"), Some(Point { x: 3, y: 4 }));
/// ```
pub trait Value: Clone + Send + 'static {
    /// What [`Cache::read`](crate::Cache::read) shows of a value.
    type Borrowed: ?Sized;
    /// What is kept of a value that is not kept as bytes; [`Nothing`] where all are.
    type Object: Payload + Send + 'static;

    /// What to keep. Called before any lock is taken.
    fn keep(&self) -> NewValue<'_, Self::Object>;

    /// What was kept, where it is. `None` for what [`Value::keep`] never gives.
    fn lend<'a>(kept: ValueRef<'a, Self::Object>) -> Option<&'a Self::Borrowed>;

    /// A value from what was kept. Runs under a lock. `None` as above.
    fn restore(kept: ValueRef<'_, Self::Object>) -> Option<Self>;
}

/// The [`Value::Object`] of types that are kept as bytes: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {}

impl Payload for Nothing {
    fn bytes(&self) -> usize {
        match *self {}
    }

    fn is_empty(&self) -> bool {
        match *self {}
    }
}

/// Bytes from this length on are copied before a shard is locked for them, to a buffer that the store
/// keeps as it is.
const COPIED_BEFORE_BYTES: usize = 1 << 20;

/// Bytes to be copied, whatever buffer they are a part of.
fn copied(bytes: &[u8]) -> NewValue<'_, Nothing> {
    match bytes.len() {
        0..COPIED_BEFORE_BYTES => NewValue::Bytes(bytes),
        _ => NewValue::Large(Bytes::copy_from_slice(bytes)),
    }
}

impl Value for Bytes {
    type Borrowed = [u8];
    type Object = Nothing;

    fn keep(&self) -> NewValue<'_, Nothing> {
        copied(self)
    }

    fn lend<'a>(kept: ValueRef<'a, Nothing>) -> Option<&'a [u8]> {
        kept.as_bytes()
    }

    fn restore(kept: ValueRef<'_, Nothing>) -> Option<Bytes> {
        match kept {
            ValueRef::Bytes(bytes) => Some(Bytes::copy_from_slice(bytes)),
            ValueRef::Large(bytes) => Some(bytes.clone()),
            ValueRef::Object(nothing) => match *nothing {},
        }
    }
}

impl Value for Vec<u8> {
    type Borrowed = [u8];
    type Object = Nothing;

    fn keep(&self) -> NewValue<'_, Nothing> {
        copied(self)
    }

    fn lend<'a>(kept: ValueRef<'a, Nothing>) -> Option<&'a [u8]> {
        kept.as_bytes()
    }

    fn restore(kept: ValueRef<'_, Nothing>) -> Option<Vec<u8>> {
        kept.as_bytes().map(<[u8]>::to_vec)
    }
}

impl Value for String {
    type Borrowed = str;
    type Object = Nothing;

    fn keep(&self) -> NewValue<'_, Nothing> {
        copied(self.as_bytes())
    }

    fn lend<'a>(kept: ValueRef<'a, Nothing>) -> Option<&'a str> {
        str::from_utf8(kept.as_bytes()?).ok()
    }

    fn restore(kept: ValueRef<'_, Nothing>) -> Option<String> {
        String::lend(kept).map(str::to_owned)
    }
}

impl<const N: usize> Value for [u8; N] {
    type Borrowed = [u8; N];
    type Object = Nothing;

    fn keep(&self) -> NewValue<'_, Nothing> {
        copied(self)
    }

    fn lend<'a>(kept: ValueRef<'a, Nothing>) -> Option<&'a [u8; N]> {
        kept.as_bytes()?.try_into().ok()
    }

    fn restore(kept: ValueRef<'_, Nothing>) -> Option<[u8; N]> {
        <[u8; N]>::lend(kept).copied()
    }
}

/// What a [`Shared`] value takes beside itself and what it owns: its allocation and its place in
/// the store.
const SHARED_OVERHEAD: usize = 4 * size_of::<usize>();

/// A value of any type, shared with whoever asks for it.
///
/// ```
/// use plimsoll_cache::{Cache, Shared};
///
/// struct User { name: String, roles: Vec<u32> }
///
/// let users: Cache<Shared<User>> = Cache::new(64 << 20);
/// let ann = User { name: "Ann".to_owned(), roles: vec![1, 5] };
/// let owned = ann.name.capacity() + ann.roles.capacity() * size_of::<u32>();
/// users.insert("user:7", Shared::new(ann, owned));
///
/// let ann = users.get("user:7").unwrap();
/// assert_eq!((ann.name.as_str(), ann.roles.len()), ("Ann", 2));
/// assert_eq!(users.read("user:7", |user| user.roles.contains(&5)), Some(true));
/// ```
///
/// A value that somebody still holds when it leaves the cache lives on, and is counted no more. One that
/// leaves is dropped under a shard's lock: its `Drop` must not use the cache.
#[derive(Debug)]
pub struct Shared<T> {
    value: Arc<T>,
    /// As it is counted, all of it.
    bytes: usize,
}

impl<T> Shared<T> {
    /// A value that owns `owned_bytes` beside its own size: what its strings, vectors and boxes have
    /// allocated. The cap is as true as this number is.
    pub fn new(value: T, owned_bytes: usize) -> Shared<T> {
        let bytes = size_of::<T>() + SHARED_OVERHEAD;
        Shared { value: Arc::new(value), bytes: bytes.saturating_add(owned_bytes) }
    }
}

impl<T> Clone for Shared<T> {
    /// The same value.
    fn clone(&self) -> Shared<T> {
        Shared { value: Arc::clone(&self.value), bytes: self.bytes }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> From<Shared<T>> for Arc<T> {
    fn from(shared: Shared<T>) -> Arc<T> {
        shared.value
    }
}

impl<T> Payload for Shared<T> {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl<T: Send + Sync + 'static> Value for Shared<T> {
    type Borrowed = T;
    type Object = Shared<T>;

    fn keep(&self) -> NewValue<'_, Shared<T>> {
        NewValue::Object(Box::new(self.clone()))
    }

    fn lend<'a>(kept: ValueRef<'a, Shared<T>>) -> Option<&'a T> {
        kept.as_object().map(|shared| &**shared)
    }

    fn restore(kept: ValueRef<'_, Shared<T>>) -> Option<Shared<T>> {
        kept.as_object().cloned()
    }
}
