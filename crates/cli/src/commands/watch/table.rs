//! A table drawn over itself, for terminals.

use std::time::Duration;

use plimsoll_metrics::{Observation, Registry};
use plimsoll_outputs::{format::time::local_text, progress::Size};
use plimsoll_runtime::duration::go_string;

use super::{
    columns::{Form, SECTIONS, Section, short},
    things::{Key, Thing, Things},
};

/// From the corner on, over what is there; the cursor hidden.
const BEGIN: &str = "\x1b[?25l\x1b[H";
const LINE_END: &str = "\x1b[K\n";
const CLEAR_REST: &str = "\x1b[J";
/// The cursor again.
pub(super) const END: &str = "\x1b[?25h";

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// Shares from which on a figure is colored.
const HIGH: f64 = 0.9;
const RAISED: f64 = 0.7;

/// Between columns.
const GAP: usize = 2;

/// Things whose columns go on below when the terminal is narrow.
const WRAPPED_LIMIT: usize = 8;

pub(super) struct Table {
    things: Things,
    every: Duration,
    color: bool,
    is_begun: bool,
}

/// One cell, with its color.
#[derive(Clone)]
struct Cell {
    text: String,
    color: Option<&'static str>,
}

impl Cell {
    fn plain(text: String) -> Cell {
        Cell { text, color: None }
    }

    fn length(&self) -> usize {
        self.text.chars().count()
    }
}

/// A column with its heading.
#[derive(Clone)]
struct Cells {
    cells: Vec<Cell>,
    width: usize,
}

impl Cells {
    fn new(heading: &str, cells: impl Iterator<Item = Cell>) -> Cells {
        let heading = Cell::plain(heading.to_owned());
        let cells: Vec<Cell> = std::iter::once(heading).chain(cells).collect();
        let width = cells.iter().map(Cell::length).max().unwrap_or(0);
        Cells { cells, width }
    }
}

impl Table {
    pub(super) fn new(registry: Registry, every: Duration, color: bool) -> Table {
        Table { things: Things::new(registry, every), every, color, is_begun: false }
    }

    /// The screen after one more observation.
    pub(super) fn add(&mut self, observation: &Observation) -> String {
        self.things.add(observation);
        let size = Size::detect().unwrap_or(Size::DEFAULT);
        let mut screen = String::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            screen.push_str("\x1b[2J");
        }
        screen.push_str(BEGIN);
        for line in self.lines(size) {
            screen.push_str(&line);
            screen.push_str(LINE_END);
        }
        screen.push_str(CLEAR_REST);
        screen
    }

    /// As many as the terminal has room for.
    pub(super) fn lines(&self, size: Size) -> Vec<String> {
        let title = format!(
            "plimsoll watch  {}  every {}  q ends",
            local_text(self.things.newest()),
            go_string(self.every)
        );
        let mut lines = vec![self.styled(BOLD, &cut(&title, size.columns))];
        for (index, section) in SECTIONS.iter().enumerate() {
            let things: Vec<_> =
                self.things.all().filter(|(key, _)| key.section == index).collect();
            if !things.is_empty() {
                lines.push(String::new());
                self.section(section, &things, size.columns, &mut lines);
            }
        }
        let events = self.things.events();
        let room = size.rows.saturating_sub(lines.len() + events.len() + 2);
        self.pages(room, size.columns, &mut lines);
        if !events.is_empty() {
            lines.push(String::new());
            for event in events {
                let time = local_text(event.at.0);
                let time = time.split(' ').nth(1).unwrap_or_default();
                lines.push(cut(&format!("{time} {}", event.text), size.columns));
            }
        }
        lines.truncate(size.rows.saturating_sub(1).max(1));
        lines
    }

    /// Columns that do not fit beside the others go on below, or are left out where things are many.
    fn section(
        &self,
        section: &Section,
        things: &[(&Key, &Thing)],
        width: usize,
        lines: &mut Vec<String>,
    ) {
        let names = things.iter().map(|(key, _)| self.name(key));
        let names = Cells::new(section.title, names.map(Cell::plain));
        let columns = section.columns.iter().enumerate().filter_map(|(at, column)| {
            let figure = |thing: &Thing| thing.figures.get(&at).copied();
            let is_there = things.iter().any(|(_, thing)| figure(thing).is_some());
            let cells = things.iter().map(|(_, thing)| match figure(thing) {
                Some(value) => {
                    Cell { text: column.form.text(value), color: color(column.form, value) }
                }
                None => Cell::plain("-".to_owned()),
            });
            is_there.then(|| Cells::new(column.heading, cells))
        });
        let mut blocks: Vec<Vec<Cells>> = vec![Vec::new()];
        let mut used = names.width;
        for cells in columns.filter(|cells| names.width + GAP + cells.width <= width) {
            if used + GAP + cells.width > width {
                if things.len() > WRAPPED_LIMIT {
                    break;
                }
                blocks.push(Vec::new());
                used = names.width;
            }
            used += GAP + cells.width;
            blocks.last_mut().into_iter().for_each(|block| block.push(cells.clone()));
        }
        for block in blocks.iter().filter(|block| !block.is_empty()) {
            self.block(&names, block, width, lines);
        }
    }

    fn block(&self, names: &Cells, columns: &[Cells], width: usize, lines: &mut Vec<String>) {
        for (row, name) in names.cells.iter().enumerate() {
            let pad = " ".repeat(names.width.saturating_sub(name.length()));
            let mut line = cut(&format!("{}{pad}", name.text), width);
            for column in columns.iter().filter(|_| names.width < width) {
                let Some(cell) = column.cells.get(row) else { continue };
                let pad = " ".repeat((GAP + column.width).saturating_sub(cell.length()));
                line.push_str(&pad);
                match cell.color {
                    Some(color) => line.push_str(&self.styled(color, &cell.text)),
                    None => line.push_str(&cell.text),
                }
            }
            lines.push(if row == 0 { self.styled(DIM, &line) } else { line });
        }
    }

    /// With its host where there are several.
    fn name(&self, key: &Key) -> String {
        let hosts = self.things.all().filter(|(other, _)| other.section == 0).count();
        if key.host.is_empty() || hosts < 2 {
            return key.name.clone();
        }
        format!("{} @{}", key.name, key.host)
    }

    /// The series of pages of Prometheus, as far as there is room.
    fn pages(&self, room: usize, width: usize, lines: &mut Vec<String>) {
        let pages = self.things.all().filter(|(key, _)| key.section == SECTIONS.len());
        let mut left = room;
        for (key, thing) in pages {
            if left < 3 {
                return;
            }
            let count = thing.series.len();
            lines.push(String::new());
            lines.push(
                self.styled(DIM, &cut(&format!("PROMETHEUS {} ({count} series)", key.name), width)),
            );
            left -= 2;
            for (name, value) in thing.series.iter().take(left) {
                lines.push(cut(&format!("{name} {}", short(*value)), width));
                left -= 1;
            }
        }
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.color { format!("{style}{text}{PLAIN}") } else { text.to_owned() }
    }
}

fn color(form: Form, value: f64) -> Option<&'static str> {
    match form.share(value)? {
        HIGH.. => Some(RED),
        RAISED.. => Some(YELLOW),
        _ => None,
    }
}

/// What fits; names may hold anything, so control characters are left out.
fn cut(text: &str, width: usize) -> String {
    text.chars().filter(|char| !char.is_control()).take(width).collect()
}
