//! Mistakes are told with their place, and what to do about them.

use plimsoll_e2e::{Run, Tool, command, finish, plimsoll};

/// The message of an attack that does not start.
#[track_caller]
fn check(arguments: &[&str], stdin: &str, code: i32, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.txt"), "GET http://127.0.0.1/\n\nnonsense\n").unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.arg("attack").args(arguments);
    let run = finish(command, folder, Some(stdin));
    assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.said());
    for part in parts {
        assert!(run.stderr.contains(part), "{arguments:?}: no {part:?} in {}", run.said());
    }
    assert_eq!(run.stdout, "", "{arguments:?}");
}

#[test]
fn targets() {
    check(&["-targets=no/such"], "", 255, &["-targets no/such", "No such file", "hint="]);
    check(&["-targets=bad.txt"], "", 104, &["bad.txt:3: expected METHOD URL, found", "nonsense"]);
    check(&[], "", 104, &["standard input: no targets"]);
    check(
        &[],
        "GET ftp://a/",
        104,
        &["standard input:1: unknown scheme", "expected http or https"],
    );
    check(&[], "GET http://a/\n@no/body", 104, &["standard input:2: the body file no/body"]);
    check(&["-format=json"], "GET http://a/", 104, &["standard input:1: column 1"]);
    check(&["ftp://a/"], "", 104, &["unknown scheme"]);
    check(&["-H", "nonsense", "http://a/"], "", 104, &["-header", "expected a header"]);
}

#[test]
fn rates_and_times() {
    let url = "http://127.0.0.1:1/";
    let rate = |rate: &str, part: &str| check(&["-rate", rate, url], "", 104, &["-rate", part]);
    rate("fast", "column 1: expected a rate");
    rate("-5", "column 1: expected a rate");
    rate("10/parsec", "column 4: expected a time");
    rate("linear(10/s -> x, 60s)", "column 16: expected the last rate");
    rate("9999999999/ns", "a rate above");
    check(&["-duration=-1s", url], "", 104, &["-duration", "must not be negative"]);
    check(&["-duration=soon", url], "", 104, &["-duration", "no time", "hint="]);
    check(&["-threshold=p(99)", url], "", 104, &["-threshold", "malformed threshold expression"]);
    check(&["--abort-when=p(99)>1s", url], "", 104, &["--abort-when", "column"]);
    check(&["-max-connections=0", url], "", 104, &["-max-connections"]);
    check(
        &["-laddr=192.0.2.5", url],
        "",
        104,
        &["-laddr", "192.0.2.5 is no address of this machine"],
    );
    check(&["-threads=100000", url], "", 104, &["--threads must be 1024 at most"]);
    check(&["-targets=bad.txt", "-X=POST"], "", 255, &["--method", "cannot be used with"]);
    check(&["--pipeline=4", url], "", 104, &["--pipeline is for Redis"]);
    let redis = ["redis://127.0.0.1:1", "--command=PING", "-header=A: b"];
    check(&redis, "", 104, &["-header is for HTTP"]);
    // The last of several counts, as with Go's flags.
    check(&["-rate=5", "-rate=fast", url], "", 104, &["column 1: expected a rate"]);
    check(&["-connect-to=a", url], "", 104, &["-connect-to", "SOURCE:PORT:DESTINATION:PORT"]);
    check(&["-root-certs=no/such", url], "", 104, &["-root-certs", "no/such"]);
    check(&["-output=no/such/file", url], "", 255, &["-output no/such/file"]);
    check(&["-duratoin=5s", url], "", 255, &["--duratoin", "--duration"]);
}

fn attack(arguments: &[&str]) -> Run {
    plimsoll(&[&["attack", "-output=results.bin"], arguments].concat())
}

/// Nothing listens: each hit fails, the attack goes on, and the report tells why.
#[test]
fn nobody_is_there() {
    let run = attack(&["-rate=50", "-duration=200ms", "http://127.0.0.1:1/"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stdout.contains("0.00%"), "{}", run.said());
    assert!(run.stdout.contains("0:10"), "{}", run.said());
    assert!(run.stdout.contains("connect: connection refused"), "{}", run.said());
}

/// The limit of open files is named, and how to raise it; with --strict it has an exit code.
#[test]
fn no_free_descriptors() {
    let web = plimsoll_e2e::Web::start();
    let folder = tempfile::tempdir().unwrap();
    let program = command(Tool::Plimsoll, folder.path()).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    let script = "ulimit -n 40; exec \"$0\" attack --strict -output=results.bin -threads=1 \
                  -rate=0 -workers=100 -duration=300ms \"$1\"";
    shell.args(["-c", script]).arg(program).arg(format!("{}/delay/0.1", web.url));
    shell.current_dir(folder.path()).env("XDG_STATE_HOME", folder.path());
    let run = finish(shell, folder, None);
    assert_eq!(run.code, Some(111), "{}", run.said());
    for part in ["INVALID", "no free file descriptor", "the limit is 40", "ulimit -n"] {
        assert!(run.stdout.contains(part), "no {part:?} in {}", run.said());
    }
}

/// So few are sent that their lateness says nothing; what was never sent does.
#[test]
fn hardly_any_senders() {
    let web = plimsoll_e2e::Web::start();
    let url = format!("{}/delay/0.2", web.url);
    let load = ["-rate=500", "-duration=300ms", "-timeout=500ms"];
    let run = attack(&["--strict", "-max-workers=1", load[0], load[1], load[2], &url]);
    assert_eq!(run.code, Some(111), "{}", run.said());
    for part in ["requests were due and never sent", "all 1 sender was busy"] {
        assert!(run.stdout.contains(part), "no {part:?} in {}", run.said());
    }
}

/// Two senders cannot send twenty slow hits a second each: none is lost, all are late, and that is told.
#[test]
fn too_few_senders() {
    let web = plimsoll_e2e::Web::start();
    let url = format!("{}/delay/0.1", web.url);
    let run = attack(&["--strict", "-rate=40", "-max-workers=2", "-duration=5s", &url]);
    assert_eq!(run.code, Some(111), "{}", run.said());
    for part in ["     200, ", "started late", "all 2 senders were busy", "-max-workers"] {
        assert!(run.stdout.contains(part), "no {part:?} in {}", run.said());
    }
    // What came late was not sent at the rate that was asked for.
    let rate = run.stdout.lines().find(|line| line.starts_with("Rate")).unwrap_or_default();
    assert!(!rate.contains(" 40.00, "), "{}", run.said());
}
