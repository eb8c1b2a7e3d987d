//! `plimsoll capacity` against a service whose limit is known. Structure and plausibility, no timings: the
//! machine may be busy.

mod care;
mod dimension;

use std::{
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, command, finish, plimsoll, signal};
use serde_json::Value;

/// Each request takes 20 ms of one of two: never more than 100 a second.
const POOL: [&str; 2] = ["--pool", "2"];
const MOST: f64 = 100.0;

fn result(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()))
}

fn search(web: &Web, folder: &Path, more: &[&str]) -> std::process::Command {
    let url = format!("{}/work?sleep_ms=20", web.url);
    let mut command = command(Tool::Plimsoll, folder);
    command.args(["capacity", &url, "--slo", "p(90)<300ms", "--json"]).args(more);
    command
}

fn run(web: &Web, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    finish(search(web, folder.path(), more), folder, None)
}

fn rates(result: &Value, verdict: &str) -> Vec<f64> {
    let trials = result["trials"].as_array().unwrap().iter();
    let of = trials.filter(|trial| trial["verdict"] == verdict);
    of.map(|trial| trial["rate"].as_f64().unwrap()).collect()
}

#[test]
fn a_known_limit_is_found_and_a_goal_above_it_is_not_reached() {
    let web = Web::start_with(&POOL);
    let run = run(&web, &["--budget", "25s", "--goal", "1000/s", "--senders", "400"]);
    let result = result(&run);
    let verdict = result["verdict"].as_str().unwrap();
    // On a machine that has no time for it, nothing can be told.
    assert!(["goal missed", "inconclusive", "invalid"].contains(&verdict), "{}", run.said());
    let code = match verdict {
        "goal missed" => 112,
        "inconclusive" => 113,
        _ => 111,
    };
    assert_eq!(run.code, Some(code), "{}", run.said());
    assert!(rates(&result, "kept").iter().all(|rate| *rate <= MOST * 1.1), "{result:#}");
    assert!(run.stderr.contains("plan, 25s at most"), "{}", run.said());
    if verdict != "invalid" {
        let capacity = result["capacity"]["value"].as_f64().unwrap();
        assert!((MOST / 5.0..=MOST * 1.1).contains(&capacity), "{}", run.said());
        assert!(run.stderr.contains("bracket"), "{}", run.said());
    }
}

#[test]
fn a_generator_without_cpu_gives_no_capacity() {
    let web = Web::start();
    let run = run(&web, &["--budget", "15s", "--generator-cores", "0.0001"]);
    let result = result(&run);
    assert_eq!((run.code, result["verdict"].as_str()), (Some(111), Some("invalid")), "{result:#}");
    assert!(result["capacity"].is_null(), "{result:#}");
    assert!(result["generator"]["reason"].as_str().unwrap().contains("CPU"), "{result:#}");
    assert!(rates(&result, "kept").is_empty(), "{result:#}");
}

/// Waits until the search has stored a trial.
fn until_stored(child: &mut Child, state: &Path) {
    for _ in 0..600 {
        let text = std::fs::read_to_string(state).unwrap_or_default();
        if text.lines().count() > 1 {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first trial");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no trial in 30 s");
}

#[test]
fn a_search_that_was_killed_goes_on() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("trials.jsonl");
    let flags = ["--budget", "20s", "--state", "trials.jsonl"];
    let mut first = search(&web, folder.path(), &flags);
    first.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = first.spawn().unwrap();
    until_stored(&mut first, &state);
    signal(&first, Signal::SIGKILL);
    first.wait().unwrap();

    // With what it has, it ends soon: the budget is nearly over.
    let mut second = search(&web, folder.path(), &["--budget", "10s"]);
    second.args(["--state", "trials.jsonl", "--resume"]);
    let stored = std::fs::read_to_string(&state).unwrap().lines().count() - 1;
    let second = finish(second, tempfile::tempdir().unwrap(), None);
    assert!(second.stderr.contains(&format!("goes on after {stored} stored")), "{}", second.said());
    assert!(result(&second)["trials"].as_array().unwrap().len() >= stored, "{}", second.said());

    std::fs::write(&state, "{\"plimsoll_capacity\":1,\n{}\n").unwrap();
    let damaged = search(&web, folder.path(), &["--state", "trials.jsonl", "--resume"]);
    let damaged = finish(damaged, tempfile::tempdir().unwrap(), None);
    assert_eq!(damaged.code, Some(104), "{}", damaged.said());
    assert!(damaged.stderr.contains("line 1"), "{}", damaged.said());
}

#[test]
fn what_was_interrupted_says_what_it_knows() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("trials.jsonl");
    let mut child = search(&web, folder.path(), &["--state", "trials.jsonl"]);
    child.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    until_stored(&mut child, &state);
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(105), "{result:#}");
    assert_eq!(result["verdict"], "interrupted", "{result:#}");
}

/// 40 iterations a second, in two scenarios.
const SCRIPT: &str = r#"
import http from "k6/http";
export const options = { scenarios: {
    reads: { executor: "constant-arrival-rate", rate: 30, duration: "1m", preAllocatedVUs: 5, exec: "read" },
    writes: { executor: "ramping-arrival-rate", startRate: 0, preAllocatedVUs: 5, exec: "write",
              stages: [{ target: 10, duration: "1m" }] },
} };
export function read() { http.get(`${__ENV.URL}/work?sleep_ms=1`); }
export function write() { http.post(`${__ENV.URL}/post`, "x"); }
"#;

#[test]
fn scenarios_of_a_script_are_scaled_together() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), SCRIPT).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", "script.js", "-e", &format!("URL={}", web.url)]);
    command.args(["--slo", "p(95)<2s", "--start", "40/s", "--max-rate", "40/s", "--json"]);
    command.arg("--budget=10s");
    let run = finish(command, folder, None);
    let result = result(&run);
    assert_eq!(result["unit"], "iterations/s", "{}", run.said());
    let trial = &result["trials"][0];
    assert_eq!(trial["rate"], 40.0, "{result:#}");
    let throughput = trial["throughput"].as_f64().unwrap();
    assert!((10.0..80.0).contains(&throughput), "{}", run.said());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let run = plimsoll(&[&["capacity"], arguments].concat());
        assert_eq!(run.code, Some(code), "{}", run.said());
        assert!(run.stderr.contains(expected), "{expected:?}: {}", run.said());
    };
    let url = "http://127.0.0.1:1/";
    check(&[url], 104, "--slo is missing");
    check(&[url, "--slo", "p(99)>200ms"], 104, "column 6");
    check(&[url, "--slo", "p99<1"], 104, "column 1");
    check(&[url, "--slo", "p(99)<1s", "--goal", "fast"], 104, "--goal");
    check(&[url, "--slo", "p(99)<1s", "--goal", "9/s", "--max-rate", "5/s"], 104, "above --max");
    check(&[url, "--slo", "p(99)<1s", "--dimension", "vus"], 104, "--dimension");
    check(&[url, "--slo", "p(99)<1s", "--budget", "1s"], 255, "--budget");
    check(&[url, "--slo", "p(99)<1s", "--resume"], 104, "--resume");
    check(&[url, "--slo", "p(99)<1s"], 255, "is down");
    check(&["none.js", "--slo", "p(99)<1s"], 255, "none.js");
}

#[test]
fn a_script_without_rates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let script = "export const options = { vus: 2, duration: '1s' }; export default function () {}";
    std::fs::write(folder.path().join("s.js"), script).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", "s.js", "--slo", "p(99)<1s"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(104), "{}", run.said());
    assert!(run.stderr.contains("--dimension vus"), "{}", run.said());
}
