//! How attacks end: thresholds, conditions, Ctrl-C, a service that dies.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, command, finish, ports::Port, signal};

use super::{Attack, attack_with, read_back};

#[test]
fn thresholds_decide_the_exit_code() {
    let web = Web::start();
    let url = format!("{}/get", web.url);
    let check = |thresholds: &[&str], code, lines: &[&str]| {
        let flags: Vec<String> =
            thresholds.iter().map(|text| format!("-threshold={text}")).collect();
        let mut all = vec!["-rate=100", "-duration=200ms", &url];
        all.extend(flags.iter().map(String::as_str));
        let attack = attack_with(&all, None);
        assert_eq!(attack.run.code, Some(code), "{}", attack.run.said());
        for line in lines {
            assert!(attack.run.stdout.contains(line), "no {line:?} in {}", attack.run.said());
        }
    };
    check(
        &["p(99)<20s", "http_req_failed: rate<1%"],
        0,
        &["✓ iteration_response_time: p(99)<20s", "✓ http_req_failed: rate<1%"],
    );
    check(
        &["max<1ns", "http_reqs{status:200}: count==20"],
        99,
        &["✗ iteration_response_time: max<1ns", "✓ http_reqs{status:200}: count==20"],
    );
}

#[test]
fn every_window_must_keep_what_has_one() {
    let web = Web::start();
    let url = format!("{}/work?sleep_ms=5", web.url);
    let flags = ["-rate=50", "-duration=4s", "-threshold=avg<1ms over 2s"];
    let attack = attack_with(&[&flags[..], &["-threshold=errors<5% over 2s", &url]].concat(), None);
    assert_eq!(attack.run.code, Some(99), "{}", attack.run.said());
    let said = attack.run.said();
    let line = "✗ iteration_response_time: avg<1ms over 2s  avg=";
    assert!(said.contains(line) && said.contains("in second 2"), "{said}");
    assert!(said.contains("✓ errors<5% over 2s"), "{said}");
    assert_eq!(attack.hits.len(), 200, "it ends nothing");
}

#[test]
fn a_condition_ends_the_attack() {
    let web = Web::start();
    let url = format!("{}/status/500", web.url);
    let flags = ["-rate=50", "-duration=60s", "--abort-when=errors>50% over 2s", &url];
    let attack = attack_with(&flags, None);
    assert_eq!(attack.run.code, Some(99), "{}", attack.run.said());
    assert!(
        attack.run.stderr.contains("errors>50% over 2s: it was 100.00%"),
        "{}",
        attack.run.said()
    );
    assert!(attack.hits.len() < 1000, "{}", attack.hits.len());
}

/// How often one looks at an attack until something has happened, every 20 ms.
const ATTEMPTS: u32 = 500;

/// The attack with `arguments`, to which `act` is done once it has run for a second.
fn while_running(arguments: &[&str], act: impl FnOnce(&std::process::Child)) -> Attack {
    let folder = tempfile::tempdir().unwrap();
    let mut command: Command = command(Tool::Plimsoll, folder.path());
    command.args(["attack", "-output=results.bin"]).args(arguments);
    let file = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
    command.stdout(file("out")).stderr(file("err")).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    // It opens its results when all else is ready.
    let results = folder.path().join("results.bin");
    assert!(comes_true(|| results.exists()), "no results: {:?}", child.try_wait());
    thread::sleep(Duration::from_secs(1));
    act(&child);
    let code = child.wait().unwrap().code();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (stdout, stderr) = (read("out"), read("err"));
    read_back(Run { code, stdout, stderr, folder })
}

/// Whether it comes true in time.
fn comes_true(mut condition: impl FnMut() -> bool) -> bool {
    (0..ATTEMPTS).any(|_| {
        let holds = condition();
        if !holds {
            thread::sleep(Duration::from_millis(20));
        }
        holds
    })
}

/// What was under way ends, and nothing of it is an error.
#[test]
fn ctrl_c_once() {
    let web = Web::start();
    let url = format!("{}/delay/0.3", web.url);
    for (duration, code) in [("-duration=0", 0), ("-duration=60s", 105)] {
        let attack = while_running(&["-rate=50", duration, &url], |child| {
            signal(child, Signal::SIGINT);
        });
        assert_eq!(attack.run.code, Some(code), "{}", attack.run.said());
        assert!(attack.run.stdout.contains("100.00%"), "{}", attack.run.said());
        assert!(attack.hits.len() < 200, "{}", attack.hits.len());
    }
}

/// What was under way is cut off, and told as such.
#[test]
fn ctrl_c_twice() {
    let web = Web::start();
    let url = format!("{}/delay/20", web.url);
    let attack = while_running(&["-rate=10", "-duration=60s", &url], |child| {
        signal(child, Signal::SIGINT);
        thread::sleep(Duration::from_millis(200));
        signal(child, Signal::SIGINT);
    });
    assert_eq!(attack.run.code, Some(105), "{}", attack.run.said());
    assert!(!attack.hits.is_empty(), "{}", attack.run.said());
    assert_eq!(attack.text_of(0, "error"), "the attack was ended before the response");
    assert!(attack.run.stdout.contains("0.00%"), "{}", attack.run.said());
}

/// The run goes on and reports.
#[test]
fn a_service_that_dies_in_the_middle() {
    let web = Web::start();
    let url = format!("{}/get", web.url);
    let attack = while_running(&["-rate=100", "-duration=2s", &url], |_| drop(web));
    assert_eq!(attack.run.code, Some(0), "{}", attack.run.said());
    assert_eq!(attack.hits.len(), 200, "{}", attack.run.said());
    let good = attack.hits.iter().filter(|hit| hit["code"] == 200).count();
    assert!((20..180).contains(&good), "{good}: {}", attack.run.said());
    assert!(attack.run.stdout.contains("connection refused"), "{}", attack.run.said());
}

/// A reader of the results that goes away ends the attack, and is told.
#[test]
fn a_reader_that_goes_away() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let program = command(Tool::Plimsoll, folder.path()).get_program().to_owned();
    let script = "{ \"$0\" attack -rate=100 -duration=60s \"$1\"; echo $? > code; } | head -c 10";
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(program).arg(format!("{}/get", web.url));
    shell.current_dir(folder.path()).env("XDG_STATE_HOME", folder.path());
    let run = finish(shell, folder, None);
    assert_eq!(run.text("code").trim(), "255", "{}", run.said());
    assert!(run.stderr.contains("cannot write the results to standard output"), "{}", run.said());
}

/// What a scraper sees while the attack goes on.
#[test]
fn metrics_for_prometheus() {
    let web = Web::start();
    let url = format!("{}/status/404", web.url);
    let port = Port::reserve();
    let address = format!("127.0.0.1:{}", port.number);
    let flag = format!("-prometheus-addr={address}");
    let scrape = || {
        let mut page = String::new();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    let mut page = String::new();
    // The first responses may take their time to come.
    let attack = while_running(&["-rate=100", "-duration=60s", &flag, &url], |child| {
        let has_counts = comes_true(|| {
            page = scrape();
            page.contains("request_fail_count{")
        });
        assert!(has_counts, "no requests in {page}");
        signal(child, Signal::SIGINT);
    });
    assert_eq!(attack.run.code, Some(105), "{}", attack.run.said());
    let labels = format!("{{method=\"GET\",url=\"{url}\"");
    for part in [
        format!("request_seconds_count{labels},status=\"404\"}} "),
        format!("request_fail_count{labels},message=\"404\"}} "),
        "\nrequest_response_seconds_count ".to_owned(),
        "\nrequest_bytes_in ".to_owned(),
    ] {
        assert!(page.contains(&part), "no {part} in {page}");
    }
}
