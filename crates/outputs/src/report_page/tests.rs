//! Reports from their first interval to the file.

use plimsoll_metrics::record::Header;

use super::*;
use crate::view::testing::{START_MS, Story};

fn markdown_of(view: &RunView) -> String {
    let mut out = Vec::new();
    write(Format::Markdown, &[view], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn markdown_of_a_run() {
    // The zone is the machine's.
    insta::with_settings!({filters => vec![(r"2026-11-2\d \d\d:\d\d:", "2026-11-2x hh:mm:")]}, {
        insta::assert_snapshot!(markdown_of(&Story::told(75)));
    });
}

#[test]
fn markdown_of_several_runs_compares_them() {
    let (one, other) = (Story::told(20), Story::told(70));
    let mut out = Vec::new();
    write(Format::Markdown, &[&one, &other], &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let line = |start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start} in\n{text}")).to_owned()
    };
    // Runs of one name are told apart by their times.
    assert_eq!(line("| |").matches("| checkout.js 2026-11-2").count(), 2);
    assert!(line("| Requests |").ends_with(" %) |"), "{text}");
    assert_eq!(text.matches("\n## ").count(), 2, "{text}");
}

#[test]
fn an_attack_is_told_in_its_own_words() {
    let header = |options| Header {
        tool_version: "0.1.0".into(),
        started_unix_ms: START_MS,
        script: "GET http://shop/".into(),
        options,
    };
    let told = |options: serde_json::Value| {
        let mut story = Story::new();
        let mut view = RunView::new(RunMeta::new("a", &header(options)), story.registry.clone());
        for _ in 0..20 {
            story.second(|at, interval, totals| view.interval(at, interval, totals));
        }
        markdown_of(&view)
    };
    let attack = told(serde_json::json!({ "attack": { "name": "" } }));
    assert!(attack.contains("| Never sent |") && attack.contains("| Workers, most |"), "{attack}");
    assert!(!attack.contains("VUs") && !attack.contains("iterations"), "{attack}");
    let script = told(serde_json::json!({}));
    assert!(script.contains("| Dropped iterations |") && script.contains("| VUs, most |"));
}

#[test]
fn nothing_recorded_is_a_report_too() {
    let view = RunView::new(Story::meta(), Registry::new(10));
    let text = markdown_of(&view);
    assert!(text.starts_with("## 🏃 checkout.js: running"), "{text}");
}

/// A run that was followed to its end.
fn follow(path: &Path) -> ReportOutput {
    let mut story = Story::new();
    let mut output = start(path, Story::meta(), story.registry.clone()).unwrap();
    for _ in 0..5 {
        story.second(|at, interval, totals| output.interval(at, interval, totals));
    }
    output.event(&story.event("fault", "</script><b>|"));
    output.end(&story.end());
    output
}

#[test]
fn a_file_for_each_format() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, begin: &str, part: &str| {
        let path = folder.path().join(name);
        let mut output = follow(&path);
        assert!(!path.exists(), "it has its name when it is whole");
        let line = output.finish().unwrap().unwrap();
        assert!(line.contains(name), "{line}");
        assert_eq!(output.finish().unwrap(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(begin), "{name}: {}", text.get(..80).unwrap_or_default());
        assert!(text.contains(part), "{name}");
    };
    check("a.html", "<!doctype html>", "\"reason\":\"finished\"");
    check("b.HTM", "<!doctype html>", "\\u003c/script>\\u003cb>|");
    check("a.md", "## ", "**fault** &lt;/script&gt;&lt;b&gt;\\|");
}

#[test]
fn what_cannot_be_written_is_told_before_the_run() {
    let check = |path: &str, expected: &str| {
        let error = start(Path::new(path), Story::meta(), Registry::new(10)).err().unwrap();
        assert!(error.message.contains(expected), "{error}");
        assert!(error.message.starts_with(&format!("--report {path}: ")), "{error}");
    };
    check("report.pdf", "ends in .html or .md");
    check("report", "ends in .html or .md");
    check("/nowhere/report.html", "there is no folder /nowhere");
    check("/dev/null/report.html", "/dev/null");
}
