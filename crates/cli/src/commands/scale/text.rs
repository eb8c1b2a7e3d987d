//! The result for a person: sizes in a table, the curve, what was fitted.

use plimsoll_analysis::scaling::Fit;
use plimsoll_outputs::scale_page::Table;

use super::{
    asked::Swept,
    conclusion::{Conclusion, Entry, Size},
    notes, words,
};
use crate::commands::trials::figures::{milliseconds, number, percent};

const NONE: &str = "-";

/// Between columns, and what is left at least for the last.
const GAP: usize = 2;
const ROOM_MIN: usize = 12;

/// What stands before a note.
const NOTE: usize = 2;

/// Everything but the curve, which stands between the sizes and what was fitted.
pub(super) fn report(
    conclusion: &Conclusion,
    entries: &[Entry],
    told: &Told,
    picture: &str,
    width: usize,
) -> String {
    let mut text = format!("{}\n", columns(&sizes(conclusion, told.swept, told.noun), width));
    let busiest = busiest(conclusion, told.swept);
    if !busiest.rows.is_empty() {
        text += &format!("busiest, of what was watched:\n{}\n", columns(&busiest, width));
    }
    if conclusion.fit.is_some() {
        text += &format!("{picture}\n");
    }
    text += &format!("{}\n", wrapped(&words::headline(conclusion, told.swept), width, 0));
    for sentence in words::sentences(conclusion, told.swept) {
        text += &format!("{}\n", wrapped(&sentence, width, 0));
    }
    if let Some(fit) = &conclusion.fit {
        text += &format!("\n{}", columns(&parameters(fit, told.swept), width));
    }
    let notes = notes::notes(conclusion, entries, told.swept, told.is_here);
    if !notes.is_empty() {
        text += "\nnotes:\n";
        let room = width.saturating_sub(NOTE);
        notes.iter().for_each(|note| text += &format!("- {}\n", wrapped(note, room, NOTE)));
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

/// What was in use most at each size, where something was watched; without a head.
pub(super) fn busiest(conclusion: &Conclusion, swept: Swept) -> Table {
    let row = |size: &Size| {
        let busiest = size.busiest.as_ref()?;
        let share = percent(busiest.share);
        Some(vec![swept.count(size.n as f64), share, busiest.words.clone()])
    };
    Table { rows: conclusion.sizes.iter().filter_map(row).collect(), ..Table::default() }
}

/// A row for each size.
pub(super) fn sizes(conclusion: &Conclusion, swept: Swept, noun: &str) -> Table {
    let head = [
        // The longest of them takes too much of a line.
        if swept == Swept::Vus { "VUs" } else { swept.noun() },
        &format!("{noun}/s"),
        "least",
        "most",
        "latency",
        "p(99)",
        "failed",
        "Little",
        "own CPU",
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

/// Cells below each other: numbers to the right, and in a table without a head words to the left, the last
/// of them over several lines where `width` is too little.
fn columns(table: &Table, width: usize) -> String {
    let has_head = !table.head.is_empty();
    let lines = || has_head.then_some(&table.head).into_iter().chain(&table.rows);
    let count = lines().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        lines().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let before: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
    let room = width.saturating_sub(before).max(ROOM_MIN);
    let mut text = String::new();
    for line in lines() {
        let cells =
            line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match has_head {
                true => format!("{cell:>width$}"),
                false if at + 1 == count => wrapped(cell, room, before),
                false => format!("{cell:<width$}"),
            });
        text += cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end();
        text.push('\n');
    }
    text
}

/// In lines of `room` characters, all but the first indented.
fn wrapped(words: &str, room: usize, indent: usize) -> String {
    let (mut text, mut taken) = (String::new(), 0);
    for word in words.split(' ') {
        let length = word.chars().count();
        if taken > 0 && taken + 1 + length > room {
            text += &format!("\n{:indent$}", "");
            taken = 0;
        } else if taken > 0 {
            text.push(' ');
            taken += 1;
        }
        text += word;
        taken += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::conclusion::tests::sweep, *};

    #[test]
    fn lines_keep_to_the_terminal() {
        let entries = sweep();
        let conclusion = Conclusion::new(&entries, 1, false);
        for swept in [Swept::Vus, Swept::Connections, Swept::Nodes { per_node: 4 }] {
            let told = Told { swept, noun: "requests", is_here: false };
            let text = report(&conclusion, &entries, &told, "(curve)", 80);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|widest| widest <= 86), "{text}");
            assert!(text.contains("(curve)") && text.contains("peak at 15"), "{text}");
        }
    }

    #[test]
    fn words_are_wrapped_below_their_column() {
        assert_eq!(wrapped("a bb ccc dddd", 6, 2), "a bb\n  ccc\n  dddd");
        assert_eq!(wrapped("long", 2, 0), "long");
    }
}
