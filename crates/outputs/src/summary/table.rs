//! Lines of `name....: values`, aligned with each other.

use plimsoll_metrics::{Origin, totals::Entry};

use super::{
    metrics::{is_k6, suffix},
    style::Style,
    trend_stat::TrendStat,
    values::{Cells, Scale},
};

/// A metric on its way to a line.
pub(super) struct Row {
    /// What is printed: the metric's name, or `{ tag:value }` below it.
    pub(super) label: String,
    pub(super) is_sub: bool,
    key_width: usize,
    cells: Cells,
}

impl Row {
    pub(super) fn new(entry: &Entry, scale: &Scale) -> Row {
        let cells = scale.cells(&entry.sink, entry.metric.contains);
        let (label, is_sub) = match suffix(entry) {
            Some(suffix) => (format!("{{ {suffix} }}"), true),
            None => (entry.name.clone(), false),
        };
        // What k6 does not have does not move what it has.
        let moves = is_k6(entry) && entry.metric.origin != Origin::Watched;
        let key_width = if moves { width(&entry.name) } else { 0 };
        Row { label, is_sub, key_width, cells }
    }

    /// A line that is not a metric's own.
    pub(super) fn named(name: &str, (value, about): (String, String)) -> Row {
        let cells = Cells::Plain(value, vec![about]);
        Row { label: name.to_owned(), is_sub: false, key_width: width(name), cells }
    }

    fn label_width(&self) -> usize {
        width(&self.label) + if self.is_sub { 2 } else { 0 }
    }
}

/// Which of k6's two layouts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Modern,
    Legacy,
}

/// Widths of the columns of a table.
pub(super) struct Table<'a> {
    style: Style,
    layout: Layout,
    trend_stats: &'a [TrendStat],
    name: usize,
    value: usize,
    about: Vec<usize>,
    trend: Vec<usize>,
}

impl<'a> Table<'a> {
    pub(super) fn new<'r>(
        rows: impl IntoIterator<Item = &'r Row>,
        trend_stats: &'a [TrendStat],
        style: Style,
        layout: Layout,
    ) -> Table<'a> {
        const LEAST_DOTS: usize = 3;
        let trend = vec![0; trend_stats.len()];
        let mut table =
            Table { style, layout, trend_stats, name: 0, value: 0, about: Vec::new(), trend };
        for row in rows {
            // The modern layout leaves as much room again as the metric's full name takes.
            let key = if layout == Layout::Modern { row.key_width } else { 0 };
            table.name = table.name.max(row.label_width() + key + LEAST_DOTS);
            match &row.cells {
                Cells::Trend(values) => widen(&mut table.trend, values),
                Cells::Plain(value, about) => {
                    table.value = table.value.max(width(value));
                    widen(&mut table.about, about);
                }
            }
        }
        table
    }

    /// From the first dot to the end of the line, the label's width known.
    pub(super) fn label_and_values(&self, row: &Row) -> String {
        let dots = format!("{}:", ".".repeat(self.name.saturating_sub(row.label_width())));
        let dots = match self.layout {
            Layout::Modern => self.style.faint_white(&dots),
            Layout::Legacy => self.style.faint(&dots),
        };
        format!("{}{dots} {}", row.label, self.values(&row.cells))
    }

    fn values(&self, cells: &Cells) -> String {
        match cells {
            Cells::Trend(values) => {
                let stats = self.trend_stats.iter().zip(values).zip(&self.trend);
                let columns: Vec<String> = stats
                    .map(|((stat, value), &column)| {
                        let padding = " ".repeat(column.saturating_sub(width(value)));
                        format!("{}={}{padding}", stat.name(), self.style.cyan(value))
                    })
                    .collect();
                columns.join(" ")
            }
            Cells::Plain(value, about) => {
                let padding = " ".repeat(self.value.saturating_sub(width(value)));
                let mut line = format!("{}{padding}", self.style.cyan(value));
                for (text, &column) in about.iter().zip(&self.about) {
                    line.push(' ');
                    line.push_str(&match self.layout {
                        Layout::Modern => self.style.faint_cyan(text),
                        Layout::Legacy => self.style.cyan_faint(text),
                    });
                    if about.len() > 1 {
                        line.push_str(&" ".repeat(column.saturating_sub(width(text))));
                    }
                }
                line
            }
        }
    }
}

fn widen(columns: &mut Vec<usize>, texts: &[String]) {
    if columns.len() < texts.len() {
        columns.resize(texts.len(), 0);
    }
    for (column, text) in columns.iter_mut().zip(texts) {
        *column = (*column).max(width(text));
    }
}

/// Characters, as k6 counts them.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}
