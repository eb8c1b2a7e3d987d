//! The summary as it was before k6 1.0: the tree of groups and one list of metrics.

use plimsoll_metrics::totals::{CheckTotal, GroupTotals};

use super::{
    SummaryInput, checks,
    metrics::{shown, suffix},
    style::Style,
    table::{Layout, Row, Table},
    values::Scale,
};

pub(super) fn render(input: &SummaryInput) -> String {
    let style = Style { color: input.color };
    let mut text = "\n".to_owned();
    group(&mut text, &checks::tree(input.totals), 0, style);

    let scale =
        Scale { duration: input.duration, unit: input.time_unit, trend_stats: input.trend_stats };
    let entries = shown(input.totals);
    let rows: Vec<Row> = entries.iter().map(|entry| Row::new(entry, &scale)).collect();
    let table = Table::new(&rows, input.trend_stats, style, Layout::Legacy);
    for (entry, row) in entries.iter().zip(&rows) {
        let mark = if entry.thresholds.is_empty() {
            " ".to_owned()
        } else {
            style.mark(entry.thresholds.iter().all(|threshold| !threshold.last_failed))
        };
        let indent = if suffix(entry).is_some() { "     " } else { "   " };
        text.push_str(&format!("{indent}{mark} {}\n", table.label_and_values(row)));
    }
    text.push('\n');
    text
}

fn group(text: &mut String, inside: &GroupTotals, level: usize, style: Style) {
    let indent = "  ".repeat(level);
    if level > 0 {
        text.push_str(&format!("   {indent}█ {}\n\n", inside.name));
    }
    for check in &inside.checks {
        text.push_str(&line(check, &indent, style));
    }
    if !inside.checks.is_empty() {
        text.push('\n');
    }
    for child in &inside.groups {
        group(text, child, level + 1, style);
    }
}

fn line(check: &CheckTotal, indent: &str, style: Style) -> String {
    let CheckTotal { name, passes, fails, .. } = check;
    if *fails == 0 {
        return format!("{}\n", style.green(&format!("     {indent}✓ {name}")));
    }
    let share = passes * 100 / (passes + fails);
    let text = format!("     {indent}✗ {name}\n      {indent}↳  {share}% — ✓ {passes} / ✗ {fails}");
    format!("{}\n", style.red(&text))
}
