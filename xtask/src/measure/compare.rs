//! `plimsoll compare` and `bench` where the truth is known: pairs of groups that are alike, and pairs of which
//! one is a tenth slower. Many of them simulated, through the real statistics; then one bench of each kind
//! against `serve web`.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    Settings,
    server::{plimsoll, scratch},
};
use crate::command::{capture, cargo};

/// Simulated pairs of each kind.
const PAIRS: &str = "1000";

/// Pairs that are alike and found to differ, at most; and with how many deviations of chance above it.
const ALIKE_MAX: f64 = 0.05;
const DEVIATIONS: f64 = 2.0;

/// Pairs with a difference that are found, at least, with the runs that the tool asks for.
const FOUND_MIN: f64 = 0.9;

/// Runs of each variant of a real bench: as many as the tool asks for.
const RUNS: &str = "5";

pub(super) fn run(settings: &Settings) -> Result<()> {
    if settings.wants("simulated") {
        simulated()?;
    }
    if settings.wants("real") {
        real(settings)?;
    }
    Ok(())
}

fn simulated() -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", "plimsoll-analysis"]);
    let lines = capture(command.args(["--example", "pairs", "--", PAIRS]))?;
    println!(
        "{:<28} {:>5} {:>7} {:>14} {:>12}",
        "pairs", "runs", "noise", "any finding", "p50 worse"
    );
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).with_context(|| format!("read {line:?}"))?;
        let number =
            |name: &str| case[name].as_f64().with_context(|| format!("no {name} in {line}"));
        let (pairs, slower) = (number("pairs")?, number("slower")?);
        let (any, worse) = (number("any")? / pairs, number("p50_worse")? / pairs);
        let name = match slower > 0.0 {
            true => format!("one {:.0} % slower", slower * 100.0),
            false => "alike".to_owned(),
        };
        let (runs, noise) = (number("runs")?, number("luck")? * 100.0);
        let (any_percent, worse_percent) = (any * 100.0, worse * 100.0);
        println!(
            "{name:<28} {runs:>5} {noise:>5.0} % {any_percent:>12.1} % {worse_percent:>10.1} %"
        );
        if slower > 0.0 {
            ensure!(worse >= FOUND_MIN, "the slower one was found in {worse_percent:.1} % only");
            ensure!(number("p50_better")? <= 0.0, "the slower one was called better");
        } else {
            let chance = DEVIATIONS * (ALIKE_MAX * (1.0 - ALIKE_MAX) / pairs).sqrt();
            ensure!(any <= ALIKE_MAX + chance, "a difference in {any_percent:.1} % of alike pairs");
        }
    }
    Ok(())
}

fn real(settings: &Settings) -> Result<()> {
    let folder = scratch("compare")?;
    let plimsoll = plimsoll()?;
    let web = Web::start(&plimsoll)?;
    let seconds = settings.duration.as_secs().clamp(2, 10);
    let variant = |name: &str, millis: &str| {
        let flags = format!("-rate=100 -duration={seconds}s -output=/dev/null");
        format!("{name}=attack {flags} {}/work?sleep_ms={millis}", web.url)
    };
    println!("\nserve web, {RUNS} runs of {seconds} s of each, in turn");
    for (name, new, expected) in [("alike", "20", None), ("one 10 % slower", "22", Some("worse"))] {
        let mut command = Command::new(&plimsoll);
        command.args(["bench", "-n", RUNS, "--pause", "200ms", "--format", "json", "--folder"]);
        command.arg(folder.join(new)).args([variant("old", "20"), variant("new", new)]);
        let json: Value = serde_json::from_str(&capture(&mut command)?)?;
        let figures = json["comparisons"][0]["figures"].as_array().context("no figures")?;
        let verdict = |figure: &Value| figure["verdict"].as_str().unwrap_or_default().to_owned();
        let is_found = |figure: &&Value| ["worse", "better"].contains(&verdict(figure).as_str());
        let found: Vec<&Value> = figures.iter().filter(is_found).collect();
        let p50 = figures.iter().find(|figure| figure["figure"] == "p50").context("no p50")?;
        let change = p50["change"].as_f64().unwrap_or_default() * 100.0;
        println!("{name:<18} p50 {change:>+5.1} %: {}", p50["words"].as_str().unwrap_or_default());
        match expected {
            Some(expected) => ensure!(verdict(p50) == expected, "p50 is {}", verdict(p50)),
            None => ensure!(found.is_empty(), "alike runs differ: {found:?}"),
        }
    }
    Ok(())
}

/// `serve web` on a free port.
struct Web {
    child: Child,
    url: String,
}

impl Web {
    fn start(plimsoll: &Path) -> Result<Web> {
        let mut command = Command::new(plimsoll);
        command.args(["serve", "web", "--seconds", "600"]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().context("start serve web")?;
        let stdout = child.stdout.take().context("serve web has no output")?;
        let mut web = Web { child, url: String::new() };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(at) = line.find("http://") else { bail!("serve web says {line:?}") };
        web.url = line.get(at..).unwrap_or_default().trim().to_owned();
        Ok(web)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        if self.child.kill().is_err() || self.child.wait().is_err() {
            eprintln!("warning: serve web (pid {}) may still run", self.child.id());
        }
    }
}
