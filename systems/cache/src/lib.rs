//! An in-memory cache that Redis clients work with, and the same as a library.

pub mod commands;
mod glob;
pub mod serve;
pub mod store;
pub mod values;
