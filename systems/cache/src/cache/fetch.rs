//! Values that are fetched when they are not there, once however many ask.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use super::{
    Cache, Inner, Value,
    flight::{Flight, Landing},
};
use crate::store::Key;

/// What a fetch has brought: a value, and how long to keep it.
///
/// A bare value is one as well, and is kept as one that is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched<V> {
    value: V,
    /// `None` is what the cache has for all.
    ttl: Option<Option<Duration>>,
}

impl<V> Fetched<V> {
    /// A value to be kept this long; forever with `None`.
    pub fn with_ttl(value: V, ttl: impl Into<Option<Duration>>) -> Fetched<V> {
        Fetched { value, ttl: Some(ttl.into()) }
    }

    /// A value for those who wait for it, and not to be kept.
    pub fn unkept(value: V) -> Fetched<V> {
        Fetched::with_ttl(value, Duration::ZERO)
    }
}

impl<V> From<V> for Fetched<V> {
    fn from(value: V) -> Fetched<V> {
        Fetched { value, ttl: None }
    }
}

/// Why a fetch brought no value; [`Error::source`] is the fetch's own error. All who waited for the
/// fetch have the same.
#[derive(Clone, Debug)]
pub struct FetchError {
    cause: Arc<dyn Error + Send + Sync>,
}

impl FetchError {
    fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> FetchError {
        FetchError { cause: Arc::from(error.into()) }
    }

    /// The fetch's own error, if it is of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.cause.downcast_ref()
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the value could not be fetched")
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

impl<V: Value> Cache<V> {
    /// The value of a key; if it is not there, what `fetch` brings, which is kept.
    ///
    /// However many tasks and threads ask for a key at a time, one of them fetches and the others wait
    /// for its value or its error. Errors are not kept: whoever asks next fetches again. When the
    /// one that fetches is dropped or panics, another one of those who wait fetches in its place.
    /// An insert or an invalidation meanwhile wins: those who already wait get what was fetched, but it
    /// is not kept, and whoever asks afterwards does not see it.
    ///
    /// Works on any executor. `fetch` must not ask for the same key, which would wait for itself.
    ///
    /// ```
    /// use std::{io, time::Duration};
    /// use plimsoll_cache::{Cache, FetchError, Fetched};
    ///
    /// async fn load(id: u32) -> io::Result<Fetched<String>> {
    ///     // Here a database or another service would be asked.
    ///     Ok(Fetched::with_ttl(format!("user {id}"), Duration::from_secs(30)))
    /// }
    ///
    /// async fn user(cache: &Cache<String>, id: u32) -> Result<String, FetchError> {
    ///     cache.get_or_fetch(format!("user:{id}"), || load(id)).await
    /// }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let cache = Cache::new(1 << 20);
    /// let (one, other) = tokio::join!(user(&cache, 7), user(&cache, 7));
    /// assert_eq!((one.unwrap(), other.unwrap()), ("user 7".to_owned(), "user 7".to_owned()));
    /// assert_eq!(cache.statistics().fetches, 1);
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`FetchError`] with the error that `fetch` gave.
    pub async fn get_or_fetch<F, Fut, T, E>(
        &self,
        key: impl AsRef<[u8]>,
        fetch: F,
    ) -> Result<V, FetchError>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        T: Into<Fetched<V>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        loop {
            let flight = match self.turn(key.as_ref()) {
                Turn::Hit(value) => return Ok(value),
                Turn::Fetch(pilot) => return pilot.land(fetch().await),
                Turn::Wait(flight) => flight,
            };
            match flight.landed().await {
                Landing::Value(value) => return Ok(value),
                Landing::Failed(error) => return Err(error),
                Landing::Abandoned => {}
            }
        }
    }

    /// As [`Cache::get_or_fetch`], with a `fetch` that blocks, on a thread that may be blocked. The
    /// two wait for each other's fetches.
    ///
    /// ```
    /// use plimsoll_cache::Cache;
    ///
    /// let cache: Cache<String> = Cache::new(1 << 20);
    /// let read = || std::fs::read_to_string("Cargo.toml");
    /// let manifest = cache.get_or_fetch_blocking("Cargo.toml", read).unwrap();
    /// assert!(manifest.contains("plimsoll-cache") && cache.contains("Cargo.toml"));
    ///
    /// let nowhere = || std::fs::read_to_string("nowhere");
    /// let error = cache.get_or_fetch_blocking("nowhere", nowhere).unwrap_err();
    /// let cause = error.downcast_ref::<std::io::Error>().unwrap();
    /// assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
    /// ```
    ///
    /// # Errors
    /// [`FetchError`] with the error that `fetch` gave.
    pub fn get_or_fetch_blocking<T, E>(
        &self,
        key: impl AsRef<[u8]>,
        fetch: impl FnOnce() -> Result<T, E>,
    ) -> Result<V, FetchError>
    where
        T: Into<Fetched<V>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        loop {
            let flight = match self.turn(key.as_ref()) {
                Turn::Hit(value) => return Ok(value),
                Turn::Fetch(pilot) => return pilot.land(fetch()),
                Turn::Wait(flight) => flight,
            };
            match flight.landed_blocking() {
                Landing::Value(value) => return Ok(value),
                Landing::Failed(error) => return Err(error),
                Landing::Abandoned => {}
            }
        }
    }

    /// The value of a key; if it is not there, what `make` gives, which is kept. As
    /// [`Cache::get_or_fetch_blocking`] for what cannot fail: who waited for a fetch that did, makes the
    /// value.
    ///
    /// ```
    /// use plimsoll_cache::Cache;
    ///
    /// let squares: Cache<String> = Cache::new(1 << 20);
    /// let square = |of: u64| squares.get_or_insert_with(of.to_be_bytes(), || (of * of).to_string());
    /// assert_eq!((square(12), square(12)), ("144".to_owned(), "144".to_owned()));
    /// assert_eq!(squares.statistics().fetches, 1);
    /// ```
    pub fn get_or_insert_with<T>(&self, key: impl AsRef<[u8]>, make: impl FnOnce() -> T) -> V
    where
        T: Into<Fetched<V>>,
    {
        loop {
            let flight = match self.turn(key.as_ref()) {
                Turn::Hit(value) => return value,
                Turn::Fetch(pilot) => return pilot.bring(make().into()),
                Turn::Wait(flight) => flight,
            };
            if let Landing::Value(value) = flight.landed_blocking() {
                return value;
            }
        }
    }

    /// What whoever asks for a key has to do.
    fn turn<'c>(&'c self, key: &'c [u8]) -> Turn<'c, V> {
        let inner = &*self.inner;
        let key = inner.store.key(key);
        let now = inner.clock.now();
        let mut shard = inner.store.lock_for(&key);
        if let Some(Some(value)) = shard.find_with(&key, now, |item| V::restore(item.value)) {
            return Turn::Hit(value);
        }
        let (flight, is_new) = inner.flights.board(inner.shard_of(&key), key.bytes());
        drop(shard);
        if is_new {
            inner.counters.fetch();
            Turn::Fetch(Pilot { inner, key, flight })
        } else {
            inner.counters.fetch_joined();
            Turn::Wait(flight)
        }
    }
}

enum Turn<'c, V: Value> {
    Hit(V),
    Fetch(Pilot<'c, V>),
    Wait(Arc<Flight<V>>),
}

/// The one that fetches. Dropped before it has landed, it leaves that to another.
struct Pilot<'c, V: Value> {
    inner: &'c Inner<V>,
    key: Key<'c>,
    flight: Arc<Flight<V>>,
}

impl<V: Value> Pilot<'_, V> {
    /// Keeps what was fetched, unless a write came first, and hands it to all who wait.
    fn land<T, E>(self, fetched: Result<T, E>) -> Result<V, FetchError>
    where
        T: Into<Fetched<V>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        match fetched {
            Ok(fetched) => Ok(self.bring(fetched.into())),
            Err(error) => {
                let error = FetchError::new(error);
                self.inner.counters.fetch_failed();
                self.leave();
                self.flight.land(Landing::Failed(error.clone()));
                Err(error)
            }
        }
    }

    /// As [`Pilot::land`], of what did not fail.
    fn bring(self, fetched: Fetched<V>) -> V {
        self.keep(&fetched);
        self.flight.land(Landing::Value(fetched.value.clone()));
        fetched.value
    }

    fn keep(&self, fetched: &Fetched<V>) {
        let inner = self.inner;
        let (deadline, now) = inner.clock.deadline(fetched.ttl.unwrap_or(inner.ttl));
        let value = fetched.value.keep();
        let mut shard = inner.lock_with_room(&self.key, &value, now);
        if inner.flights.leave(inner.shard_of(&self.key), self.key.bytes(), &self.flight) {
            inner.write(&mut shard, &self.key, value, deadline, now);
        }
    }

    fn leave(&self) {
        let inner = self.inner;
        let _locked = inner.store.lock_for(&self.key);
        inner.flights.leave(inner.shard_of(&self.key), self.key.bytes(), &self.flight);
    }
}

impl<V: Value> Drop for Pilot<'_, V> {
    fn drop(&mut self) {
        if self.flight.is_under_way() {
            self.leave();
            self.flight.land(Landing::Abandoned);
        }
    }
}
