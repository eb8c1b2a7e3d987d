//! The cache as a library beside moka and quick_cache: an example of its crate prints the table.

use anyhow::Result;

use super::bench::Bench;

pub(super) fn run(_: &Bench<'_>) -> Result<()> {
    crate::command::run(&mut Bench::example("beside"))
}
