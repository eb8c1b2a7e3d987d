//! `plimsoll compare` on records of real runs.

use std::path::Path;

use plimsoll_e2e::{Run, Tool, Web, command, finish};
use serde_json::Value;

const SCRIPT: &str = r#"
import http from "k6/http";
export const options = { vus: 2, iterations: 30 };
export default function () { http.get(`${__ENV.URL}/work?sleep_ms=${__ENV.MS}`); }
"#;

/// Records `count` runs whose requests take `millis` at least, in a folder called `group`.
fn record(web: &Web, folder: &Path, group: &str, millis: u32, count: u32) {
    std::fs::create_dir_all(folder.join(group)).unwrap();
    std::fs::write(folder.join("script.js"), SCRIPT).unwrap();
    for at in 0..count {
        let mut command = command(Tool::Plimsoll, folder);
        command.args(["run", "--quiet", "-e", &format!("URL={}", web.url)]);
        command.args(["-e", &format!("MS={millis}"), "--record"]);
        command.arg(folder.join(group).join(format!("{at}.plimsoll"))).arg("script.js");
        let status = command.stdout(std::process::Stdio::null()).status().unwrap();
        assert!(status.success());
    }
}

fn compare(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = command(Tool::Plimsoll, folder);
    command.arg("compare").args(arguments);
    finish(command, tempfile::tempdir().unwrap(), None)
}

/// The verdict on each figure.
fn verdicts(run: &Run) -> Vec<(String, String)> {
    let json: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.said()));
    let figures = json["comparisons"][0]["figures"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    figures.iter().map(|row| (text(&row["figure"]), text(&row["verdict"]))).collect()
}

#[test]
fn five_runs_tell_a_slow_service_from_a_fast_one() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(&web, folder, "fast", 2, 5);
    record(&web, folder, "slow", 40, 5);

    let json = compare(folder, &["fast", "slow", "--format", "json"]);
    let found = verdicts(&json);
    assert!(found.contains(&("p50".into(), "worse".into())), "{found:?}");
    assert!(found.contains(&("rate".into(), "worse".into())), "{found:?}");
    assert!(found.contains(&("failed".into(), "same".into())), "{found:?}");
    let back = verdicts(&compare(folder, &["slow", "fast", "--format", "json"]));
    assert!(back.contains(&("p50".into(), "better".into())), "{back:?}");

    let run = compare(folder, &["old=fast", "new=slow", "--fail-if", "p50 worse 50%"]);
    assert_eq!(run.code, Some(114), "{}", run.said());
    assert!(run.stdout.contains("old") && run.stdout.contains("worse"), "{}", run.said());
    assert!(run.stderr.contains("new: p50 is worse"), "{}", run.said());
    let rules = ["--fail-if", "failed worse", "--fail-if", "p50 worse 100000%"];
    let run = compare(folder, &[&["fast", "slow"], &rules[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.said());
    let run = compare(folder, &["fast", "slow", "--format", "markdown"]);
    assert!(run.stdout.starts_with("| figure | fast | slow |"), "{}", run.said());
}

#[test]
fn what_cannot_be_compared_is_told() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(&web, folder, "one", 1, 1);
    let other = SCRIPT.replace("iterations: 30", "iterations: 31");
    std::fs::write(folder.join("other.js"), other).unwrap();
    let mut run = command(Tool::Plimsoll, folder);
    run.args(["run", "--quiet", "-e", &format!("URL={}", web.url), "-e", "MS=1"]);
    run.args(["--record", "other.plimsoll", "other.js"]);
    assert!(run.stdout(std::process::Stdio::null()).status().unwrap().success());

    let check = |arguments: &[&str], code: i32, words: &[&str]| {
        let run = compare(folder, arguments);
        assert_eq!(run.code, Some(code), "{}", run.said());
        let said = run.said();
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    };
    // The same script elsewhere is the same; changed under its name it is another.
    std::fs::create_dir(folder.join("elsewhere")).unwrap();
    std::fs::write(folder.join("elsewhere/script.js"), SCRIPT).unwrap();
    std::fs::write(folder.join("script.js"), SCRIPT.replace("/work?", "/work?cpu_ms=0&")).unwrap();
    for (name, script) in [("moved", "elsewhere/script.js"), ("changed", "script.js")] {
        let mut run = command(Tool::Plimsoll, folder);
        run.args(["run", "--quiet", "-e", &format!("URL={}", web.url), "-e", "MS=2"]);
        run.args(["--record", &format!("{name}.plimsoll"), script]);
        assert!(run.stdout(std::process::Stdio::null()).status().unwrap().success());
    }
    check(&["one", "moved.plimsoll"], 0, &["script differs", "environment MS differs"]);
    check(&["one", "changed.plimsoll"], 255, &["file script.js: ", "--anyway"]);
    check(&["one", "one"], 0, &["too few runs to tell: 5 of each are needed", "n=1+1"]);
    check(&["one", "other.plimsoll"], 255, &["script: ", "31", "--anyway"]);
    check(&["one", "other.plimsoll", "--anyway"], 0, &["script differs"]);
    check(&["one", "missing"], 255, &["no run record missing"]);
    check(&["one", "."], 255, &["script: "]);
    check(&["one", "one", "--fail-if", "p98 worse"], 255, &["there is no figure p98"]);
    check(&["one", "one", "--margin", "x"], 255, &["--margin x"]);
    check(&["one", "one", "--fail-if", "any unclear"], 114, &["rule=\"any unclear\""]);
    std::fs::write(folder.join("broken.plimsoll"), "no record").unwrap();
    check(&["one", "broken.plimsoll"], 255, &["broken.plimsoll"]);
}

fn bench(folder: &Path, arguments: &[&str]) -> Run {
    std::fs::write(folder.join("script.js"), SCRIPT).unwrap();
    let mut command = command(Tool::Plimsoll, folder);
    command.args(["bench", "--pause", "0s"]).args(arguments);
    finish(command, tempfile::tempdir().unwrap(), None)
}

#[test]
fn a_bench_runs_variants_in_turn_and_compares_them() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let variant = |name: &str, millis: u32| {
        format!("{name}=run --quiet -e URL={} -e MS={millis} script.js", web.url)
    };
    let (fast, slow) = (variant("fast", 1), variant("slow", 40));
    let before = ["--before", "echo x >> before.txt", "--folder", "kept"];
    let run = bench(folder, &[&["-n", "2", &fast, &slow], &before[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stdout.contains("too few runs to tell"), "{}", run.said());
    assert_eq!(std::fs::read_to_string(folder.join("before.txt")).unwrap(), "x\n".repeat(4));
    let said = run.stderr.lines().filter_map(|line| line.split("msg=\"").nth(1));
    let order: Vec<&str> =
        said.filter_map(|line| line.split_once(' ')?.1.split(':').next()).collect();
    assert_eq!(order[..4], ["fast", "slow", "slow", "fast"], "{}", run.said());
    for kept in ["kept/fast/001.plimsoll", "kept/slow/002.plimsoll", "kept/slow/002.log"] {
        assert!(folder.join(kept).is_file(), "{kept}");
    }
    // The same folder again would count old runs.
    let again = bench(folder, &["-n", "1", &fast, "--folder", "kept"]);
    assert_eq!(again.code, Some(255), "{}", again.said());
    assert!(again.stderr.contains("there are run records in it"), "{}", again.said());
}

#[test]
fn a_bench_tells_what_is_wrong_before_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], code: i32, words: &str| {
        let run = bench(folder.path(), arguments);
        assert_eq!(run.code, Some(code), "{}", run.said());
        assert!(run.said().contains(words), "{words}: {}", run.said());
    };
    check(&["watch"], 255, "a variant starts with run or attack");
    check(&["run 's.js"], 255, "a quote is not closed");
    check(&["a=run x.js", "a=run y.js"], 255, "two variants are called a");
    check(&["run --record x s.js"], 255, "--record is bench's own");
    check(&["--fail-if", "p98 worse", "run s.js"], 255, "there is no figure p98");
    check(&["--before", "exit 3", "run script.js"], 255, "exit status: 3");
    check(&["-n", "1", "--", "run", "missing.js"], 255, "run 1 of run ended with");
}
