//! `plimsoll scale` against services whose limit is known. Structure and plausibility, no timings: the
//! machine may be busy.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, command, finish, plimsoll, ports::Port, signal};
use serde_json::Value;

/// Each request takes 20 ms of one of two: never more than 100 a second.
const POOL: [&str; 2] = ["--pool", "2"];
const MOST: f64 = 100.0;

fn result(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()))
}

fn sweep(url: &str, folder: &Path, more: &[&str]) -> std::process::Command {
    let mut command = command(Tool::Plimsoll, folder);
    let url = format!("{url}/work?sleep_ms=20");
    command.args(["scale", &url, "--length", "2s"]).args(more);
    command
}

fn run(url: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    finish(sweep(url, folder.path(), more), folder, None)
}

fn throughputs(result: &Value) -> Vec<(u64, f64)> {
    let sizes = result["sizes"].as_array().unwrap().iter();
    sizes.filter_map(|size| Some((size["n"].as_u64()?, size["throughput"].as_f64()?))).collect()
}

#[test]
fn a_pool_ends_growth_and_the_pictures_say_so() {
    let web = Web::start_with(&POOL);
    let flags = ["--connections", "1,2,4,8", "--repeats", "1", "--seed", "7"];
    let files = ["--svg", "a.svg", "--report", "a.html"];
    let run = run(&web.url, &[&flags[..], &files, &["--json"]].concat());
    let found = result(&run);
    // On a machine that has no time for it, nothing can be told.
    assert!([Some(0), Some(111), Some(113)].contains(&run.code), "{}", run.said());
    let swept: Vec<_> = found["sizes"].as_array().unwrap().iter().map(|size| &size["n"]).collect();
    assert_eq!(swept, [1, 2, 4, 8], "{found:#}");
    let sizes = throughputs(&found);
    assert!(sizes.iter().all(|(_, rate)| (1.0..=MOST * 1.2).contains(rate)), "{found:#}");
    assert_ne!(found["peak"]["seen"], "within", "{found:#}");
    assert_eq!(found["runs"].as_array().unwrap().len(), 4, "{found:#}");
    assert!(found["runs"][0]["little"]["in_flight"].is_f64(), "{found:#}");
    assert!(run.stderr.contains("plan: 4 runs of 2s, each size once"), "{}", run.said());
    let (svg, page) = (run.text("a.svg"), run.text("a.html"));
    let marks = svg.matches("<circle").count() + svg.matches("<path").count();
    assert_eq!(marks, 4, "one for each run: {svg}");
    assert!(page.contains("<svg") && page.contains("All runs"), "{page}");
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn a_person_gets_a_table_a_curve_and_words() {
    let web = Web::start_with(&POOL);
    let run = run(&web.url, &["--vus", "1..4", "--repeats", "1"]);
    for expected in ["virtual users", "● one run", "gamma", "contention", "coherency", "notes:"] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.said());
    }
    assert!(!run.stdout.contains('\x1b'), "plain in a pipe: {}", run.said());
}

const SCRIPT: &str = r#"
import http from "k6/http";
export default function () { http.get(`${__ENV.URL}/work?sleep_ms=10`); }
"#;

#[test]
fn the_virtual_users_of_a_script_are_swept() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), SCRIPT).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["scale", "script.js", "-e", &format!("URL={}", web.url), "--vus", "1,2,4"]);
    command.args(["--length", "2s", "--repeats", "1", "--json"]);
    let run = finish(command, folder, None);
    let found = result(&run);
    assert_eq!(found["unit"], "iterations/s", "{}", run.said());
    assert_eq!(found["swept"], "virtual users", "{}", run.said());
    assert!(throughputs(&found).iter().all(|(n, rate)| *rate < *n as f64 * 105.0), "{found:#}");
}

/// So many nodes are a pool of so many here.
#[test]
fn nodes_are_started_for_each_size_and_ended() {
    let held = Port::reserve();
    let port = held.number;
    let serve =
        format!("{} serve web --port {port} --pool {{n}}", Tool::Plimsoll.binary().display());
    let url = format!("http://127.0.0.1:{port}");
    let more = ["--nodes", "1..3", "--start-nodes", &serve, "--per-node", "2"];
    let run = run(&url, &[&more[..], &["--repeats", "1", "--json"]].concat());
    let found = result(&run);
    let sizes = throughputs(&found);
    assert_eq!(sizes.len(), 3, "{}", run.said());
    assert!(sizes.iter().all(|(n, rate)| *rate <= *n as f64 * 60.0), "{found:#}");
    assert_eq!(found["runs"][0]["in_flight"].as_u64().unwrap() % 2, 0, "{found:#}");
    let still = std::net::TcpStream::connect(("127.0.0.1", port));
    assert!(still.is_err(), "the last nodes have ended");
}

#[test]
fn a_command_that_starts_nothing_is_named() {
    let check = |start: &str, expected: &str| {
        let more = ["--nodes", "1..3", "--start-nodes", start, "--ready-within", "1s"];
        let run = run("http://127.0.0.1:1", &more);
        assert_eq!(run.code, Some(255), "{}", run.said());
        for part in ["--start-nodes", expected] {
            assert!(run.stderr.contains(part), "{part}: {}", run.said());
        }
    };
    check("echo no cluster >&2; exit 7 # {n}", "exit code 7: no cluster");
    check("sleep 60 # {n}", "did not answer within 1 s");
}

#[test]
fn a_generator_without_cpu_gives_no_law() {
    let web = Web::start();
    let flags = ["--connections", "1,2,4", "--repeats", "1", "--generator-cores", "0.0001"];
    let run = run(&web.url, &[&flags[..], &["--json"]].concat());
    let found = result(&run);
    assert_eq!((run.code, found["verdict"].as_str()), (Some(111), Some("invalid")), "{found:#}");
    assert!(found["gamma"].is_null() && throughputs(&found).is_empty(), "{found:#}");
    assert!(found["reason"].as_str().unwrap().contains("CPU"), "{found:#}");
}

#[test]
fn what_was_interrupted_says_what_it_knows() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let mut child = sweep(&web.url, folder.path(), &["--json", "--repeats", "50"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = said.find(|line| line.as_ref().is_ok_and(|line| line.contains(" 1/350")));
    assert!(first.is_some(), "it ended before its first run");
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(105), "{found:#}");
    assert_eq!(found["verdict"], "interrupted", "{found:#}");
    let runs = found["runs"].as_array().unwrap();
    assert!((1..10).contains(&runs.len()), "it ended soon: {found:#}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let run = plimsoll(&[&["scale"], arguments].concat());
        assert_eq!(run.code, Some(code), "{}", run.said());
        assert!(run.stderr.contains(expected), "{expected:?}: {}", run.said());
    };
    let url = "http://127.0.0.1:1/";
    check(&[url, "--vus", "1,2"], 255, "three different sizes");
    check(&[url, "--connections", "1,x,3"], 255, "\"x\" is no size");
    check(&[url, "--vus", "1..4", "--connections", "1..4"], 255, "--connections");
    check(&[url, "--nodes", "1..3"], 255, "--start-nodes");
    check(&[url, "--nodes", "1..3", "--start-nodes", "true"], 104, "without {n}");
    check(&["a.js", "--connections", "1..4"], 104, "--vus 1..64");
    check(&[url, "--length", "1s"], 255, "--length");
    check(&[url, "--report", "a.pdf"], 255, ".html");
    check(&[url, "--svg", "/nowhere/a.svg"], 255, "there is no folder");
    check(&[url, "--vus", "1..4", "--length", "2s"], 255, "is down");
    check(&["none.js"], 255, "none.js");
}

#[test]
fn a_script_of_several_scenarios_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let script = "export const options = { scenarios: {
        a: { executor: 'constant-vus', vus: 1, duration: '1s' },
        b: { executor: 'constant-vus', vus: 1, duration: '1s' } } };
        export default function () {}";
    std::fs::write(folder.path().join("s.js"), script).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["scale", "s.js"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(104), "{}", run.said());
    assert!(run.stderr.contains("2 scenarios (a, b)"), "{}", run.said());
}
