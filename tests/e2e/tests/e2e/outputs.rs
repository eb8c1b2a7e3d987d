//! The sentence of the issue: options, stages, scenarios, thresholds, checks, groups, SharedArray,
//! custom metrics, batch, cookies and handleSummary in one script, with `-e`, `--tag`, `--out` and
//! `--summary-export`.

use plimsoll_e2e::{Tool, Web, command, finish, run_source, script};

#[test]
fn everything_at_once() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "-e", &format!("BASE={}", web.url), "--tag", "team=deck"]);
    command.args([
        "--out",
        "json=x.json",
        "--out",
        "csv=x.csv",
        "--summary-export",
        "summary.json",
    ]);
    command.arg(script("everything.js"));
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());

    let json = run.text("x.json");
    let samples = plimsoll_e2e::samples::read(&json, &|_, value| value.to_owned());
    assert!(samples["http_reqs"].samples > 0);
    assert!(samples["http_reqs"].tag_sets.iter().all(|tags| tags.contains("team=deck")));
    assert_eq!(samples["my_trend"].kind, "trend");
    let csv = run.text("x.csv");
    assert!(
        csv.starts_with("metric_name,timestamp,metric_value,"),
        "{}",
        csv.lines().next().unwrap_or("")
    );
    assert_eq!(csv.lines().count() - 1, samples.values().map(|m| m.samples).sum::<usize>());

    let summary = run.json("summary.json");
    assert_eq!(
        summary["metrics"]["http_reqs"]["count"].as_u64(),
        Some(samples["http_reqs"].samples as u64)
    );
    let handled = run.json("handled.json");
    assert_eq!(
        handled["metrics"]["http_reqs"]["values"]["count"],
        summary["metrics"]["http_reqs"]["count"]
    );
    assert!(run.stdout.contains("handled: 0 failed checks"), "{}", run.said());
}

/// The device stays one, and the count stands on standard error.
#[test]
fn a_log_that_cannot_be_written_is_told_of_at_the_end() {
    let script = "export default function () { console.log('x') }";
    let flags = ["-i", "3", "--log-output", "file=/dev/full"];
    let run = run_source(Tool::Plimsoll, script, &flags);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let [line] = run.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", run.said()) };
    assert!(line.contains("file=/dev/full: 3 lines could not be written: No space left"), "{line}");
    assert!(!std::fs::metadata("/dev/full").unwrap().is_file());
}

#[test]
fn vus_and_duration_flags_override_the_script() {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--vus", "30", "--duration", "2s", "-e", &format!("BASE={}", web.url)]);
    command.args(["--summary-export", "summary.json"]).arg(script("everything.js"));
    let run = finish(command, folder, None);
    let summary = run.json("summary.json");
    assert_eq!(summary["metrics"]["vus_max"]["max"].as_f64(), Some(30.0), "{}", run.said());
    assert!(
        run.stderr.contains("scenarios"),
        "a warning names what was overridden\n{}",
        run.said()
    );
}
