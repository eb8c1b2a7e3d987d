//! `plimsoll report`, `plimsoll encode` and `plimsoll plot`: what came of attacks.

mod encode;
mod inputs;
mod output;
mod page;
mod plot;
mod report;

pub(crate) use encode::encode;
pub(crate) use plot::plot;
pub(crate) use report::report;
