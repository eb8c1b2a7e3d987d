//! The other verbs: inspect, archive, new, runs, completion, version, help.

use std::process::Stdio;

use plimsoll_e2e::{Tool, Web, command, finish, plimsoll, run_source};

const SCRIPT: &str = "
import { greet } from './lib/greet.js';
export const options = { vus: 3, duration: '5s', thresholds: { iterations: ['count>1'] } };
const data = open('./data.txt');
export default function () { console.log(greet(data.trim())); }
";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("script.js", SCRIPT);
    write("lib/greet.js", "export const greet = (name) => `hello ${name}`;");
    write("data.txt", "world\n");
    folder
}

#[test]
fn inspect_prints_what_k6_prints() {
    for arguments in
        [&["inspect", "script.js"][..], &["inspect", "--execution-requirements", "script.js"]]
    {
        let output = |tool| {
            let folder = project();
            let mut command = command(tool, folder.path());
            command.args(arguments);
            let run = finish(command, folder, None);
            assert_eq!(run.code, Some(0), "{}", run.said());
            run.stdout.replace(&format!("k6/{}", env!("CARGO_PKG_VERSION")), "k6")
        };
        let mask = |text: String| {
            text.lines()
                .filter(|line| !line.contains("userAgent"))
                .map(|l| format!("{l}\n"))
                .collect::<String>()
        };
        assert_eq!(mask(output(Tool::K6)), mask(output(Tool::Plimsoll)), "{arguments:?}");
    }
}

#[test]
fn archives_run_anywhere() {
    let folder = project();
    let mut archive = command(Tool::Plimsoll, folder.path());
    archive.args(["archive", "-O", "/dev/stdout", "script.js"]);
    let output = archive.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for tool in [Tool::Plimsoll, Tool::K6] {
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("moved.tar"), &output.stdout).unwrap();
        let mut command = command(tool, elsewhere.path());
        command.args(["run", "--no-thresholds", "-u", "1", "-i", "1", "moved.tar"]);
        let run = finish(command, elsewhere, None);
        assert_eq!(run.code, Some(0), "{tool:?}\n{}", run.said());
        assert!(run.stderr.contains("hello world"), "{tool:?}\n{}", run.said());
    }
}

#[test]
fn runs_an_archive_of_k6() {
    let folder = project();
    let mut archive = command(Tool::K6, folder.path());
    archive.args(["archive", "-O", "k6.tar", "script.js"]);
    assert!(archive.output().unwrap().status.success());
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--no-thresholds", "-u", "1", "-i", "1", "k6.tar"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains("hello world"), "{}", run.said());
}

#[test]
fn script_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "-"]);
    let run =
        finish(command, folder, Some("export default function () { console.log('from stdin'); }"));
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains("from stdin"), "{}", run.said());
}

#[test]
fn new_writes_a_script_that_loads_and_keeps_an_existing_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fresh.js");
    let name = file.to_str().unwrap();
    let run = plimsoll(&["new", name]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert_eq!(plimsoll(&["inspect", name]).code, Some(0));
    let again = plimsoll(&["new", name]);
    assert_eq!(again.code, Some(255), "{}", again.said());
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    let forced = plimsoll(&["new", "--force", "--template", "protocol", name]);
    assert_eq!(forced.code, Some(0), "{}", forced.said());
    assert_eq!(plimsoll(&["inspect", name]).code, Some(0));
}

#[test]
fn runs_lists_records() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), "export default function () {}").unwrap();
    let mut first = command(Tool::Plimsoll, folder.path());
    first.args(["run", "--quiet", "-i", "3", "script.js"]);
    assert!(first.output().unwrap().status.success());
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["runs", "--json"]);
    let output = command.output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}

#[test]
fn runs_names_records_that_make_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("plimsoll/runs");
    std::fs::create_dir_all(&records).unwrap();
    let bad = "20260102T000000Z-bad.plimsoll";
    std::fs::write(records.join(bad), "no record").unwrap();
    let list = || {
        let mut command = command(Tool::Plimsoll, folder.path());
        command.env("XDG_STATE_HOME", folder.path()).arg("runs");
        let output = command.output().unwrap();
        let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), said(output.stdout), said(output.stderr))
    };
    let (code, table, errors) = list();
    assert_eq!(code, Some(255), "{errors}");
    assert!(table.contains("unreadable") && errors.contains("none of the records"), "{errors}");

    let good = records.join("20260103T000000Z-good.plimsoll");
    let run = run_source(Tool::Plimsoll, NOTHING, &["--record", good.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let (code, table, errors) = list();
    assert_eq!((code, table.lines().count()), (Some(0), 3), "{table}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains(bad) && errors.contains("Unknown frame descriptor"), "{errors}");
}

#[test]
fn completion_and_version() {
    for shell in ["bash", "zsh", "fish"] {
        let run = plimsoll(&["completion", shell]);
        assert_eq!(run.code, Some(0), "{}", run.said());
        assert!(run.stdout.contains("plimsoll"), "{}", run.said());
    }
    let run = plimsoll(&["version"]);
    assert_eq!(run.stdout.trim(), concat!("plimsoll ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_port_in_use_is_not_shared() {
    let web = Web::start();
    let port = web.url.rsplit(':').next().unwrap();
    let run = plimsoll(&["serve", "web", "--seconds", "5", "--port", port]);
    assert_eq!(run.code, Some(255), "{}", run.said());
    assert!(run.stderr.contains(&format!("listen on 127.0.0.1:{port}")), "{}", run.said());
}

const NOTHING: &str = "export default function () {}";

#[test]
fn a_value_that_is_none_is_a_wrong_flag_as_in_k6() {
    for arguments in [
        ["-u", "abc"],
        ["-d", "abc"],
        ["-s", "bad"],
        ["--tag", "bad"],
        ["--dns", "foo"],
        ["-e", "=x"],
        // These are values, and then a configuration that cannot be run.
        ["-d", "-5s"],
        ["-i", "0"],
        // And these are accepted.
        ["-u", "-1"],
        ["-e", "bad"],
    ] {
        let code = |tool| run_source(tool, NOTHING, &arguments).code;
        assert_eq!(code(Tool::K6), code(Tool::Plimsoll), "{arguments:?}");
    }
}

#[test]
fn a_record_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.js");
    std::fs::write(&mine, NOTHING).unwrap();
    let refused = [
        (mine.to_str().unwrap(), "is no run record"),
        (folder.path().to_str().unwrap(), "is a directory"),
        ("missing/x", "no folder"),
    ];
    for (file, why) in refused {
        let run = run_source(Tool::Plimsoll, NOTHING, &["--record", file]);
        assert_eq!(run.code, Some(255), "{file}: {}", run.said());
        assert!(run.stderr.contains(why), "{file}: {}", run.said());
        assert!(!run.stdout.contains("running ("), "{file}: {}", run.said());
    }
    assert_eq!(std::fs::read_to_string(mine).unwrap(), NOTHING);
}

#[test]
fn a_device_takes_a_record_and_stays_a_device() {
    let run = run_source(Tool::Plimsoll, NOTHING, &["--record", "/dev/null"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    assert!(!std::path::Path::new("/dev/null.partial").exists());
}

#[test]
fn help_whose_reader_has_gone_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(Tool::Plimsoll, folder.path())
        .args(["run", "--help"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
