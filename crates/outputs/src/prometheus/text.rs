//! Prometheus's text format, version 0.0.4.

use std::fmt::Write;

/// What stands before the series of one name.
pub(super) fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
}

pub(super) fn line(text: &mut String, series: &str, value: f64) {
    writeln!(text, "{series} {value}").ok();
}

/// `labels` as [`labels`] gives them.
pub(super) fn series(name: &str, labels: &str) -> String {
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") }
}

/// `counts`: of each bucket by itself, in order of the bounds; those behind the last bound are of
/// what is above all.
pub(super) fn histogram(
    text: &mut String,
    name: &str,
    labels: &str,
    (bounds, counts): (&[f64], &[u64]),
    sum: f64,
) {
    let comma = if labels.is_empty() { "" } else { "," };
    let mut below = 0;
    for (bound, count) in bounds.iter().zip(counts) {
        below += count;
        line(text, &format!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}}"), below as f64);
    }
    let all = counts.iter().sum::<u64>() as f64;
    line(text, &format!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}}"), all);
    line(text, &series(&format!("{name}_sum"), labels), sum);
    line(text, &series(&format!("{name}_count"), labels), all);
}

/// `a="1",b="2"`
pub(super) fn labels<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let escaped =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    pairs
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect::<Vec<_>>()
        .join(",")
}
