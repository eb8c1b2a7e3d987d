//! `cargo xtask test`: all checks and all tests, in the order in which they are likely to fail.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::{
    command::{self, cargo},
    tidy, tools,
};

#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

fn run_checks() -> Result<()> {
    command::run(cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()?;
    command::run(cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// What the default build leaves out: lints and tests of its own part only.
fn run_features() -> Result<()> {
    command::run(cargo().args([
        "clippy",
        "--quiet",
        "--package",
        "plimsoll",
        "--package",
        "plimsoll-outputs",
        "--all-targets",
        "--features",
        "plimsoll/parquet",
        "--",
        "-D",
        "warnings",
    ]))?;
    // By itself, which is how others build it: with the least of what is below it.
    command::run(cargo().args(["check", "--quiet", "--package", "plimsoll-cache"]))?;
    let test = ["test", "--quiet", "--package", "plimsoll-outputs", "--features", "parquet"];
    command::run(cargo().args(test).args(["--lib", "parquet::"]).env("INSTA_UPDATE", "no"))
}

/// Runs the checks and every test; `rest` is a test name filter that leaves the checks out.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    let k6 = tools::k6()?;
    let nginx = tools::nginx()?;
    let redis = tools::redis_server()?;
    let redis_py = tools::redis_py()?;
    let postgres = tools::postgres()?;
    let chromium = tools::chromium()?;
    let influxd = tools::influxd()?;
    let prometheus = tools::prometheus()?;
    if rest.is_empty() {
        run_checks()?;
        run_features()?;
    }
    // The end-to-end tests start the real binary, which `cargo test` alone does not build.
    command::run(cargo().args(["build", "--quiet", "--package", "plimsoll"]))?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--"]).args(rest);
    let target = MetadataCommand::new().no_deps().exec()?.target_directory;
    command.env("PLIMSOLL_BIN", target.join("debug/plimsoll"));
    command.env("PLIMSOLL_K6", k6).env("PLIMSOLL_NGINX", nginx).env("INSTA_UPDATE", "no");
    command.env("PLIMSOLL_REDIS", redis).env("PLIMSOLL_POSTGRES", postgres);
    command.env("PLIMSOLL_CHROMIUM", chromium).env("PLIMSOLL_REDIS_PY", redis_py);
    command.env("PLIMSOLL_INFLUXD", influxd).env("PLIMSOLL_PROMETHEUS", prometheus);
    eprintln!("+ cargo test --workspace");
    let untested = target.join("not-tested.txt");
    std::fs::write(&untested, "").with_context(|| format!("write {untested}"))?;
    command.env("PLIMSOLL_NOT_TESTED", &untested);
    let mut child = command.stdout(Stdio::piped()).spawn().context("start cargo test")?;
    let mut counts = Counts::default();
    let stdout = child.stdout.take().context("cargo test has no output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        counts.add(&line);
    }
    let status = child.wait()?;
    for line in std::fs::read_to_string(&untested).context("read not-tested.txt")?.lines() {
        println!("skipped, at least in part: {line}");
        counts.skipped += 1;
    }
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    if !status.success() || counts.failed > 0 {
        bail!("tests failed");
    }
    Ok(())
}

impl Counts {
    /// Adds what a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; ...` says.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let number = |word: &str| -> u64 {
            let words: Vec<&str> = result.split([' ', ';']).collect();
            let at = words.iter().position(|w| *w == word);
            at.and_then(|i| words.get(i.checked_sub(1)?)).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
        self.skipped += number("ignored");
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn reads_the_result_line() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out");
        counts.add("some other line: 9 passed; 9 failed");
        assert_eq!((counts.passed, counts.failed, counts.skipped), (12, 1, 2));
    }
}
