//! The cache as a library beside moka and quick_cache: an example of its crate prints the table.

use anyhow::Result;

use super::bench::Bench;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let mut command = Bench::example("beside");
    crate::command::run(command.args(["--rounds", &bench.settings.rounds.to_string()]))
}
