//! An in-memory cache for use inside a program, and the store that a server of it stands on.
//!
//! # Inside a program
//!
//! [`Cache`] holds items under a hard cap on their bytes, shared by threads and tasks:
//!
//! ```
//! use std::time::Duration;
//! use plimsoll_cache::Cache;
//!
//! let cache: Cache<String> =
//!     Cache::builder(64 << 20).time_to_live(Duration::from_secs(300)).build();
//! cache.insert("greeting", "hello".to_owned());
//! assert_eq!(cache.get("greeting").as_deref(), Some("hello"));
//! ```
//!
//! - what it can hold: [`Value`]; any type of yours behind [`Shared`]
//! - looking at a value where it is, without a copy: [`Cache::read`]
//! - fetching what is not there, once however many ask: [`Cache::get_or_fetch`],
//!   [`Cache::get_or_fetch_blocking`] and [`Cache::get_or_insert_with`]
//! - times to live: [`Builder::time_to_live`], [`Cache::insert_with_ttl`], [`Fetched::with_ttl`]
//! - removing: [`Cache::invalidate`], [`Cache::invalidate_prefix`], [`Cache::invalidate_where`],
//!   [`Cache::clear`]
//! - what leaves when there is no room: [`Builder::policy`]; how well that goes:
//!   [`Cache::statistics`]
//!
//! Beside caches that keep a pointer per entry, such as moka and quick_cache, this one keeps keys and values
//! one behind the other in memory of its own. So an item costs some 20 bytes over its own and no
//! allocation, a cap is one on memory and not on a guess of it, and more items fit under it; and
//! [`Cache::get`] copies a value that is kept as bytes, where the others hand out a reference.
//! [`Cache::read`] copies nothing, and neither does a `get` of [`Shared`] values. The example `beside`
//! measures all of it.
//!
//! # As a server
//!
//! `plimsoll serve cache` serves the same [`store`] to Redis clients; the crate `plimsoll-cache-server` is that
//! server.

#![warn(missing_docs)]

mod cache;
pub mod store;

pub use cache::{Builder, Cache, FetchError, Fetched, Iter, Nothing, Shared, Statistics, Value};
