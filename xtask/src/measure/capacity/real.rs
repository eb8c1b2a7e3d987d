//! Searches against real processes whose limit is set: is the capacity there, and is the right thing named?
//!
//! On a machine with few cores that other work shares, figures are noisy and a host's CPU may really be the
//! limit: run it alone. What is not named counts as no mistake, what is named wrongly as one.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{postgres::Postgres, quota::Quota};
use crate::measure::{
    Settings,
    server::{plimsoll, scratch},
};

/// What one search may take: less does not confirm what it finds.
const BUDGET: &str = "150s";

/// For how long a service lives when nobody ends it.
const SERVICE_SECONDS: &str = "600";

/// Of the generator that is held back, in cores.
const PINNED: f64 = 0.1;

/// Of the database that is, in cores.
const DATABASE_CORES: f64 = 0.25;

/// How near the capacity has to be to twice that of half the budget.
const FOLLOWS: f64 = 0.15;

/// A service and what is true of it.
struct Case {
    name: &'static str,
    /// Of `serve web`.
    service: &'static [&'static str],
    page: &'static str,
    objective: &'static str,
    /// Whether its own page about its limits is watched, beside its process.
    has_page: bool,
    /// The resource that has to be named; `None`: nothing that is watched is the limit.
    truth: Option<&'static str>,
    /// Requests per second that it can never exceed.
    most: f64,
}

const CASES: [Case; 7] = [
    Case {
        name: "quota of 0.25 core",
        service: &["--cpu-budget", "0.25"],
        page: "/work?cpu_ms=1",
        objective: "p(99)<200ms",
        has_page: false,
        truth: Some("cpu_quota"),
        most: 250.0,
    },
    Case {
        name: "quota of 0.5 core",
        service: &["--cpu-budget", "0.5"],
        page: "/work?cpu_ms=1",
        objective: "p(99)<200ms",
        has_page: false,
        truth: Some("cpu_quota"),
        most: 500.0,
    },
    Case {
        name: "pool of 4, 20 ms each",
        service: &["--pool", "4"],
        page: "/work?sleep_ms=20",
        objective: "p(99)<300ms",
        has_page: true,
        truth: Some("pool"),
        most: 200.0,
    },
    Case {
        name: "the same, not told of",
        service: &["--pool", "4"],
        page: "/work?sleep_ms=20",
        objective: "p(99)<300ms",
        has_page: false,
        truth: None,
        most: 200.0,
    },
    Case {
        name: "lock around 5 ms of CPU",
        service: &["--lock", "--threads", "2"],
        page: "/work?cpu_ms=5",
        objective: "p(99)<300ms",
        has_page: true,
        truth: Some("lock"),
        most: 200.0,
    },
    Case {
        name: "link of 1 MB/s",
        service: &["--bandwidth", "1MB/s"],
        page: "/work?bytes=10000",
        objective: "p(99)<300ms",
        has_page: true,
        truth: Some("network_out"),
        most: 100.0,
    },
    Case {
        name: "one thread",
        service: &["--threads", "1"],
        page: "/work?cpu_ms=4",
        objective: "p(99)<300ms",
        has_page: false,
        truth: Some("thread"),
        most: 250.0,
    },
];

/// `serve web`; ends with the value.
struct Web {
    child: Child,
    port: u16,
}

impl Web {
    fn start(binary: &Path, arguments: &[&str]) -> Result<Web> {
        let mut command = Command::new(binary);
        command.args(["serve", "web", "--port", "0", "--seconds", SERVICE_SECONDS]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().context("start the service")?;
        let stdout = child.stdout.take().context("the service has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        match port {
            Some(port) => Ok(Web { child, port }),
            None => {
                child.wait()?;
                bail!("the service did not start (see above)")
            }
        }
    }

    fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}{page}", self.port)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        // It removes its cgroup then.
        if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).is_ok() {
            self.child.wait().ok();
        }
    }
}

/// What a search said.
struct Found {
    code: Option<i32>,
    result: Value,
}

impl Found {
    fn capacity(&self) -> Option<f64> {
        self.result["capacity"]["value"].as_f64()
    }

    fn capacity_words(&self) -> String {
        let capacity = &self.result["capacity"];
        let number = |name: &str| {
            capacity[name].as_f64().map_or_else(|| "?".to_owned(), |rate| format!("{rate:.0}"))
        };
        match capacity.is_null() {
            true => "none".to_owned(),
            false => format!("{} ({} to {})", number("value"), number("low"), number("high")),
        }
    }

    /// The resource that is named, and the verdict in words.
    fn verdict(&self) -> (Option<&str>, String) {
        let named = &self.result["bottleneck"];
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        match named["resource"].as_str() {
            Some(resource) => {
                let limit = named["limit"]["value"].as_f64();
                let limit = limit.map_or(String::new(), |rate| format!(", limit {rate:.0}/s"));
                let taken = named["demand"].as_str();
                let taken = taken.map_or(String::new(), |taken| format!(", {taken} each"));
                (Some(resource), text(&named["words"]) + &taken + &limit)
            }
            None => (None, text(&self.result["not_identified"]["reason"])),
        }
    }
}

/// Runs a search, if told in a cgroup. Its trials and what it said stay in a folder of that name.
fn search(binary: &Path, name: &str, quota: Option<&Quota>, arguments: &[&str]) -> Result<Found> {
    let folder = scratch(&format!("capacity/{}", name.replace([' ', ',', '/'], "-")))?;
    let mut command = match quota {
        None => Command::new(binary),
        Some(quota) => quota.command(binary),
    };
    command.arg("capacity").args(arguments).args(["--budget", BUDGET, "--json"]);
    command.arg("--state").arg(folder.join("trials.jsonl"));
    let output = command.stdin(Stdio::null()).output().context("run plimsoll capacity")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    fs::write(folder.join("said.txt"), &said)?;
    fs::write(folder.join("result.json"), &output.stdout)?;
    let result = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the search gave no JSON: {said}"))?;
    Ok(Found { code: output.status.code(), result })
}

fn run_case(binary: &Path, case: &Case) -> Result<Found> {
    let web = Web::start(binary, case.service)?;
    let url = web.url(case.page);
    let process = format!("port:{}", web.port);
    let page = format!("prometheus:{}", web.url("/metrics"));
    let mut arguments = vec![url.as_str(), "--slo", case.objective, "--slo", "errors<0.1%"];
    arguments.extend(["--watch", &process]);
    if case.has_page {
        arguments.extend(["--watch", &page]);
    }
    search(binary, case.name, None, &arguments)
}

fn judged(case: &Case, found: &Found) -> &'static str {
    let (named, _) = found.verdict();
    let is_possible = found.capacity().is_none_or(|rate| rate <= case.most * 1.05);
    match (named, case.truth) {
        _ if !is_possible => "WRONG capacity",
        (None, None) => "right",
        (Some(named), Some(truth)) if named == truth => "right",
        (None, Some(_)) => "not identified",
        (Some(_), _) => "WRONG",
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
    if is_wanted(PINNED_NAME) {
        told(PINNED_NAME, "INVALID", pinned(&binary));
    }
    Ok(())
}

const CASE_QUARTER: &str = CASES[0].name;
const CASE_HALF: &str = CASES[1].name;
const PINNED_NAME: &str = "pinned generator";

const DATABASE_NAME: &str = "PostgreSQL, 0.25 core";

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
    let web = Web::start(binary, &["--threads", "1", "--postgres", &postgres.url()])?;
    let url = web.url("/query?rows=10000");
    let [service, database] = [web.port, postgres.port].map(|port| format!("port:{port}"));
    let flags = ["--slo", "p(99)<300ms", "--slo", "errors<0.1%", "--watch", &service];
    let found = search(
        binary,
        DATABASE_NAME,
        None,
        &[&[url.as_str()], &flags[..], &["--watch", &database]].concat(),
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

/// A generator with a tenth of a core and a service that does far more.
fn pinned(binary: &Path) -> Result<(Found, String, &'static str)> {
    let quota = Quota::make("generator", PINNED)?;
    let web = Web::start(binary, &["--threads", "1"])?;
    let url = web.url("/work");
    let found = search(binary, PINNED_NAME, Some(&quota), &[&url, "--slo", "p(99)<200ms"])?;
    let is_right = found.code == Some(111) && found.capacity().is_none();
    let verdict = found.result["verdict"].as_str().unwrap_or("?");
    let reason = found.result["generator"]["reason"].as_str().unwrap_or_default();
    let words = format!("{verdict}, exit {}: {reason}", found.code.unwrap_or(-1));
    Ok((found, words, if is_right { "right" } else { "WRONG" }))
}
