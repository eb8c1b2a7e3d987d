//! The table of metrics and its page in the documentation.

use std::collections::HashSet;

use plimsoll_metrics::registry::SERIES_LIMIT;

use super::*;

/// As the documentation has it.
fn row(metric: &Metric) -> String {
    let kind = match metric.kind {
        MetricKind::Counter => "amount",
        MetricKind::Trend => "level",
        other => panic!("{}: {other}", metric.name),
    };
    let (name, unit) = (metric.name, metric.unit.name());
    let tags: Vec<_> = metric.tags.iter().map(|tag| format!("`{tag}`")).collect();
    format!(
        "| `{name}` | {kind} | {unit} | {} | {} | {} |",
        tags.join(", "),
        metric.source,
        metric.about
    )
}

#[test]
fn the_documentation_lists_all_of_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/watch.md");
    let page = std::fs::read_to_string(path).unwrap();
    let is_row = |line: &&str| {
        ["host_", "process_", "cgroup_", "postgres_", "redis_", "nginx_"]
            .iter()
            .any(|prefix| line.starts_with(&format!("| `{prefix}")))
    };
    let documented: Vec<&str> = page.lines().filter(is_row).collect();
    let expected: Vec<String> = all().iter().map(|metric| row(metric)).collect();
    assert_eq!(documented, expected, "docs/watch.md should have:\n{}", expected.join("\n"));
}

#[test]
fn names_are_unique_and_all_can_be_registered() {
    let registry = Registry::new(SERIES_LIMIT);
    let mut names = HashSet::new();
    for metric in all() {
        assert!(names.insert(metric.name), "{} is there twice", metric.name);
        metric.register(&registry).unwrap();
        assert!(!metric.about.ends_with('.') && !metric.source.is_empty(), "{}", metric.name);
        let counts_time_or_bytes = match metric.unit {
            Unit::Bytes => metric.name.ends_with("_bytes"),
            Unit::Seconds => metric.name.ends_with("_seconds"),
            _ => true,
        };
        assert!(counts_time_or_bytes, "{} does not name its unit", metric.name);
    }
}
