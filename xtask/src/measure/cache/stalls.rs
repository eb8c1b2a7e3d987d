//! What other clients wait while one does its worst: the end-to-end tests of hostile clients have a client that
//! asks for a small key every millisecond; here its times are printed, with the binary that is measured.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::bench::Bench;
use crate::{
    command::{capture, cargo, root},
    measure::process::{GENERATOR_CORE, SERVER_CORE, pinned},
};

/// Asked of ours, in milliseconds.
const P99_MAX: f64 = 10.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let table = bench.scratch().join("stalls.jsonl");
    // What is built is built on all cores, what is run leaves the server its own.
    let test = ["test", "--quiet", "--package", "plimsoll-e2e", "--test", "e2e"];
    capture(cargo().args(test).arg("--no-run"))?;
    let tests = cargo();
    let mut command = pinned(GENERATOR_CORE, Path::new(tests.get_program()));
    command.current_dir(root()).args(test);
    command.args(["--", "cache_hostile::", "--test-threads", "1"]);
    command.env("PLIMSOLL_BIN", wrapper(bench)?).env("PLIMSOLL_STALLS", &table);
    let tested = capture(&mut command);
    let lines = fs::read_to_string(&table).unwrap_or_default();
    println!(
        "  other clients' milliseconds, a probe each; at most, resident memory of the server in MB"
    );
    println!(
        "  {:<44} {:>7} {:>8} {:>8} {:>8} {:>8}",
        "while", "probes", "p50", "p99", "max", "RSS"
    );
    let mut worst: f64 = 0.0;
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).with_context(|| format!("read {line:?}"))?;
        let number =
            |name: &str| row[name].as_f64().with_context(|| format!("no {name} in {line}"));
        let p99 = number("p99_ms")?;
        worst = worst.max(p99);
        println!(
            "  {:<44} {:>7} {:>8.2} {p99:>8.2} {:>8.2} {:>8.0}",
            row["while"].as_str().unwrap_or("?"),
            number("probes")?,
            number("p50_ms")?,
            number("max_ms")?,
            number("resident_mb")?,
        );
    }
    println!("  asked: p99 of {P99_MAX} ms at most; worst {worst:.2}");
    tested.context("the tests of hostile clients fail")?;
    ensure!(!lines.is_empty(), "no test told of stalls");
    Ok(())
}

/// A program that starts the server on its core, with as many threads as there are there.
fn wrapper(bench: &Bench<'_>) -> Result<PathBuf> {
    let path = bench.scratch().join("plimsoll-on-one-core");
    let binary = fs::canonicalize(&bench.plimsoll).context("find the binary")?;
    let script =
        format!("#!/bin/sh\nexec taskset -c {SERVER_CORE} '{}' \"$@\"\n", binary.display());
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
