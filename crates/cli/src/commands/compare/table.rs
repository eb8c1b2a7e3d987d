//! The comparison as a table, for a terminal and for a pull request.

use plimsoll_analysis::compare::{Figure, Row};

use super::{Comparison, Group, words};

const HEAD: [&str; 6] = ["figure", "", "", "change", "verdict", ""];

pub(super) fn text(comparison: &Comparison) -> String {
    if let [group] = comparison.groups.as_slice() {
        return alone(group);
    }
    let mut text = notes(comparison, "");
    each(comparison, |first, group, rows| {
        let table = table(first, group, rows, comparison);
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|at| table.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect();
        for row in &table {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        if let Some(note) = words::unsupported(rows) {
            text.push_str(&format!("{note}\n"));
        }
        text.push('\n');
    });
    text
}

pub(super) fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    each(comparison, |first, group, rows| {
        let table = table(first, group, rows, comparison);
        for (at, row) in table.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
            if at == 0 {
                text.push_str("|---|---:|---:|---:|---|---|\n");
            }
        }
        text.push('\n');
        if let Some(note) = words::unsupported(rows) {
            text.push_str(&format!("{note}\n\n"));
        }
    });
    text.push_str(&notes(comparison, "- "));
    text
}

fn each(comparison: &Comparison, mut pair: impl FnMut(&Group, &Group, &[Row])) {
    let Some((first, others)) = comparison.groups.split_first() else { return };
    for (group, rows) in others.iter().zip(&comparison.pairs) {
        pair(first, group, rows);
    }
}

/// The figures of a group that there is nothing to compare with: how much they vary.
fn alone(group: &Group) -> String {
    let values = |figure: Figure| {
        let values: Option<Vec<f64>> = group.runs.iter().map(|run| figure.of(run)).collect();
        Some(format!("{:<14}{}\n", figure.name(), words::value(figure, &values?)))
    };
    let runs = group.runs.len();
    let lines: String = Figure::ALL.iter().filter_map(|&figure| values(figure)).collect();
    format!("{} of {runs} runs, median and half the distance of the quarters\n{lines}", group.name)
}

/// One row for each figure, below a head.
fn table(first: &Group, group: &Group, rows: &[Row], comparison: &Comparison) -> Vec<[String; 6]> {
    let mut head = HEAD.map(str::to_owned);
    let [_, left, right, ..] = &mut head;
    left.clone_from(&first.name);
    right.clone_from(&group.name);
    let row = |row: &Row| {
        [
            row.figure.name().to_owned(),
            words::value(row.figure, &row.left),
            words::value(row.figure, &row.right),
            words::change(row),
            words::verdict(row, &comparison.settings),
            words::test(row),
        ]
    };
    std::iter::once(head).chain(rows.iter().map(row)).collect()
}

/// What the runs had different, and is no reason not to compare them.
fn notes(comparison: &Comparison, bullet: &str) -> String {
    let line = |difference: &plimsoll_analysis::compare::Difference| {
        let (what, left, right) = (&difference.what, &difference.left, &difference.right);
        format!("{bullet}{what} differs: {left} and {right}\n")
    };
    let lines: String = comparison.differences.iter().map(line).collect();
    if lines.is_empty() || !bullet.is_empty() { lines } else { format!("{lines}\n") }
}
