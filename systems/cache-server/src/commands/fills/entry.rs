//! What is remembered of one key.

use super::known::Fresh;
use crate::{commands::error::Error, store::Millis};

/// Why a key cannot be had from its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("ORIGIN answered with status {0}")]
    Status(u16),
    #[error("ORIGIN has not answered in time")]
    Timeout,
    #[error("ORIGIN cannot be reached")]
    Unreachable,
    #[error("ORIGIN gave no answer that can be used")]
    Broken,
    #[error("ORIGIN redirects to another origin, which is not followed")]
    Elsewhere,
    #[error("ORIGIN redirects more often than is followed")]
    TooManyRedirects,
    #[error("ORIGIN sent more than 'origin-max-body' allows")]
    TooLarge,
    #[error("ORIGIN answers that are under way take all of 'origin-max-bytes'")]
    NoBuffer,
    /// The answer was whole, but there is no room for it in the store.
    #[error("OOM command not allowed when used memory > 'maxmemory'.")]
    NoRoom,
    #[error("ORIGIN was not asked to the end")]
    GivenUp,
    /// Not tried.
    #[error("ORIGIN is asked for as many keys already as 'origin-max-fills' allows")]
    Busy,
    /// Not tried.
    #[error("ORIGIN has failed several times and is left alone for a while")]
    Open,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::NoRoom => Error::OutOfMemory,
            failure => Error::Text(failure.to_string().into()),
        }
    }
}

/// One key, as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Of the item that is there, if the origin gave it and it may be served when it is not fresh.
    pub(super) fresh: Option<Fresh>,
    pub(super) fill: Fill,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fill {
    #[default]
    None,
    Running {
        id: u64,
        until: Millis,
        /// A client has changed the key since it began.
        is_overtaken: bool,
    },
    /// The last one failed, and none is begun until then.
    Failed { until: Millis, why: Failure },
    /// The origin has it not; it is not asked again until then.
    Absent { until: Millis },
}
