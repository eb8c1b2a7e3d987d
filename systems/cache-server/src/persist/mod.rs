//! Items in a file, to begin with when the server starts again.
//!
//! [`write()`] walks the shards by turns with the store's own cursor, some hundred items at a time
//! under a shard's lock, and needs no fork and no second copy of anything. So an item in the file is
//! as it was at some moment of the walk, and two items may be of two moments; what was there from the
//! first moment to the last is in the file. When nothing is written meanwhile, the file is exact.
//!
//! A collection of more than [`WHOLE_BYTES`] is written part by part, with the lock given back in
//! between, and begun anew when a command changes it meanwhile. One that never holds still is written
//! all the same: a list at once, under the lock; the others part by part, each member as it was
//! when its part was written.
//!
//! [`read()`] checks all of a file's checksums, says where it is damaged, and leaves out what has
//! expired. [`Place`] replaces a file by a whole new one or not at all.

mod bytes;
mod elements;
mod file;
mod format;
mod item;
mod load;
mod save;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64},
};

pub use file::Place;
pub use load::read;
pub use save::{WHOLE_BYTES, write};

use crate::store::Millis;

/// A walk over all items: how far it is, and whether it is to end early.
#[derive(Debug, Default)]
pub struct Walk {
    /// Items written so far.
    pub items: AtomicU64,
    /// Set by whoever does not want the file any more; the walk then fails at its next step.
    pub is_cancelled: AtomicBool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Items in the file.
    pub items: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// What was read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Items now in the store, unless the cap has made it evict some of them.
    pub items: u64,
    /// Items that had expired by now.
    pub expired: u64,
    /// Of the file.
    pub bytes: u64,
    /// When the file was begun.
    pub saved_at: Millis,
}

/// Why a file could not be written. See [`Place::save`] for what is there then.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}: {error}", .path.display())]
pub struct SaveError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What was tried.
    pub what: &'static str,
    /// What the system says.
    pub error: io::Error,
}

/// Why a file could not be read. The store may have a part of its items.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Another program's file.
    #[error("it is no file of a cache: it does not begin as one")]
    Foreign,
    /// A newer program's file.
    #[error("its format is version {found}, and this program reads version {known}")]
    Version { found: u16, known: u16 },
    /// `offset` is where in the file, in bytes.
    #[error("it is damaged at byte {offset}: {what}")]
    Damaged { offset: u64, what: &'static str },
    /// `goes_on` has said so.
    #[error("it was not read to its end, as the program is to end")]
    Cancelled,
    /// The store has no room for all of them.
    #[error("its items do not fit under maxmemory, and the policy lets none of them leave")]
    Full,
    /// It cannot be opened, or not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// As [`LoadError`], of the file at this path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .path.display())]
pub struct UnreadableFile {
    /// The file that was to be read.
    pub path: PathBuf,
    /// Why it could not be.
    pub error: LoadError,
}
