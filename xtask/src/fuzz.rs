//! `cargo xtask fuzz`: every fuzz target for some seconds, in the workspace that is theirs.

use anyhow::{Context, Result, ensure};

use crate::command::{self, cargo, root};

/// Of each target, unless told otherwise.
const SECONDS: u64 = 1;

/// `rest`: seconds per target, then a filter on target names, both optional.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    let (seconds, filter) = match rest.split_first() {
        None => (SECONDS, rest),
        Some((first, others)) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            (first.parse().with_context(|| format!("`{first}` is no number of seconds"))?, others)
        }
        Some(_) => (SECONDS, rest),
    };
    ensure!(seconds > 0, "a target needs a second at least");
    let milliseconds = seconds.saturating_mul(1000);
    command::run(
        cargo()
            .current_dir(root().join("fuzz"))
            .args(["test", "--release", "--quiet"])
            .args(filter)
            .env("BOLERO_RANDOM_TEST_TIME_MS", milliseconds.to_string()),
    )
}
