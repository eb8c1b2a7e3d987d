//! `plimsoll view` without a browser: which runs it finds, and one that still goes on.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, command, finish, http, signal};
use serde_json::Value;

/// How often one looks for something that is to come, every 50 ms.
const LOOKS: u32 = 600;

fn script(seconds: u32) -> String {
    format!(
        "import {{ sleep }} from 'k6';
        export const options = {{ vus: 2, duration: '{seconds}s' }};
        export default function () {{ sleep(0.1); }}"
    )
}

/// Runs a verb to its end in a folder where runs are.
fn plimsoll(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = command(Tool::Plimsoll, folder);
    command.args(arguments);
    finish(command, tempfile::tempdir().unwrap(), None)
}

/// A page that is being served.
struct View {
    child: Child,
    port: u16,
}

impl View {
    fn start(folder: &Path, runs: &[&str]) -> View {
        let said = folder.join("said");
        let mut command = command(Tool::Plimsoll, folder);
        command.args(["view", "--listen", "0"]).args(runs).stdin(Stdio::null());
        command.stdout(File::create(&said).unwrap());
        let child = command.spawn().unwrap();
        let address = || {
            sleep(Duration::from_millis(50));
            let said = fs::read_to_string(&said).unwrap();
            let (_, rest) = said.split_once("http://127.0.0.1:")?;
            rest.split_once('/')?.0.parse().ok()
        };
        let port = (0..LOOKS).find_map(|_| address()).expect("it says where the page is");
        View { child, port }
    }

    fn runs(&self) -> Vec<Value> {
        let answer = http::get_json(self.port, "/api/runs", &[]);
        answer["runs"].as_array().unwrap().clone()
    }

    /// As Ctrl-C does.
    fn end(mut self) {
        signal(&self.child, Signal::SIGINT);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // Nothing stays behind when a test fails.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn points(run: &Value) -> usize {
    run["t"].as_array().unwrap().len()
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.js"), script(6)).unwrap();
    let mut run = command(Tool::Plimsoll, folder.path());
    run.args(["run", "-q", "script.js"]).stdin(Stdio::null());
    run.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = run.spawn().unwrap();
    let records = folder.path().join("state/plimsoll/runs");
    let has_record = || {
        sleep(Duration::from_millis(50));
        // The first of it is written with the first second.
        let newest = fs::read_dir(&records).ok()?.find_map(Result::ok)?;
        (newest.metadata().ok()?.len() > 0).then_some(())
    };
    (0..LOOKS).find_map(|_| has_record()).expect("a run leaves a record");
    let view = View::start(folder.path(), &[]);
    let early = &view.runs()[0];
    assert_eq!((&early["live"], &early["end"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(run.wait().unwrap().code(), Some(0));
    let is_over = || {
        sleep(Duration::from_millis(50));
        view.runs().into_iter().find(|run| run["live"] == false)
    };
    let late = (0..LOOKS).find_map(|_| is_over()).expect("the page learns of the end");
    assert_eq!(late["end"]["reason"], "finished");
    assert!(points(&late) >= 6 && points(&late) > points(early), "{late}");
    assert!(late["totals"]["iterations"].as_u64().unwrap() >= 80, "{}", late["totals"]);
    view.end();
}

#[test]
fn runs_are_found_by_file_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let none = plimsoll(here, &["view"]);
    assert_eq!(none.code, Some(255), "{}", none.said());
    assert!(none.stderr.contains("no runs recorded yet"), "{}", none.said());

    for (file, record) in [("a.js", None), ("b.js", None), ("a.js", Some("kept.plimsoll"))] {
        fs::write(here.join(file), script(1)).unwrap();
        let record: Vec<&str> = record.map_or(vec![], |record| vec!["--record", record]);
        let run = plimsoll(here, &[&["run", "-q"], &record[..], &[file]].concat());
        assert_eq!(run.code, Some(0), "{}", run.said());
        // Records are told apart by second.
        sleep(Duration::from_millis(1_100));
    }
    // `a.js` is a file, too, and no record.
    let view = View::start(here, &["a.js", "latest", "kept.plimsoll", "kept.plimsoll"]);
    let runs = view.runs();
    let names: Vec<&str> = runs.iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.js", "b.js", "a.js", "a.js"]);
    let ids: Vec<&str> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert!(ids[0].ends_with("Z-a") && ids[1].ends_with("Z-b"), "{ids:?}");
    assert_eq!(ids[2..], ["kept", "kept#2"]);
    assert!(runs.iter().all(|run| points(run) >= 1 && run["live"] == false));
    view.end();

    let check = |run: &str, message: &str| {
        let refused = plimsoll(here, &["view", run]);
        assert_eq!(refused.code, Some(255), "{}", refused.said());
        assert!(refused.stderr.contains(message), "{}", refused.said());
    };
    check("c.js", "no run record c.js, and no run is called so");
    fs::write(here.join("c.js"), "no record").unwrap();
    check("c.js", "c.js: ");
    let many = plimsoll(here, &[&["view"], &["a.js"; 13][..]].concat());
    assert!(many.stderr.contains("13 runs are more than 12"), "{}", many.said());
}
