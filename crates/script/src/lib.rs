//! The k6 layer: runs k6 scripts, in JavaScript or TypeScript, on [`plimsoll_engine`].
//!
//! A virtual user is a stackful coroutine on its worker's thread with a JavaScript runtime of its
//! own, made inside that coroutine. k6's blocking calls suspend the coroutine ([`vu::suspend`]).

pub mod archive;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod globals;
pub mod lifecycle;
pub mod loader;
pub mod modules;
pub mod options;
pub mod vu;

#[cfg(test)]
pub(crate) mod testing;
