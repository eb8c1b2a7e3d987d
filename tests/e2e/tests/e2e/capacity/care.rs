//! What surrounds a search: calibration, restarts, and interventions that leave nothing behind.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, Web, command, finish, plimsoll, signal};
use serde_json::Value;

use super::{POOL, result, search, until_stored};

/// One rate that is kept and no other: such a search is soon over.
const ONE_RATE: [&str; 4] = ["--start", "40/s", "--max", "40/s"];

/// Both sides are soon known: the first rate is kept and the next is not.
const TWO_RATES: [&str; 6] = ["--start", "60/s", "--max", "240/s", "--senders", "400"];

/// With a quarter more of nothing in particular, told in a file.
const COMMANDS: [&str; 2] =
    ["--intervene=echo $PLIMSOLL_FACTOR > changed", "--intervene-undo=echo back > changed"];

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default().trim().to_owned()
}

/// Waits for it; `false` when the process ended before.
fn until(folder: &Path, name: &str, expected: &str, child: Option<&mut Child>) -> bool {
    let mut child = child;
    for _ in 0..2400 {
        let is_over = child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
        if text(folder, name) == expected {
            return true;
        }
        if is_over {
            return false;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("{name} has {:?}, not {expected:?}", text(folder, name));
}

#[test]
fn each_confirmation_is_of_a_start_of_its_own() {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = search(&web, &path, &ONE_RATE);
    command.args(["--budget", "25s", "--restart", "echo started >> starts"]);
    let run = finish(command, folder, None);
    let result = result(&run);
    let trials = result["trials"].as_array().unwrap();
    let confirmations = trials.iter().filter(|trial| trial["kind"] == "confirm").count();
    let restarted = trials.iter().filter(|trial| trial["restart_s"].is_number()).count();
    assert_eq!(confirmations, restarted, "{}", run.said());
    assert_eq!(result["restart"]["count"], confirmations, "{}", run.said());
    assert!(run.stderr.contains("restart   before each confirmation"), "{}", run.said());
    // The first is tried out before the search.
    let starts = run.text("starts").lines().count();
    assert!(starts > confirmations, "{starts}: {}", run.said());
    let reason = result["generator"]["not_calibrated"].as_str().unwrap();
    assert!(reason.contains("under a minute"), "{}", run.said());
    assert!(result["intervention"].is_null(), "{}", run.said());
}

#[test]
fn a_restart_that_fails_says_why() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = search(&web, &path, &[]);
    command.args(["--restart", "echo 'unit web.service not found' >&2; exit 5"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(255), "{}", run.said());
    let expected = "ended with exit code 5: unit web.service not found";
    assert!(run.stderr.contains(expected), "{}", run.said());
}

/// Whether it is asked to end or killed.
fn interrupted(with: Signal, code: Option<i32>) {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let mut command = search(&web, folder.path(), &TWO_RATES);
    command.args(["--budget", "27s"]).args(COMMANDS);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    if !until(folder.path(), "changed", "1.25", Some(&mut child)) {
        // On a machine that has no time for it, there is no limit to move.
        let output = child.wait_with_output().unwrap();
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(is_not_done(&result), "{result:#}");
        return;
    }
    signal(&child, with);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), code);
    assert!(until(folder.path(), "changed", "back", None));
}

fn is_not_done(result: &Value) -> bool {
    let told = &result["intervention"];
    told.is_null() || told["verdict"] == "not done"
}

#[test]
fn ctrl_c_takes_an_intervention_back() {
    interrupted(Signal::SIGINT, Some(105));
}

#[test]
fn what_is_killed_takes_its_intervention_back() {
    interrupted(Signal::SIGKILL, None);
}

#[test]
fn an_intervention_that_changes_nothing_confirms_nothing() {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = search(&web, &path, &TWO_RATES);
    command.args(["--budget", "30s"]).args(COMMANDS);
    let run = finish(command, folder, None);
    let result = result(&run);
    assert!(run.stderr.contains("intervene what \"echo"), "{}", run.said());
    if is_not_done(&result) {
        return;
    }
    let told = &result["intervention"];
    assert_ne!(told["verdict"], "confirmed", "{}", run.said());
    assert_eq!(told["is_taken_back"], true, "{}", run.said());
    assert_eq!(run.text("changed").trim(), "back", "{}", run.said());
    let trials = result["trials"].as_array().unwrap();
    let aside = trials.iter().filter(|trial| trial["intervention"] == 1.25).count();
    assert!(aside > 0, "{}", run.said());
}

#[test]
fn what_a_failed_change_leaves_behind_is_told() {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = search(&web, &path, &TWO_RATES);
    command.args(["--budget", "27s", "--quiet", "--intervene=exit 3"]);
    command.arg("--intervene-undo=echo cannot >&2; exit 4");
    let run = finish(command, folder, None);
    let result = result(&run);
    // On a machine that has no time for it, there is no limit to move.
    if !result["intervention"]["reason"].to_string().contains("exit code 3") {
        return;
    }
    assert!(run.stderr.contains("NOT TAKEN BACK: --intervene-undo"), "{}", run.said());
    assert!(run.stderr.contains("exit code 4: cannot; run it by hand"), "{}", run.said());
}

#[test]
fn without_a_limit_there_is_none_to_move() {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = search(&web, &path, &ONE_RATE);
    command.args(["--budget", "15s"]).args(COMMANDS);
    let run = finish(command, folder, None);
    assert!(is_not_done(&result(&run)), "{}", run.said());
    assert!(!path.join("changed").exists(), "{}", run.said());
}

/// A search that has time for calibration, until its first trial: what it said, its result, and its file.
fn begun(command: &mut Command, folder: &Path) -> (String, Value, String) {
    command.args(["--state", "trials.jsonl", "--budget", "60s", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    until_stored(&mut child, &folder.join("trials.jsonl"));
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (said, serde_json::from_slice(&output.stdout).unwrap(), text(folder, "trials.jsonl"))
}

#[test]
fn the_generator_is_calibrated_before_a_search() {
    let web = Web::start_with(&POOL);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/work?sleep_ms=20", web.url);
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", &url, "--slo", "p(90)<300ms"]);
    let (said, result, stored) = begun(&mut command, folder.path());
    assert!(said.contains("calibration: against a target that answers at once"), "{said}");
    let found = &result["generator"]["calibration"];
    assert!(found["ceiling"].as_f64().unwrap() > 100.0, "{result:#}");
    assert!(result["generator"]["not_calibrated"].is_null(), "{result:#}");
    let header: Value = serde_json::from_str(stored.lines().next().unwrap()).unwrap();
    assert_eq!(&header["calibration"], found);
}

/// It sends its second request only when the first was answered as it expects.
const PARTICULAR: &str = r#"
import http from "k6/http";
export const options = { scenarios: { all: {
    executor: "constant-arrival-rate", rate: 30, duration: "1m", preAllocatedVUs: 5,
} } };
export default function () {
    const title = http.get(`${__ENV.URL}/json`).json().slideshow.title;
    http.get(`${__ENV.URL}/work?title=${encodeURIComponent(title)}`);
}
"#;

#[test]
fn a_script_that_goes_another_way_is_not_calibrated_with() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.js"), PARTICULAR).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", "s.js", "-e", &format!("URL={}", web.url), "--slo", "p(90)<2s"]);
    let (said, result, _) = begun(command.args(["--start", "20/s"]), folder.path());
    let reason = result["generator"]["not_calibrated"].as_str().unwrap();
    assert!(reason.contains("sends 1 requests, not 2"), "{reason}");
    // What it says of the other answers is nobody's business.
    assert!(!said.contains("cannot parse json"), "{said}");
    assert!(said.contains("not calibrated (answered by another target"), "{said}");
}

#[test]
fn what_cannot_be_taken_back_is_not_begun() {
    let check = |arguments: &[&str], expected: &str| {
        let flags = ["capacity", "http://127.0.0.1:1/", "--slo", "p(99)<1s"];
        let run = plimsoll(&[&flags, arguments].concat());
        assert_eq!(run.code, Some(104), "{}", run.said());
        assert!(run.stderr.contains(expected), "{expected:?}: {}", run.said());
    };
    check(&["--intervene"], "--watch");
    check(&["--intervene=more"], "--intervene-undo");
    check(&["--intervene", "--watch", "host", "--intervene-undo", "less"], "--intervene='CMD'");
}
