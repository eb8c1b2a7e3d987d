//! Searches of simulated services in virtual time: whether their intervals hold the truth.

use anyhow::{Context, Result, ensure};

use crate::command::cargo;

/// What a search may take, in seconds, and how many searches of each service: the default, and a quarter
/// of an hour.
const BUDGETS: [(u32, u32); 2] = [(180, 200), (900, 60)];

pub(super) fn run() -> Result<()> {
    let mut is_right = true;
    for (seconds, searches) in BUDGETS {
        println!("simulated services, {searches} searches each, {seconds} s for each search");
        let mut command = cargo();
        command.args(["run", "--quiet", "--release", "-p", "plimsoll-analysis"]);
        command.args(["--example", "truths", "--"]);
        command.args([searches.to_string(), seconds.to_string()]);
        is_right &= command.status().context("run the simulated services")?.success();
        println!();
    }
    ensure!(is_right, "searches of simulated services are wrong more often than they may be");
    Ok(())
}
