//! The result for a person: sizes in a table, the curve, what was fitted.

use plimsoll_analysis::scaling::Fit;
use plimsoll_outputs::scale_page::Table;

use super::{
    asked::Swept,
    conclusion::{Conclusion, Entry, Size},
    words,
};
use crate::commands::capacity::words::{milliseconds, number, percent};

const NONE: &str = "-";

/// Everything but the curve, which stands between the sizes and what was fitted.
pub(super) fn report(
    conclusion: &Conclusion,
    entries: &[Entry],
    told: &Told,
    picture: &str,
) -> String {
    let mut text = format!("{}\n", columns(&sizes(conclusion, told.swept, told.noun)));
    if conclusion.fit.is_some() {
        text += &format!("{picture}\n");
    }
    text += &format!("{}\n", words::headline(conclusion, told.swept));
    if let Some(fit) = &conclusion.fit {
        for sentence in words::sentences(fit, told.swept) {
            text += &format!("{sentence}\n");
        }
        text += &format!("\n{}", columns(&parameters(fit, told.swept)));
    }
    let notes = words::notes(conclusion, entries, told.swept, told.is_here);
    if !notes.is_empty() {
        text += "\nnotes:\n";
        notes.iter().for_each(|note| text += &format!("  {note}\n"));
    }
    text
}

/// What the figures are about.
pub(super) struct Told {
    pub(super) swept: Swept,
    /// What is sent: `requests`.
    pub(super) noun: &'static str,
    /// Whether the service is on this machine.
    pub(super) is_here: bool,
}

/// A row for each figure; without a head.
pub(super) fn parameters(fit: &Fit, swept: Swept) -> Table {
    let rows = words::parameters(fit, swept).into_iter().map(|row| row.to_vec()).collect();
    Table { rows, ..Table::default() }
}

/// A row for each size.
pub(super) fn sizes(conclusion: &Conclusion, swept: Swept, noun: &str) -> Table {
    let head = [
        swept.noun(),
        &format!("{noun}/s"),
        "least",
        "most",
        "latency",
        "p(99)",
        "failed",
        "by Little's law",
        "plimsoll's CPU",
        "runs",
    ];
    let row = |size: &Size| {
        let Size { counted: (counted, all), throughput, little: (in_flight, holds), .. } = *size;
        let of = |at: usize| {
            let value = throughput.and_then(|values| values.get(at).copied());
            value.map_or_else(|| NONE.to_owned(), number)
        };
        let or_none = |text: String| if counted > 0 { text } else { NONE.to_owned() };
        let mark = if holds { "" } else { " !" };
        vec![
            size.n.to_string(),
            of(0),
            of(1),
            of(2),
            or_none(milliseconds(size.latency.mean())),
            or_none(milliseconds(size.latency.percentile(99.0))),
            or_none(percent(size.failed)),
            or_none(format!("{}{mark}", number(in_flight))),
            percent(size.cpu_share),
            if counted == all { all.to_string() } else { format!("{counted} of {all}") },
        ]
    };
    let left_out = conclusion.sizes.iter().enumerate();
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: conclusion.sizes.iter().map(row).collect(),
        left_out: left_out.filter(|(_, size)| size.counted.0 == 0).map(|(at, _)| at).collect(),
    }
}

/// Cells below each other: numbers to the right, and in a table without a head words to the left.
fn columns(table: &Table) -> String {
    let has_head = !table.head.is_empty();
    let lines = || has_head.then_some(&table.head).into_iter().chain(&table.rows);
    let count = lines().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        lines().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for line in lines() {
        let cells = line.iter().zip(&widths).map(|(cell, width)| {
            if has_head { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
