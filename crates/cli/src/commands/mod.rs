//! One file per verb.

pub(crate) mod archive;
pub(crate) mod attack;
pub(crate) mod bench;
pub(crate) mod capacity;
pub(crate) mod compare;
pub(crate) mod completion;
pub(crate) mod demo;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod scale;
pub(crate) mod serve;
mod trials;
pub(crate) mod unsupported;
pub(crate) mod view;
pub(crate) mod watch;
