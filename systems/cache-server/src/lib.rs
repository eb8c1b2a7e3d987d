//! A cache that Redis clients work with: what `plimsoll serve cache` runs.
//!
//! [`serve`] is the server: RESP over TCP, users, channels, client-side caching, origins. The layers under
//! it, each without I/O and without a clock of its own, are [`commands`], [`values`] (collections) and
//! [`store`], which is that of [`plimsoll_cache`]; [`persist`] keeps items in files.

pub mod commands;
mod glob;
pub mod persist;
pub mod serve;
pub mod store;
pub mod values;
