//! `plimsoll demo`: what a person with nothing sees.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plimsoll_e2e::{Tool, command, plimsoll, signal};

/// Starts a demo, does `act` to it once its service is there, and gives its exit code, what it
/// printed after that, and its log.
fn disturbed(act: impl Fn(&std::process::Child, Pid)) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut child = command(Tool::Plimsoll, folder.path())
        .args(["demo", "--vus", "1", "--seconds", "3"])
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let pid = line.split_once("(pid ").and_then(|(_, rest)| rest.split(',').next()).unwrap();
    let service = Pid::from_raw(pid.parse().unwrap());
    // The plan is printed just before the load starts.
    while !line.contains("default:") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "no plan");
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    act(&child, service);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let code = child.wait().unwrap().code();
    assert!(kill(service, None).is_err(), "the service is left running");
    (code, rest, std::fs::read_to_string(log).unwrap())
}

#[test]
fn a_service_that_dies_gets_no_verdict() {
    let (code, shown, log) = disturbed(|_, service| kill(service, Signal::SIGKILL).unwrap());
    assert_eq!(code, Some(255), "{shown}");
    assert!(shown.contains("http_req_failed"), "the results so far are printed\n{shown}");
    assert!(!shown.contains("requests per second,"), "{shown}");
    assert!(log.contains("the sample service ended during the run"), "{log}");
    assert_eq!(log.lines().count(), 1, "one line, however many requests failed\n{log}");
}

#[test]
fn a_service_that_hangs_gets_no_verdict_either() {
    let (code, shown, log) = disturbed(|_, service| kill(service, Signal::SIGSTOP).unwrap());
    assert_eq!(code, Some(255), "{shown}");
    assert!(shown.contains("http_reqs"), "the results so far are printed\n{shown}");
    assert!(!shown.contains("requests per second,"), "{shown}");
    assert!(log.contains("the sample service has not answered for 3 s"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn an_interrupt_ends_both() {
    let (code, shown, log) = disturbed(|demo, _| signal(demo, Signal::SIGINT));
    assert_eq!(code, Some(105), "{shown}\n{log}");
    assert!(shown.contains("http_req_duration"), "{shown}");
    assert!(!log.contains("Request Failed"), "{log}");
}

#[test]
fn runs_and_says_what_was_seen() {
    let run = plimsoll(&["demo", "--seconds", "3"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stdout.contains("http_req_duration"), "{}", run.said());
    let verdict = run.stdout.trim_end().rsplit("\n\n").next().unwrap_or_default();
    assert!(verdict.contains("requests per second"), "{}", run.said());
    assert!(verdict.contains("plimsoll "), "the next command is named\n{}", run.said());
    assert!(run.stdout.contains("CPU"), "the service's CPU is shown\n{}", run.said());
}
