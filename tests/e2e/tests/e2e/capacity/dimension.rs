//! `--dimension`: virtual users of a script, connections to a service.

use plimsoll_e2e::{Run, Tool, Web, command, finish, plimsoll};
use serde_json::Value;

use super::{POOL, result};

/// Each user asks once in 200 ms or a little more.
const SCRIPT: &str = r#"
import http from "k6/http";
import { sleep } from "k6";
export const options = { scenarios: {
    browse: { executor: "constant-vus", vus: 6, duration: "1m" },
    buy: { executor: "ramping-vus", stages: [{ target: 2, duration: "1m" }] },
} };
export default function () { http.get(`${__ENV.URL}/work?sleep_ms=10`); sleep(0.2); }
"#;

fn of_script(web: &Web, script: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.js"), script).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", "s.js", "--dimension", "vus", "--slo", "p(90)<150ms"]);
    command.args(["-e", &format!("URL={}", web.url)]).args(more);
    finish(command, folder, None)
}

fn levels(result: &Value) -> Vec<f64> {
    let trials = result["trials"].as_array().unwrap().iter();
    trials.map(|trial| trial["rate"].as_f64().unwrap()).collect()
}

#[test]
fn virtual_users_of_a_script_are_raised() {
    let web = Web::start();
    let flags = ["--json", "--budget", "10s", "--start", "8", "--max", "8", "--goal", "8 vus"];
    let run = of_script(&web, SCRIPT, &flags);
    let result = result(&run);
    assert_eq!((&result["dimension"], &result["unit"]), (&"vus".into(), &"VUs".into()));
    assert!(levels(&result).iter().all(|level| level.fract() == 0.0), "{result:#}");
    let trial = &result["trials"][0];
    assert_eq!(trial["rate"], 8.0, "{result:#}");
    // Of the requests, not of iterations with the time that users think.
    let latency = trial["mean_latency_ms"].as_f64().unwrap();
    assert!(latency > 9.0 && latency < 200.0, "{}", run.said());
    let sent = trial["throughput"].as_f64().unwrap();
    assert!(sent > 4.0 && sent < 40.0, "eight users at about five a second each: {}", run.said());
    assert!(run.stderr.contains("twice the number of VUs each"), "{}", run.said());
    assert!(run.stderr.contains("coordinated omission"), "{}", run.said());
}

#[test]
fn connections_are_raised_until_they_wait_too_long() {
    let web = Web::start_with(&POOL);
    let url = format!("{}/work?sleep_ms=20", web.url);
    let flags = ["--dimension", "connections", "--slo", "p(90)<150ms", "--budget", "25s"];
    let run = plimsoll(&[&["capacity", &url, "--state", "off", "--json"], &flags[..]].concat());
    let result = result(&run);
    assert_eq!(result["unit"], "connections", "{}", run.said());
    let levels = levels(&result);
    assert!(levels.iter().all(|level| level.fract() == 0.0), "{levels:?}");
    // A hundred a second are served: fifteen connections wait for 150 ms each.
    if let Some(capacity) = result["capacity"]["value"].as_f64() {
        assert!((1.0..=18.0).contains(&capacity), "{}", run.said());
    }
    let trial = &result["trials"][0];
    assert_eq!(trial["in_flight"], trial["rate"], "each has one in flight: {result:#}");
}

/// Each of two places is held for 20 ms, and a connection waits for its turn among all: thirty of them take the
/// 300 ms that are allowed.
#[test]
fn a_number_of_connections_is_confirmed_or_none_is() {
    let web = Web::start_with(&POOL);
    let url = format!("{}/work?sleep_ms=20", web.url);
    let port = web.url.rsplit(':').next().unwrap();
    let page = format!("prometheus:{}/metrics", web.url);
    let watch = ["--watch", &format!("port:{port}"), "--watch", &page];
    let flags = ["--dimension", "connections", "--slo", "p(90)<300ms", "--budget", "45s"];
    let state = ["--state", "off", "--json"];
    let run = plimsoll(&[&["capacity", &url][..], &flags, &watch, &state].concat());
    let result = result(&run);
    assert!(run.stderr.contains("not calibrated (what is raised is no rate)"), "{}", run.said());
    let capacity = &result["capacity"];
    let number = |name: &str| capacity[name].as_f64();
    // Timers and the machine make it slower, nothing makes it faster.
    assert!(number("value").is_none_or(|value| (1.0..=31.0).contains(&value)), "{}", run.said());
    assert!(number("low") <= number("value") && number("value") <= number("high"), "{capacity}");
    let confirmations = capacity["confirmations"]["kept"].as_u64().unwrap_or(0);
    // On a machine that has no time for it the search may end before it is sure, and says so.
    match result["verdict"].as_str().unwrap() {
        "found" => assert!(confirmations > 0, "{}", run.said()),
        "invalid" => assert_eq!(run.code, Some(111), "{}", run.said()),
        verdict => assert_eq!((verdict, run.code), ("inconclusive", Some(113)), "{}", run.said()),
    }
    let named = &result["bottleneck"];
    assert!(named.is_null() || named["resource"] == "pool", "{result:#}");
}

#[test]
fn held_connections_are_open_and_asked_at_one_rate() {
    let web = Web::start();
    let url = format!("{}/work", web.url);
    let port = web.url.rsplit(':').next().unwrap();
    let levels = ["--start", "300", "--max", "300", "--budget", "10s", "--state", "off"];
    let held = ["--dimension", "connections", "--hold-connections", "50/s", "--json"];
    let slo = ["capacity", &url, "--slo", "p(90)<2s", "--watch", &format!("port:{port}")];
    let run = plimsoll(&[&slo[..], &held, &levels].concat());
    let result = result(&run);
    let target = result["target"].as_str().unwrap();
    assert!(target.contains("at 50/s over held connections"), "{result:#}");
    let trial = &result["trials"][0];
    assert_eq!(trial["rate"], 300.0, "{result:#}");
    let throughput = trial["throughput"].as_f64().unwrap();
    assert!((20.0..80.0).contains(&throughput), "{}", run.said());
    // Those of the service, as it sees them itself; six seconds of 50/s would not open so many.
    let open = trial["watched"].as_array().unwrap().iter().find(|signal| {
        signal["metric"] == "process_file_descriptors" && signal["tags"]["process"].is_string()
    });
    let open = open.and_then(|signal| signal["max"].as_f64()).unwrap();
    assert!(open >= 300.0, "{open} file descriptors: {result:#}");
}

#[test]
fn what_has_no_such_dimension_is_refused() {
    let web = Web::start();
    let check = |executor: &str, words: &[&str]| {
        let script = format!(
            "export const options = {{ scenarios: {{ checkout: {executor} }} }};
             export default function () {{}}"
        );
        let run = of_script(&web, &script, &[]);
        assert_eq!(run.code, Some(104), "{}", run.said());
        assert!(words.iter().all(|word| run.stderr.contains(word)), "{words:?}: {}", run.said());
    };
    check(
        r#"{ executor: "per-vu-iterations", vus: 2, iterations: 3 }"#,
        &["checkout", "per-vu-iterations", "ends with its iterations", "constant-vus"],
    );
    check(
        r#"{ executor: "constant-arrival-rate", rate: 3, duration: "1s", preAllocatedVUs: 1 }"#,
        &["checkout", "constant-arrival-rate", "--dimension rate"],
    );
    let url = "http://127.0.0.1:1/";
    let refused = |arguments: &[&str], expected: &str| {
        let flags = ["capacity", "--slo", "p(99)<1s"];
        let run = plimsoll(&[&flags[..], arguments].concat());
        assert_eq!(run.code, Some(104), "{}", run.said());
        assert!(run.stderr.contains(expected), "{expected:?}: {}", run.said());
    };
    refused(&[url, "--dimension", "vus"], "is about a script");
    refused(&["x.js", "--dimension", "connections"], "--dimension vus");
    refused(&[url, "--dimension", "connections", "--goal", "9/s"], "whole number");
    refused(&[url, "--hold-connections", "9/s"], "--dimension connections");
}
