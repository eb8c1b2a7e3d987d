//! `plimsoll capacity` against services whose limit is known.

mod postgres;
mod quota;
mod real;

use anyhow::Result;

use super::Settings;

pub(super) fn run(settings: &Settings) -> Result<()> {
    real::run(settings)
}
