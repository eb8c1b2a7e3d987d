//! How throughput grows, as a picture and as a page: for a terminal, as SVG, and as HTML that opens offline.
//!
//! All of it is made from one [`Picture`], so that they show the same. The page has no script: its picture
//! is the SVG, with colors that follow the reader's.

mod axis;
mod page;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::{OutputError, report_page::place::Place};

pub use page::{Page, Table, Tone};

/// Dots of runs, and curves through them.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub title: String,
    /// What is swept, and what throughput is measured in: `connections`, `requests/s`.
    pub x: String,
    pub y: String,
    pub dots: Vec<Dot>,
    /// The one that fits best first.
    pub curves: Vec<Curve>,
    /// A peak that was seen.
    pub peak: Option<Summit>,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub n: f64,
    pub throughput: f64,
    /// Whether the curves are of it too.
    pub counts: bool,
}

/// A law that was fitted, as points that are close to each other, ascending.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Where a curve is highest, and between what that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summit {
    pub n: f64,
    pub low: f64,
    pub high: f64,
    pub throughput: f64,
}

impl Picture {
    /// For a terminal or a pipe of `width` columns, with escape sequences if `has_color`.
    pub fn text(&self, width: usize, has_color: bool) -> String {
        terminal::draw(self, width, has_color)
    }

    /// A file of its own.
    pub fn svg(&self) -> String {
        svg::whole(self)
    }

    /// The largest of what is swept and of throughput, at least 1.
    fn most(&self) -> (f64, f64) {
        let dots = self.dots.iter().map(|dot| (dot.n, dot.throughput));
        let best = self.curves.first().into_iter().flat_map(|curve| curve.points.iter().copied());
        dots.chain(best).fold((1.0, 1.0), |(n, most), (x, y)| (f64::max(n, x), f64::max(most, y)))
    }
}

impl Curve {
    /// Between its points in a straight line; `None` outside.
    fn at(&self, n: f64) -> Option<f64> {
        let after = self.points.iter().position(|(x, _)| *x >= n)?;
        let (right, high) = *self.points.get(after)?;
        let Some((left, low)) = after.checked_sub(1).and_then(|before| self.points.get(before))
        else {
            return (right == n).then_some(high);
        };
        Some(low + (high - low) * (n - left) / (right - left))
    }
}

/// A file that is written when the sweep is over; what is there is replaced then.
pub struct File {
    flag: &'static str,
    path: PathBuf,
    place: Place,
}

impl File {
    /// Opens it, for the flag that names it.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn open(flag: &'static str, path: &Path) -> Result<File, OutputError> {
        let place = Place::open(path).map_err(|error| OutputError {
            message: format!("{flag} {}: {error}", path.display()),
        })?;
        Ok(File { flag, path: path.to_owned(), place })
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// When it cannot be written; then it is as it was.
    pub fn write(self, text: &str) -> Result<(), OutputError> {
        let File { flag, path, place } = self;
        place
            .write(|out| out.write_all(text.as_bytes()))
            .map_err(|error| OutputError { message: format!("{flag} {}: {error}", path.display()) })
    }
}
