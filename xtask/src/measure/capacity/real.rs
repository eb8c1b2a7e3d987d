//! Searches against real processes whose limit is set: is the capacity there, and is the right thing named?
//!
//! On a machine with few cores that other work shares, figures are noisy and a host's CPU may really be the
//! limit: run it alone. What is not named counts as no mistake, what is named wrongly as one.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{
    cases::{CASES, Case, DISK},
    found::{Found, search},
    postgres::Postgres,
    quota::Quota,
};
use crate::measure::{
    Settings,
    server::{Redis, Served, plimsoll, scratch},
};

/// What one search may take, unless its case says: less does not confirm what it finds.
const BUDGET: &str = "120s";

/// Of the generator that is held back, in cores.
const PINNED: f64 = 0.1;

/// Of the database that is, in cores.
const DATABASE_CORES: f64 = 0.25;

/// How near the capacity has to be to twice that of half the budget.
const FOLLOWS: f64 = 0.15;

/// How far a capacity may be above what its service can do at most: rates are tried in steps.
const ABOVE: f64 = 1.05;

/// Some milliseconds of the only thread that runs commands.
const SCRIPT: &str = "EVAL 'for i=1,100000 do end return 1' 0";

/// For how long a service lives when nobody ends it.
const SERVICE_SECONDS: &str = "600";

fn serve_web(binary: &Path, arguments: &[&str]) -> Result<Served> {
    let mut command = Command::new(binary);
    command.args(["serve", "web", "--port", "0", "--seconds", SERVICE_SECONDS]).args(arguments);
    Served::start(command)
}

fn run_case(binary: &Path, case: &Case) -> Result<Found> {
    let folder = scratch("capacity-disk")?.display().to_string();
    let place = |word: &&'static str| if *word == DISK { folder.as_str() } else { word };
    let web = serve_web(binary, &case.service.iter().map(place).collect::<Vec<_>>())?;
    let url = web.url(case.page);
    let process = format!("port:{}", web.port);
    let page = format!("prometheus:{}", web.url("/metrics"));
    let cgroup = format!("cgroup:/plimsoll/web-{}", web.pid());
    let mut arguments = vec![url.as_str(), "--slo", case.objective, "--slo", "errors<0.1%"];
    arguments.extend(["--watch", &process]);
    if case.has_page {
        arguments.extend(["--watch", &page]);
    }
    if case.has_cgroup {
        arguments.extend(["--watch", &cgroup]);
    }
    arguments.extend(case.flags);
    if !case.flags.contains(&"--budget") {
        arguments.extend(["--budget", BUDGET]);
    }
    search(binary, case.name, None, &arguments)
}

fn judged(case: &Case, found: &Found) -> &'static str {
    let (named, _) = found.verdict();
    let capacity = found.capacity();
    match (named, case.truth) {
        _ if capacity.is_some_and(|level| level > case.most * ABOVE) => "WRONG capacity",
        (Some(named), Some(truth)) if named != truth => "WRONG",
        (Some(_), None) => "WRONG",
        // Others may have taken the machine.
        _ if capacity.is_some_and(|level| level < case.least) => "low capacity",
        (None, Some(_)) => "not identified",
        _ => "right",
    }
}

fn row(name: &str, truth: &str, capacity: &str, verdict: &str, judged: &str) {
    println!("{name:<24} {truth:<14} {capacity:<20} {judged:<15} {verdict}");
}

/// The table of real processes; `--only` takes a part of a case's name.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let is_wanted = |name: &str| settings.only.as_deref().is_none_or(|only| name.contains(only));
    let binary: PathBuf = plimsoll()?;
    println!("\nreal processes: capacity per second, what limits it, what was named");
    row("service", "truth", "capacity", "verdict", "");
    let mut capacities = Vec::new();
    for case in CASES.iter().filter(|case| is_wanted(case.name)) {
        let truth = case.truth.unwrap_or("not watched");
        match run_case(&binary, case) {
            Ok(found) => {
                let (_, words) = found.verdict();
                let capacity = found.capacity_words();
                row(case.name, truth, &capacity, &words, judged(case, &found));
                capacities.push((case.name, found.capacity()));
            }
            Err(error) => row(case.name, truth, "-", &format!("{error:#}"), "not run"),
        }
    }
    if let [(CASE_QUARTER, Some(quarter)), (CASE_HALF, Some(half)), ..] = capacities[..] {
        let ratio = half / quarter;
        let judged = if (ratio / 2.0 - 1.0).abs() <= FOLLOWS { "follows" } else { "DOES NOT" };
        println!("twice the budget: {ratio:.2} times the capacity: {judged}");
    }
    if is_wanted(DATABASE_NAME) {
        told(DATABASE_NAME, "cpu_quota", database(&binary));
    }
    if is_wanted(REDIS_NAME) {
        told(REDIS_NAME, "thread", redis(&binary));
    }
    if is_wanted(PINNED_NAME) {
        told(PINNED_NAME, "INVALID", pinned(&binary));
    }
    Ok(())
}

const CASE_QUARTER: &str = CASES[0].name;
const CASE_HALF: &str = CASES[1].name;
const PINNED_NAME: &str = "pinned generator";

const DATABASE_NAME: &str = "PostgreSQL, 0.25 core";
const REDIS_NAME: &str = "Redis, one thread";

/// A row of a case of its own: what was found, and whether it is right.
fn told(name: &str, truth: &str, outcome: Result<(Found, String, &'static str)>) {
    match outcome {
        Ok((found, words, judged)) => row(name, truth, &found.capacity_words(), &words, judged),
        Err(error) => row(name, truth, "-", &format!("{error:#}"), "not run"),
    }
}

/// A small service whose work is all PostgreSQL's, which has a quota: the database has to be named.
fn database(binary: &Path) -> Result<(Found, String, &'static str)> {
    let quota = Quota::make("postgres", DATABASE_CORES)?;
    let postgres = Postgres::start()?;
    quota.add(postgres.pid())?;
    let web = serve_web(binary, &["--threads", "1", "--postgres", &postgres.url()])?;
    let url = web.url("/query?rows=10000");
    let [service, database] = [web.port, postgres.port].map(|port| format!("port:{port}"));
    let slos = ["--slo", "p(99)<300ms", "--slo", "errors<0.1%", "--budget", BUDGET];
    let found = search(
        binary,
        DATABASE_NAME,
        None,
        &[&[url.as_str()], &slos[..], &["--watch", &service, "--watch", &database]].concat(),
    )?;
    let (named, words) = found.verdict();
    let place = found.result["bottleneck"]["place"]["name"].as_str();
    let judged = match named {
        None => "not identified",
        Some("cpu_quota") if place == Some(&database) => "right",
        Some(_) => "WRONG",
    };
    Ok((found, words, judged))
}

/// A Redis server whose commands compute: they run one after the other, on one thread.
fn redis(binary: &Path) -> Result<(Found, String, &'static str)> {
    let server = Redis::start(&scratch("capacity-redis")?)?;
    let url = format!("redis://127.0.0.1:{}", server.port);
    let process = format!("port:{}", server.port);
    let watch = ["--watch", &url, "--watch", &process, "--budget", BUDGET];
    let flags = [&url, "--command", SCRIPT, "--slo", "p(99)<100ms"];
    let found = search(binary, REDIS_NAME, None, &[&flags[..], &watch].concat())?;
    let is_calibrated = !found.result["generator"]["calibration"].is_null();
    let (named, words) = found.verdict();
    let judged = match named {
        None => "not identified",
        Some("thread") if is_calibrated => "right",
        Some("thread") => "not calibrated",
        Some(_) => "WRONG",
    };
    Ok((found, words, judged))
}

/// A generator with a tenth of a core and a service that does far more.
fn pinned(binary: &Path) -> Result<(Found, String, &'static str)> {
    let quota = Quota::make("generator", PINNED)?;
    let web = serve_web(binary, &["--threads", "1"])?;
    let url = web.url("/work");
    let flags = [&url, "--slo", "p(99)<200ms", "--budget", BUDGET];
    let found = search(binary, PINNED_NAME, Some(&quota), &flags)?;
    let is_right = found.code == Some(111) && found.capacity().is_none();
    let verdict = found.result["verdict"].as_str().unwrap_or("?");
    let reason = found.result["generator"]["reason"].as_str().unwrap_or_default();
    let words = format!("{verdict}, exit {}: {reason}", found.code.unwrap_or(-1));
    Ok((found, words, if is_right { "right" } else { "WRONG" }))
}
