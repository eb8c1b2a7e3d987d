//! Rows of two cells each, and how they are laid out on so many columns.

use super::{figures::Figures, sparkline::sparkline};
use crate::{
    format::{bytes, duration, number::to_fixed},
    watched::{Kind, Level, Thing, Things},
};

/// Columns of a picture: fewer tell nothing, more need wide eyes.
const NARROWEST_TREND: usize = 6;
const WIDEST_TREND: usize = 30;

/// Columns of a label; longer ones are cut.
const LABEL_LIMIT: usize = 24;

/// Between columns.
const GAP: usize = 2;

/// A line of the view.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub label: String,
    pub cells: [Cell; 2],
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pub text: String,
    pub trend: Option<Trend>,
    /// Something is wrong, as the text says.
    pub alarm: bool,
}

/// What a value was lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Oldest first.
    pub values: Vec<f64>,
    /// What a full bar stands for.
    pub full: f64,
}

impl Trend {
    /// A full bar is `least` or the greatest value, whichever is more.
    fn of(level: &Level, least: f64) -> Option<Trend> {
        let values: Vec<f64> = level.recent().collect();
        let full = values.iter().copied().fold(least, f64::max);
        Some(Trend { values, full })
    }
}

impl Cell {
    fn new(text: impl Into<String>, trend: Option<Trend>) -> Cell {
        Cell { text: text.into(), trend, alarm: false }
    }
}

/// Those of the load, then one for each watched thing. `cores`: what the generator has.
pub(super) fn make(figures: &Figures, things: &Things, cores: f64) -> Vec<Row> {
    let mut rows = vec![rate(figures), latency(figures)];
    rows.extend(errors(figures));
    let several = things.has_several_hosts();
    let of_thing = |thing: &Thing| of_thing(thing, several, cores);
    rows.extend(things.list().into_iter().map(of_thing));
    rows
}

/// Starts that are later than this, in milliseconds at their 99th percentile, are told.
const LATENESS_TOLD: f64 = 10.0;

/// Share of the cores from which on the generator is its own limit.
const GENERATOR_SHARE_MAX: f64 = 0.9;

fn rate(figures: &Figures) -> Row {
    let rate = figures.rate.last().map_or("-".to_owned(), |rate| format!("{}/s", count(rate)));
    let (times, what) = match figures.per_iteration {
        Some(times) => (f64::from(times), ""),
        None => (1.0, " iterations"),
    };
    let asked = figures.asked.map(|asked| format!("{}{what}/s asked", count(asked * times)));
    let dropped = (figures.dropped > 0.0)
        .then(|| format!("{}{what} dropped", count(figures.dropped * times)));
    let late = figures.lateness.filter(|millis| *millis > LATENESS_TOLD);
    let alarm = dropped.is_some() || late.is_some();
    let late = late.map(|millis| format!("up to {} late", duration::humanize(millis, None)));
    let parts: Vec<String> = asked.into_iter().chain(dropped).chain(late).collect();
    let about = Cell { text: parts.join(", "), trend: None, alarm };
    Row {
        label: figures.noun.to_owned(),
        cells: [Cell::new(rate, Trend::of(&figures.rate, 0.0)), about],
    }
}

fn latency(figures: &Figures) -> Row {
    let cell = |name: &str, level: &Level| {
        let value = level.last().map_or("-".to_owned(), |millis| duration::humanize(millis, None));
        Cell::new(format!("{name} {value}"), Trend::of(level, 0.0))
    };
    Row {
        label: "latency".to_owned(),
        cells: [cell("p50", &figures.p50), cell("p99", &figures.p99)],
    }
}

fn errors(figures: &Figures) -> Option<Row> {
    let (failed, all) = figures.failures?;
    let share = figures.failed.last().unwrap_or(0.0);
    let now = Cell {
        text: format!("{} %", to_fixed(share * 100.0, 2)),
        // A full bar is all: a few errors do not look like an outage.
        trend: Trend::of(&figures.failed, 1.0),
        alarm: share > 0.0,
    };
    let total = format!("{} of {} failed", count(failed as f64), count(all as f64));
    Some(Row { label: "errors".to_owned(), cells: [now, Cell::new(total, None)] })
}

fn of_thing(thing: &Thing, several_hosts: bool, cores: f64) -> Row {
    let label = thing.label(several_hosts);
    if thing.is_gone() {
        let gone = Cell { text: "gone".to_owned(), trend: None, alarm: true };
        return Row { label, cells: [gone, Cell::default()] };
    }
    let cpu = match thing.cpu.last() {
        Some(value) => {
            let alarm = thing.kind == Kind::Generator && value > GENERATOR_SHARE_MAX * cores;
            let of = if alarm { format!(" of {cores}") } else { String::new() };
            let text = format!("CPU {}{of}", thing.cpu_text(value));
            Cell { text, trend: Trend::of(&thing.cpu, 1.0), alarm }
        }
        None => Cell::default(),
    };
    let memory = match thing.memory.last() {
        Some(value) => {
            let least = thing.memory_limit.unwrap_or(0.0);
            let text = format!("memory {}", bytes::humanize(value));
            Cell::new(text, Trend::of(&thing.memory, least))
        }
        None => Cell::default(),
    };
    Row { label, cells: [cpu, memory] }
}

/// With commas between thousands; one decimal where there is little.
fn count(value: f64) -> String {
    let text = to_fixed(value, usize::from(value < 10.0 && value.fract() != 0.0));
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), ""), |(a, b)| (a, b));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

/// At most `lines` lines of at most `width` columns; what finds no room is said to be there.
pub(in crate::progress) fn render(
    rows: &[Row],
    width: usize,
    lines: usize,
    color: bool,
) -> Vec<String> {
    let (shown, hidden) = match lines {
        0 | 1 => (lines, 0),
        // The last line is for what is left out.
        _ if rows.len() > lines => (lines - 1, rows.len() + 1 - lines),
        _ => (rows.len(), 0),
    };
    let rows = rows.get(..shown).unwrap_or_default();
    let layout = Layout::new(rows, width);
    let mut drawn: Vec<String> = rows.iter().map(|row| layout.line(row, color)).collect();
    if hidden > 0 {
        drawn.push(cut(&format!("... and {hidden} more"), width));
    }
    drawn
}

/// Widths of the columns.
struct Layout {
    width: usize,
    label: usize,
    texts: [usize; 2],
    trend: usize,
}

impl Layout {
    fn new(rows: &[Row], width: usize) -> Layout {
        let widest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let label = widest(&mut rows.iter().map(|row| row.label.as_str())).min(LABEL_LIMIT);
        // What has no picture may reach into the room of one.
        let text = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.cells.get(at));
            widest(&mut cells.filter(|cell| cell.trend.is_some()).map(|cell| cell.text.as_str()))
        };
        let texts = [text(0), text(1)];
        let used: usize = label + texts.iter().sum::<usize>() + 2 * GAP;
        // Two pictures, each behind a blank.
        let trend = width.saturating_sub(used + 2) / 2;
        let trend = if trend < NARROWEST_TREND { 0 } else { trend.min(WIDEST_TREND) };
        Layout { width, label, texts, trend }
    }

    fn line(&self, row: &Row, color: bool) -> String {
        let mut line = Line { text: String::new(), left: self.width, color };
        let label: String = row.label.chars().take(self.label).collect();
        line.push(&format!("{label:width$}", width = self.label), "");
        for (cell, &width) in row.cells.iter().zip(&self.texts) {
            line.push(&" ".repeat(GAP), "");
            let text = fitting(&cell.text, line.left);
            let trend = cell.trend.as_ref().filter(|_| self.trend > 0);
            line.push(text, if cell.alarm { "31" } else { "" });
            let all = width + if self.trend > 0 { 1 + self.trend } else { 0 };
            let text = text.chars().count();
            match trend {
                Some(trend) => {
                    line.push(&" ".repeat((width + 1).saturating_sub(text)), "");
                    line.push(&sparkline(&trend.values, trend.full, self.trend), "36");
                }
                None => line.push(&" ".repeat(all.saturating_sub(text)), ""),
            }
        }
        line.text.trim_end().to_owned()
    }
}

/// A line that grows to a width and no further.
struct Line {
    text: String,
    left: usize,
    color: bool,
}

impl Line {
    fn push(&mut self, text: &str, codes: &str) {
        let shown = cut(text, self.left);
        self.left -= shown.chars().count();
        if self.color && !codes.is_empty() && !shown.is_empty() {
            self.text.push_str(&format!("\x1b[{codes}m{shown}\x1b[0m"));
        } else {
            self.text.push_str(&shown);
        }
    }
}

/// As many of the parts between commas as `width` takes. Nothing is cut within a part: half a number would
/// be another number.
fn fitting(text: &str, width: usize) -> &str {
    let ends = text.match_indices(", ").map(|(at, _)| at).chain([text.len()]);
    let parts = ends.filter_map(|end| text.get(..end));
    parts.take_while(|part| part.chars().count() <= width).last().unwrap_or_default()
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::{count, fitting};

    #[test]
    fn no_number_is_cut() {
        for (width, expected) in [(30, "1,600/s asked, 3 dropped"), (20, "1,600/s asked"), (12, "")]
        {
            assert_eq!(fitting("1,600/s asked, 3 dropped", width), expected);
        }
    }

    #[test]
    fn counts_are_grouped() {
        for (value, expected) in [
            (0.0, "0"),
            (0.25, "0.3"),
            (9.0, "9"),
            (999.4, "999"),
            (1_000.0, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(count(value), expected);
        }
    }
}
