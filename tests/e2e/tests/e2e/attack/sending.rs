//! What is sent: targets of both formats, from files and pipes, with the flags of HTTP.

use std::process::Stdio;

use plimsoll_e2e::{Tool, Web, command};

use super::{attack, attack_with};

/// The first line of what is to be done: targets in, report out, results kept on the way.
#[test]
fn the_pipes_of_vegeta() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let script = "printf 'GET %s/\\n' \"$URL\" | \"$PLIMSOLL\" attack -rate=1000 -duration=5s \
                  | tee results.bin | \"$PLIMSOLL\" report";
    let mut shell = command(Tool::Plimsoll, folder.path());
    let plimsoll = shell.get_program().to_owned();
    shell = {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script]).env("URL", &web.url).env("PLIMSOLL", plimsoll);
        shell.current_dir(folder.path()).env("XDG_STATE_HOME", folder.path());
        shell
    };
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let (said, report) = (output.stderr, String::from_utf8(output.stdout).unwrap());
    let said = String::from_utf8_lossy(&said);
    let line = |name: &str| {
        let found = report.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}: {report}\n{said}")).to_owned()
    };
    assert!(line("Requests").contains(" 5000, "), "{report}");
    assert!(line("Success").ends_with(" 100.00%"), "{report}");
    assert!(line("Status Codes").ends_with(" 200:5000"), "{report}");
    assert!(line("Rate").contains("1000/s"), "{report}");
    // The attack says the same of itself, on standard error.
    assert!(said.contains(&line("Latencies")), "{report}\n{said}");
    assert!(std::fs::metadata(folder.path().join("results.bin")).unwrap().len() > 5000);
}

#[test]
fn a_list_is_sent_in_turn() {
    let web = Web::start();
    let url = &web.url;
    let targets = format!(
        "# three targets\nGET {url}/status/200\n\nDELETE {url}/status/204\nX-A: b\n\n\
         POST {url}/post\nContent-Type: text/x\n@body.txt\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("body.txt");
    std::fs::write(&body, "some text").unwrap();
    let targets = targets.replace("body.txt", body.to_str().unwrap());
    let mut attack =
        attack(&["-rate=100", "-duration=60ms", "-max-body=-1", "-H", "X-All: 1"], &targets);
    assert_eq!(attack.hits.len(), 6, "{}", attack.run.said());
    attack.sort_in_turn();
    for (at, method) in ["GET", "DELETE", "POST", "GET", "DELETE", "POST"].into_iter().enumerate() {
        assert_eq!(attack.text_of(at, "method"), method);
        assert_eq!(attack.hits[at]["seq"], at);
    }
    assert_eq!((attack.code_of(1), attack.code_of(2)), (204, 200));
    assert_eq!(attack.hits[2]["bytes_out"], "some text".len());
    let echo = base64(attack.text_of(2, "body"));
    for part in ["some text", "text/x", "\"X-All\""] {
        assert!(echo.contains(part), "{echo}");
    }
}

fn base64(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn json_targets_are_streamed() {
    let web = Web::start();
    let line = |path: &str, more: &str| {
        format!("{{\"method\":\"PUT\",\"url\":\"{}{path}\"{more}}}\n", web.url)
    };
    let targets = line("/put", ",\"body\":\"aGk=\",\"header\":{\"X-A\":[\"1\"]}")
        + &line("/status/202", "")
        + &line("/status/404", "");
    let mut attack = attack(&["-rate=100", "-format=json", "-lazy"], &targets);
    attack.sort_in_turn();
    let codes: Vec<i64> = (0..attack.hits.len()).map(|hit| attack.code_of(hit)).collect();
    assert_eq!(codes, [200, 202, 404], "{}", attack.run.said());
    assert_eq!(attack.hits[0]["bytes_out"], 2);
    assert_eq!(attack.text_of(2, "error"), "404 Not Found");
}

/// A program that writes targets decides how long the attack lasts, however the rate compares.
#[test]
fn a_stream_of_many_targets_is_sent_once() {
    let web = Web::start();
    let targets: String = (0..500).map(|at| format!("GET {}/get?n={at}\n", web.url)).collect();
    for rate in ["-rate=2000", "-rate=0"] {
        let attack = attack(&[rate, "-lazy"], &targets);
        let mut urls: Vec<&str> =
            (0..attack.hits.len()).map(|at| attack.text_of(at, "url")).collect();
        urls.sort_unstable();
        urls.dedup();
        assert_eq!((urls.len(), attack.hits.len()), (500, 500), "{}", attack.run.said());
        // What was due after the last target had nothing to send.
        assert_eq!(attack.report()["never_sent"], 0, "{}", attack.run.said());
    }
}

#[test]
fn a_url_with_method_header_and_data() {
    let web = Web::start();
    let url = format!("{}/anything", web.url.trim_start_matches("http://"));
    let flags = ["-rate=50", "-duration=20ms", "-max-body=4KB", "-d", "text", "-H", "X-A: b"];
    let attack = attack_with(&[&flags[..], &[&url]].concat(), None);
    assert_eq!(attack.run.code, Some(0), "{}", attack.run.said());
    assert_eq!(attack.text_of(0, "method"), "POST");
    let echo = base64(attack.text_of(0, "body"));
    assert!(echo.contains("\"text\"") && echo.contains("\"X-A\""), "{echo}");
    assert!(attack.run.stdout.contains("Requests      [total, rate, throughput]"));
}

#[test]
fn redirects() {
    let web = Web::start();
    let targets = format!("GET {}/redirect/2\n", web.url);
    let first = |redirects: &str| {
        let attack = attack(&["-rate=100", "-duration=10ms", redirects], &targets);
        (attack.code_of(0), attack.text_of(0, "error").to_owned())
    };
    assert_eq!(first("-redirects=10"), (200, String::new()));
    assert_eq!(first("-redirects=-1"), (302, String::new()));
    assert_eq!(first("-redirects=1"), (0, "stopped after 1 redirects".to_owned()));
}

/// One connection for each that is held, all used in turn; one for all that fit otherwise.
#[test]
fn connections() {
    let web = Web::start();
    let targets = format!("GET {}/get\n", web.url);
    for flags in [
        &["-hold-connections=5"][..],
        &["-max-connections=2"],
        &["-keepalive=false"],
        &["-http2=false"],
        &["-chunked"],
        &["-timeout=1s"],
        &["-laddr=127.0.0.1"],
        &["-connections=1"],
    ] {
        let all = [&["-rate=200", "-duration=100ms"], flags].concat();
        let attack = attack(&all, &targets);
        let good = attack.hits.iter().filter(|hit| hit["code"] == 200).count();
        assert_eq!(good, 20, "{flags:?}: {}", attack.run.said());
    }
    let rule = format!("far.test:80:{}", web.url.trim_start_matches("http://"));
    let flags = ["-rate=100", "-duration=10ms", "-connect-to", &rule];
    assert_eq!(attack(&flags, "GET http://far.test/get").code_of(0), 200);
}

#[test]
fn secure_targets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cert.pem");
    let web = Web::start_with(&["--tls", path.to_str().unwrap()]);
    let targets = format!("GET {}/get\n", web.url);
    let roots = format!("-root-certs={}", path.display());
    let check = |flags: &[&str], code: i64, error: &str| {
        let attack = attack(&[&["-rate=100", "-duration=50ms"], flags].concat(), &targets);
        assert_eq!(attack.hits.len(), 5, "{}", attack.run.said());
        for hit in 0..5 {
            assert_eq!(attack.code_of(hit), code, "{flags:?}: {}", attack.run.said());
            assert!(attack.text_of(hit, "error").contains(error), "{}", attack.run.said());
        }
    };
    check(&["-insecure"], 200, "");
    check(&[&roots, "-session-tickets"], 200, "");
    check(&["-insecure", "-http2=false", "-keepalive=false"], 200, "");
    check(&[], 0, "certificate");
}
