//! `plimsoll capacity` against services whose limit is known: simulated ones, then real processes.

mod cases;
mod found;
mod postgres;
mod quota;
mod real;
mod simulated;

use anyhow::Result;

use super::Settings;

/// `--only simulated`, `--only real`, or a part of the name of a real case.
pub(super) fn run(settings: &Settings) -> Result<()> {
    if settings.wants("simulated") {
        simulated::run()?;
    }
    match settings.only.as_deref() {
        Some("simulated") => Ok(()),
        Some("real") => real::run(&Settings { only: None, ..*settings }),
        _ => real::run(settings),
    }
}
