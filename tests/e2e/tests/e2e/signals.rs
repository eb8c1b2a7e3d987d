//! Ctrl-C: once ends gracefully with a summary, twice ends at once.

use std::{fs, fs::File, process::Stdio, thread, time::Duration};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, command, signal};

/// How often one looks whether a tool has begun, every 20 ms.
const ATTEMPTS: u32 = 500;

/// Starts `source`, sends SIGINT `times` times once it runs, and returns exit code, stdout, stderr.
fn interrupt(tool: Tool, source: &str, times: u32) -> (Option<i32>, String, String) {
    interrupt_with(tool, &[], source, times)
}

fn interrupt_with(
    tool: Tool,
    flags: &[&str],
    source: &str,
    times: u32,
) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let place = |name: &str| folder.path().join(name);
    // A character may be half written yet.
    let read = |name: &str| String::from_utf8_lossy(&fs::read(place(name)).unwrap()).into_owned();
    let mut command = command(tool, folder.path());
    command.arg("run").args(flags).arg("script.js").stdin(Stdio::null());
    command.stdout(File::create(place("out")).unwrap());
    command.stderr(File::create(place("err")).unwrap());
    let mut child = command.spawn().unwrap();
    // The plan is printed when the script has been read; what is left to do takes no second.
    let has_plan = (0..ATTEMPTS).any(|_| {
        thread::sleep(Duration::from_millis(20));
        read("out").contains("default:")
    });
    assert!(has_plan, "{tool:?}\n{}\n{}", read("out"), read("err"));
    thread::sleep(Duration::from_millis(1_500));
    for _ in 0..times {
        signal(&child, Signal::SIGINT);
        thread::sleep(Duration::from_millis(300));
    }
    let code = child.wait().unwrap().code();
    (code, read("out"), read("err"))
}

#[test]
fn once_stops_gracefully() {
    let source = "import { sleep } from 'k6';
        export const options = { vus: 2, duration: '60s' };
        export default function () { sleep(0.1); }
        export function teardown() { console.log('torn down'); }";
    for tool in [Tool::K6, Tool::Plimsoll] {
        let (code, stdout, stderr) = interrupt(tool, source, 1);
        assert_eq!(code, Some(105), "{tool:?}\n{stdout}\n{stderr}");
        assert!(stdout.contains("iterations..."), "{tool:?}\n{stdout}\n{stderr}");
        assert!(stderr.contains("torn down"), "{tool:?}\n{stdout}\n{stderr}");
    }
}

/// The run is over when the signal comes: the summary follows, and the exit code is the run's own.
#[test]
fn linger_waits_for_a_signal() {
    let source = "export default function () {}
        export const options = { thresholds: { iterations: ['count>1'] } };";
    for tool in [Tool::K6, Tool::Plimsoll] {
        let (code, stdout, stderr) = interrupt_with(tool, &["--linger"], source, 1);
        assert_eq!(code, Some(99), "{tool:?}\n{stdout}\n{stderr}");
        let (waits, summary) = (stdout.find("--linger"), stdout.find("✗ 'count>1' count=1"));
        assert!(waits.is_some() && waits < summary, "{tool:?}\n{stdout}\n{stderr}");
        assert!(stderr.contains("have been crossed"), "{tool:?}\n{stdout}\n{stderr}");
    }
}

#[test]
fn an_endless_loop_stops() {
    let source = "export const options = { vus: 1, duration: '60s' };
        export default function () { while (true) {} }";
    let (code, stdout, stderr) = interrupt(Tool::Plimsoll, source, 1);
    assert_eq!(code, Some(105), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 interrupted iterations"), "{stdout}\n{stderr}");
}

#[test]
fn twice_ends_at_once() {
    let source = "import { sleep } from 'k6';
        export const options = { vus: 1, duration: '60s' };
        export default function () { sleep(1); }
        export function teardown() { sleep(50); }";
    let (code, stdout, stderr) = interrupt(Tool::Plimsoll, source, 2);
    assert_eq!(code, Some(105), "{stdout}\n{stderr}");
}

/// After the run, where the first of them changes nothing by itself.
#[test]
fn twice_ends_a_busy_summary() {
    let source = "export default function () {}
        export function handleSummary() { for (;;) {} }";
    let (code, stdout, stderr) = interrupt(Tool::Plimsoll, source, 2);
    assert_eq!(code, Some(105), "{stdout}\n{stderr}");
    assert!(stdout.contains("iterations..."), "{stdout}\n{stderr}");
    assert!(stderr.contains("handleSummary() was interrupted"), "{stdout}\n{stderr}");
}
