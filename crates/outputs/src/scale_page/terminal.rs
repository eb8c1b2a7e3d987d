//! The picture in characters: a curve in Braille dots, runs as discs.

use super::{
    Picture,
    axis::{Axis, short},
};

/// Lines that the curve has, and columns at least and at most: one that is much wider looks flat.
const ROWS: usize = 15;
const COLUMNS_MIN: usize = 24;
const COLUMNS_MAX: usize = 96;

/// Dots of a Braille character, across and down, and the bit of each.
const ACROSS: usize = 2;
const DOWN: usize = 4;
const BITS: [[u8; ACROSS]; DOWN] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
const BRAILLE: u32 = 0x2800;

const RUN: char = '●';
const LEFT_OUT: char = '×';

const CURVE_COLOR: &str = "36";
const LEFT_OUT_COLOR: &str = "31";
const FAINT: &str = "2";

/// What is drawn in one character.
#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u8,
    mark: Option<char>,
}

pub(super) fn draw(picture: &Picture, width: usize, has_color: bool) -> String {
    let (most, highest) = picture.most();
    let axis = Axis::new(highest, 4.0, false);
    let label = axis.ticks.iter().map(|tick| short(*tick).chars().count()).max().unwrap_or(0);
    let columns = width.saturating_sub(label + 4).clamp(COLUMNS_MIN, COLUMNS_MAX);
    let mut canvas = Canvas { columns, cells: vec![Cell::default(); columns * ROWS], most, axis };
    canvas.curve(picture);
    canvas.dots(picture);
    let paint = |codes: &str, text: &str| match has_color {
        true => format!("\x1b[{codes}m{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let mut text = format!("{:>label$} {}\n", "", paint(FAINT, &picture.y));
    for row in 0..ROWS {
        let tick = canvas.tick(row).map_or_else(String::new, short);
        let edge = if tick.is_empty() { "│" } else { "┤" };
        text += &paint(FAINT, &format!("{tick:>label$} {edge}"));
        text += canvas.row(row, paint).trim_end();
        text.push('\n');
    }
    text += &paint(FAINT, &format!("{:>label$} └{}", "", "─".repeat(columns)));
    text.push('\n');
    text += &canvas.sizes(picture, label + 2, &picture.x);
    text += &legend(picture, label + 2, paint);
    text
}

struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
    most: f64,
    axis: Axis,
}

impl Canvas {
    fn curve(&mut self, picture: &Picture) {
        let Some(best) = picture.curves.first() else { return };
        let (width, height) = (self.columns * ACROSS, ROWS * DOWN);
        let mut before: Option<usize> = None;
        for across in 0..width {
            let n = self.most * across as f64 / (width - 1) as f64;
            let Some(throughput) = best.at(n) else { continue };
            let share = throughput / self.axis.end;
            let down = ((1.0 - share.clamp(0.0, 1.0)) * (height - 1) as f64).round() as usize;
            // Where it is steep, without gaps.
            let from = before.unwrap_or(down);
            for at in from.min(down)..=from.max(down) {
                let is_seam = at == from && from != down;
                if !is_seam {
                    self.dot(across, at);
                }
            }
            before = Some(down);
        }
    }

    fn dot(&mut self, across: usize, down: usize) {
        let cell = self.cells.get_mut(down / DOWN * self.columns + across / ACROSS);
        let bit = BITS.get(down % DOWN).and_then(|row| row.get(across % ACROSS));
        if let (Some(cell), Some(bit)) = (cell, bit) {
            cell.dots |= bit;
        }
    }

    fn dots(&mut self, picture: &Picture) {
        // Those that count come last, and so are not hidden.
        for counts in [false, true] {
            for dot in picture.dots.iter().filter(|dot| dot.counts == counts) {
                let share = (dot.throughput / self.axis.end).clamp(0.0, 1.0);
                let row = ((1.0 - share) * (ROWS * DOWN - 1) as f64).round() as usize / DOWN;
                let column = self.column(dot.n);
                if let Some(cell) = self.cells.get_mut(row * self.columns + column) {
                    cell.mark = Some(if counts { RUN } else { LEFT_OUT });
                }
            }
        }
    }

    fn column(&self, n: f64) -> usize {
        (n / self.most * (self.columns - 1) as f64).round() as usize
    }

    /// The number beside a row.
    fn tick(&self, row: usize) -> Option<f64> {
        let row_of =
            |tick: f64| ((1.0 - tick / self.axis.end) * (ROWS - 1) as f64).round() as usize;
        self.axis.ticks.iter().copied().find(|tick| row_of(*tick) == row)
    }

    fn row(&self, row: usize, paint: impl Fn(&str, &str) -> String) -> String {
        let cells = self.cells.iter().skip(row * self.columns).take(self.columns);
        let cell = |cell: &Cell| match cell.mark {
            Some(LEFT_OUT) => paint(LEFT_OUT_COLOR, &LEFT_OUT.to_string()),
            Some(mark) => mark.to_string(),
            None if cell.dots == 0 => " ".to_owned(),
            None => {
                let braille = char::from_u32(BRAILLE + u32::from(cell.dots)).unwrap_or('.');
                paint(CURVE_COLOR, &braille.to_string())
            }
        };
        cells.map(cell).collect()
    }

    /// The sizes below their columns, where there is room.
    fn sizes(&self, picture: &Picture, indent: usize, name: &str) -> String {
        let mut sizes: Vec<f64> = picture.dots.iter().map(|dot| dot.n).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let mut line = vec![' '; indent + self.columns];
        // The largest has its place first.
        let mut free = line.len();
        for size in sizes.iter().rev() {
            let text = short(*size);
            let end = (indent + self.column(*size) + 1 + text.len() / 2).min(indent + self.columns);
            let start = end.saturating_sub(text.len());
            if end < free && start >= indent || free == line.len() {
                for (place, char) in line.iter_mut().skip(start).zip(text.chars()) {
                    *place = char;
                }
                free = start.saturating_sub(1);
            }
        }
        let line: String = line.into_iter().collect();
        format!("{}\n{:>indent$}{name}\n", line.trim_end(), "")
    }
}

fn legend(picture: &Picture, indent: usize, paint: impl Fn(&str, &str) -> String) -> String {
    let mut text = format!("{:>indent$}{RUN} one run", "");
    if picture.dots.iter().any(|dot| !dot.counts) {
        text += &format!("   {} left out", paint(LEFT_OUT_COLOR, &LEFT_OUT.to_string()));
    }
    if let Some(best) = picture.curves.first() {
        text += &format!("\n{:>indent$}{} {}", "", paint(CURVE_COLOR, "⠤⠒"), best.name);
    }
    text + "\n"
}
