//! The same scripts in plimsoll and in k6: metrics, tags, counts, summaries and log lines agree.

use std::{collections::BTreeMap, path::Path};

use plimsoll_e2e::{
    Run, Tool, Web, command,
    compare::{mask_numbers, shape},
    finish, samples, script,
};
use serde_json::Value;

/// What a script of `scripts/differential` asks for in its first line: `// args: --vus 2`.
fn arguments(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("// args: ")).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

/// A server under test, as scripts and outputs name it.
pub(crate) struct Base {
    /// The variable of `__ENV` that has its address; the address is masked by this name.
    pub(crate) variable: &'static str,
    pub(crate) url: String,
}

fn mask_urls(text: &str, bases: &[Base]) -> String {
    bases.iter().fold(text.to_owned(), |text, base| text.replace(&base.url, base.variable))
}

fn run(tool: Tool, path: &Path, bases: &[Base]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(tool, folder.path());
    command.args(["run", "--out", "json=x.json", "--summary-export", "summary.json"]);
    for base in bases {
        command.arg("-e").arg(format!("{}={}", base.variable, base.url));
    }
    command.args(arguments(path)).arg(path);
    finish(command, folder, None)
}

/// Metrics whose number of samples depends on time.
const TIMED: &[&str] = &["vus", "vus_max", "data_sent", "data_received"];

fn metrics(run: &Run, bases: &[Base]) -> BTreeMap<String, samples::Metric> {
    let mask = |key: &str, value: &str| match key {
        "url" | "name" | "error" => mask_urls(value, bases),
        _ => value.to_owned(),
    };
    let mut metrics = samples::read(&run.text("x.json"), &mask);
    for name in TIMED {
        if let Some(metric) = metrics.get_mut(*name) {
            metric.samples = 1;
        }
    }
    metrics
}

/// Metrics that are sampled each second: a run that is over sooner has none of them.
const EACH_SECOND: [&str; 2] = ["vus", "vus_max"];

/// Metrics that k6 does not have.
const OURS: [&str; 2] = ["iteration_lateness", "iteration_response_time"];

/// The summary's lines with numbers masked; the order of trend columns and dots stays.
fn summary(run: &Run, without: &[&str]) -> Vec<String> {
    // A script with `handleSummary` has none.
    let Some(from) = run.stdout.find("█") else { return Vec::new() };
    // k6 may show the end of its progress more than once.
    let shown = run.stdout[from..].split("running (").next().unwrap_or_default();
    shown
        .lines()
        .map(|line| mask_numbers(line.trim_end()))
        .filter(|line| !OURS.iter().any(|name| line.contains(name)))
        .filter(|line| {
            !without.iter().any(|name| line.trim_start().starts_with(&format!("{name}.")))
        })
        .collect()
}

/// The shape of `--summary-export`.
fn exported(run: &Run, without: &[&str]) -> Value {
    let mut summary = shape(&run.json("summary.json"));
    if let Some(metrics) = summary["metrics"].as_object_mut() {
        metrics.retain(|name, _| !without.contains(&name.as_str()));
    }
    summary
}

/// Messages of log lines, numbers masked, sorted: VUs finish in any order.
fn messages(run: &Run, bases: &[Base]) -> Vec<String> {
    let mut lines: Vec<String> = run
        .stderr
        .lines()
        .filter_map(|line| line.split_once("level=").map(|(_, rest)| rest))
        // k6 adds the place in its bytecode to each position.
        .map(|line| mask_numbers(&mask_urls(line, bases)).replace("(#)", ""))
        .collect();
    lines.sort();
    lines
}

/// What a script's `handleSummary` wrote, when it wrote what each run must give alike.
fn exact(run: &Run) -> Option<String> {
    std::fs::read_to_string(run.folder.path().join("exact.txt")).ok()
}

/// Runs a script in both and compares what they leave; gives our run, for more assertions.
pub(crate) fn compare(path: &Path, bases: &[Base]) -> Run {
    let (k6, ours) = (run(Tool::K6, path, bases), run(Tool::Plimsoll, path, bases));
    assert_eq!(k6.code, ours.code, "exit code\nk6 {}\nours {}", k6.said(), ours.said());
    let (mut theirs, mut own) = (metrics(&k6, bases), metrics(&ours, bases));
    // One of two runs of about a second may be over in time, and the other not.
    let has_seconds =
        |metrics: &BTreeMap<_, _>| EACH_SECOND.iter().all(|name| metrics.contains_key(*name));
    let without = if has_seconds(&theirs) && has_seconds(&own) { &[] } else { &EACH_SECOND[..] };
    for metrics in [&mut theirs, &mut own] {
        metrics.retain(|name, _| !without.contains(&name.as_str()));
    }
    assert_eq!(theirs, own, "metrics of --out json");
    assert_eq!(exported(&k6, without), exported(&ours, without), "--summary-export");
    let (theirs, own) = (summary(&k6, without), summary(&ours, without));
    assert_eq!(theirs, own, "summary\nk6:\n{}\nours:\n{}", k6.stdout, ours.stdout);
    assert_eq!(messages(&k6, bases), messages(&ours, bases), "log lines");
    assert_eq!(exact(&k6), exact(&ours), "what handleSummary wrote");
    ours
}

fn check(name: &str) {
    let web = Web::start();
    let base = Base { variable: "BASE", url: web.url.clone() };
    compare(&script(&format!("differential/{name}.js")), &[base]);
}

macro_rules! scripts {
    ($($name:ident)*) => { $(#[test] fn $name() { check(stringify!($name)); })* };
}

scripts! {
    abort_by_script aborted batches bodies cookies custom_metrics data error_codes failures groups_and_checks
    invalid_requests pages redirects requests scenario_settings scenarios sub_metrics summary_data
    tagged_groups thresholds trend_stats uploads
}
