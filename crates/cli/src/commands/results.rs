//! `plimsoll report` and `plimsoll encode`: what came of attacks.

mod encode;
mod inputs;
mod report;

pub(crate) use encode::encode;
pub(crate) use report::report;
