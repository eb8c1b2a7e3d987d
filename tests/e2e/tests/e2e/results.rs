//! `report` and `encode` over files and pipes; no load is made here.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, command, finish, run_source};
use serde_json::Value;

/// Two requests a second as vegeta's JSON has them: the third failed, the fourth took a second.
const JSON: &str = r#"{"attack":"a","seq":0,"code":200,"timestamp":"2026-11-21T11:20:04Z","latency":1000000,"bytes_out":0,"bytes_in":10,"error":"","body":null,"method":"GET","url":"http://x/","headers":null,"lateness":400000}
{"attack":"a","seq":1,"code":200,"timestamp":"2026-11-21T11:20:04.5Z","latency":3000000,"bytes_out":0,"bytes_in":10,"error":"","body":null,"method":"GET","url":"http://x/","headers":null,"lateness":0}
{"attack":"a","seq":2,"code":0,"timestamp":"2026-11-21T11:20:05Z","latency":2000000,"bytes_out":0,"bytes_in":0,"error":"connection refused","body":null,"method":"GET","url":"http://x/","headers":null,"lateness":0}
{"attack":"a","seq":3,"code":200,"timestamp":"2026-11-21T11:20:05.5Z","latency":1000000000,"bytes_out":5,"bytes_in":10,"error":"","body":"b2s=","method":"POST","url":"http://x/","headers":{"Server":["x"]},"lateness":0}
"#;

/// Runs a verb in a folder with these files; output that is no text is lost.
fn run(arguments: &[&str], files: &[(&str, &[u8])], stdin: Option<&str>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(arguments);
    finish(command, folder, stdin)
}

/// What `encode` makes of a file.
fn encode(to: &str, bytes: &[u8]) -> Vec<u8> {
    let run = run(&["encode", "-to", to, "-output=out", "in"], &[("in", bytes)], None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    std::fs::read(run.folder.path().join("out")).unwrap()
}

#[test]
fn a_report_has_vegetas_lines_and_ours() {
    let run = run(&["report"], &[], Some(JSON));
    assert_eq!(run.code, Some(0), "{}", run.said());
    let expected = "\
Requests      [total, rate, throughput]         4, 2.67, 1.20
Duration      [total, attack, wait]             2.5s, 1.5s, 1s
Latencies     [min, mean, 50, 90, 95, 99, max]  1ms, 251.5ms, 2.5ms, 700.9ms, 850.45ms, 970.09ms, 1s
Bytes In      [total, mean]                     30, 7.50
Bytes Out     [total, mean]                     5, 1.25
Success       [ratio]                           75.00%
Status Codes  [code:count]                      0:1  200:3
Service Time  [min, mean, 50, 90, 95, 99, max]  600µs, 251.4ms, 2.5ms, 700.9ms, 850.45ms, 970.09ms, 1s
Lateness      [min, mean, 50, 90, 95, 99, max]  0s, 100µs, 0s, 280µs, 340µs, 388µs, 400µs
Note                                            not supported by n = 4: 50, 90, 95, 99 \
(fewer than 10 requests beyond)
Error Set:
connection refused
";
    assert_eq!(run.stdout, expected);
}

#[test]
fn every_format_says_the_same() {
    let binary = encode("binary", JSON.as_bytes());
    let csv = encode("csv", &binary);
    let whole = run(&["report", "r"], &[("r", JSON.as_bytes())], None).stdout;
    assert_eq!(run(&["report", "r"], &[("r", &binary)], None).stdout, whole);
    let of_csv = run(&["report", "r"], &[("r", &csv)], None).stdout;
    let knows = |line: &&str| !line.starts_with("Service Time") && !line.starts_with("Lateness");
    let without: Vec<&str> = whole.lines().filter(knows).collect();
    assert_eq!(of_csv.lines().collect::<Vec<_>>(), without);
    let again = String::from_utf8(encode("json", &binary)).unwrap();
    for (left, right) in again.lines().zip(JSON.lines()) {
        let value = |line: &str| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            // Ours has all nine digits of the time, and the service time.
            value
                .as_object_mut()
                .unwrap()
                .retain(|key, _| key != "timestamp" && key != "service_time");
            value
        };
        assert_eq!(value(left), value(right));
    }
}

#[test]
fn other_reports() {
    let files: &[(&str, &[u8])] = &[("r", JSON.as_bytes())];
    let json = run(&["report", "-type=json", "-buckets", "[0,2ms]", "r"], files, None);
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["buckets"], serde_json::json!({ "0": 1, "2000000": 3 }));
    for key in ["latencies", "response_time", "service_time", "lateness"] {
        assert!(value[key]["99th"].is_u64(), "{key}: {value}");
    }
    let hist = run(&["report", "-type", "hist[0,2ms]", "-output=hist.txt", "r"], files, None);
    assert!(
        hist.text("hist.txt").contains("[2ms,   +Inf]  3  75.00%"),
        "{}",
        hist.text("hist.txt")
    );
    assert_eq!(hist.stdout, "");
    let hdr = run(&["report", "--type", "hdrplot", "r"], files, None).stdout;
    assert!(hdr.starts_with("Value(ms)") && hdr.contains("1000.000000  1.000000"), "{hdr}");
}

#[test]
fn several_inputs_are_merged_by_time() {
    let lines: Vec<&str> = JSON.lines().collect();
    let (odd, even) = ([lines[3], lines[1]].join("\n"), [lines[0], lines[2]].join("\n"));
    let binary = encode("binary", even.as_bytes());
    let files: &[(&str, &[u8])] = &[("odd", odd.as_bytes()), ("even", &binary)];
    let merged = run(&["encode", "odd", "even"], files, None);
    let seqs = merged
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap());
    assert_eq!(seqs.collect::<Vec<_>>(), [0, 1, 2, 3], "{}", merged.said());
    let report = run(&["report", "odd", "even"], files, None);
    assert!(report.stdout.contains("4, 2.67, 1.20"), "{}", report.said());
}

#[test]
fn a_cut_file_is_used_as_far_as_it_goes() {
    let binary = encode("binary", JSON.as_bytes());
    let cut = &binary[..binary.len() - 10];
    let run = run(&["report", "r"], &[("r", cut)], None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains("the stream is cut"), "{}", run.stderr);
    assert!(run.stdout.contains("3, 3.00,"), "{}", run.stdout);
    let lines = &JSON[..JSON.len() - 30];
    let run = self::run(&["encode", "-"], &[], Some(lines));
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{}", run.said());
    assert!(run.stderr.contains("the last line is cut"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_done_is_said() {
    for (arguments, why) in [
        (&["report", "missing"][..], "cannot read missing"),
        (&["report", "text"], "text: neither results"),
        (&["report", "-type=pie", "r"], "-type=pie: there is no such report"),
        (&["report", "-type=hist", "r"], "bounds are missing"),
        (&["report", "-type=hist[2ms,1ms]", "r"], "they must ascend"),
        (&["report", "-type=text", "-buckets=[0]", "r"], "shows no -buckets"),
        (&["report", "-every=often", "r"], "-every=often"),
        (&["report", "-output=missing/x", "r"], "cannot write missing/x"),
        (&["encode", "-to=gob", "r"], "gob"),
        (&["encode", "-output=/dev/full", "r"], "No space left on device"),
    ] {
        let files: &[(&str, &[u8])] = &[("r", JSON.as_bytes()), ("text", b"hello")];
        let run = run(arguments, files, None);
        assert_eq!(run.code, Some(255), "{arguments:?}: {}", run.said());
        assert!(run.stderr.contains(why), "{arguments:?}: {}", run.said());
    }
}

#[test]
fn nothing_is_a_report_too() {
    let run = run(&["report"], &[], Some(""));
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stdout.starts_with("Requests      [total, rate, throughput]         0, 0.00"));
}

#[test]
fn a_run_record_has_a_report() {
    let script = "export const options = { iterations: 12 }; export default function () {}";
    let run = run_source(Tool::Plimsoll, script, &["--record", "r.plimsoll"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let folder = run.folder;
    let mut report = command(Tool::Plimsoll, folder.path());
    report.args(["report", "r.plimsoll"]);
    let report = finish(report, folder, None);
    assert!(report.stdout.contains("12, "), "{}", report.said());
    assert!(report.stdout.contains("from a run record"), "{}", report.said());
    let folder = report.folder;
    let mut encode = command(Tool::Plimsoll, folder.path());
    encode.args(["encode", "r.plimsoll"]);
    let encode = finish(encode, folder, None);
    assert_eq!(encode.code, Some(255), "{}", encode.said());
    assert!(encode.stderr.contains("no single requests"), "{}", encode.said());
}

/// What is encoded is written before more is waited for, and a report comes while the input is open.
#[test]
fn pipes_can_be_watched() {
    let folder = tempfile::tempdir().unwrap();
    let piped = |arguments: &[&str]| {
        let mut command: Command = command(Tool::Plimsoll, folder.path());
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    for (arguments, expected) in
        [(&["encode", "-to=csv"][..], "\n"), (&["report", "-every=50ms"], "Error Set:\n")]
    {
        let mut child = piped(arguments);
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdin.write_all(JSON.as_bytes()).unwrap();
        stdin.flush().unwrap();
        let (mut seen, mut byte) = (Vec::new(), [0]);
        while !seen.ends_with(expected.as_bytes()) {
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{arguments:?}");
            seen.push(byte[0]);
        }
        drop(stdin);
        stdout.read_to_end(&mut Vec::new()).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}");
    }
}

/// Reads up to the end of a report. The only letter beyond ASCII in it is that of microseconds.
fn read_report(stdout: &mut impl Read) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"Error Set:\n") {
        assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

/// In a pipe Ctrl-C reaches everyone, and the sender still has something to say.
#[test]
fn the_first_ctrl_c_is_left_to_the_sender() {
    for signals in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(Tool::Plimsoll, folder.path())
            .args(["report", "-every=50ms"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        stdin.write_all(JSON.as_bytes()).unwrap();
        read_report(&mut stdout);
        plimsoll_e2e::signal(&child, Signal::SIGINT);
        // Reports go on, so the first signal has been seen when the second comes.
        read_report(&mut stdout);
        read_report(&mut stdout);
        let mut rest = String::new();
        if signals == 1 {
            stdin.write_all(JSON.as_bytes()).unwrap();
            drop(stdin);
            stdout.read_to_string(&mut rest).unwrap();
            assert!(rest.contains("throughput]         8, "), "{rest}");
            assert_eq!(child.wait().unwrap().code(), Some(0));
        } else {
            plimsoll_e2e::signal(&child, Signal::SIGINT);
            stdout.read_to_string(&mut rest).unwrap();
            assert!(rest.contains("throughput]         4, "), "{rest}");
            assert_eq!(child.wait().unwrap().code(), Some(105));
        }
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("r"), JSON.repeat(2_000)).unwrap();
    for verb in ["encode", "report"] {
        let mut child = command(Tool::Plimsoll, folder.path())
            .args([verb, "r"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert!(child.wait().unwrap().success(), "{verb}");
    }
}
