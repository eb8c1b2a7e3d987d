//! A search for a capacity as people see it: one page that opens offline or follows the search, and
//! Markdown for a pull request.
//!
//! [`Search`] is plain data: whoever searches fills it in, with its verdicts already in words.

mod live;
mod markdown;
mod model;
mod page;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    OutputError,
    report_page::{Format, place::Place},
};

pub use live::{SearchPage, start};
pub use model::{
    Answer, Capacity, Figure, Goal, Intervention, Level, Limit, Named, Next, Now, Objective,
    Progress, Resource, Role, Search, Second, Side, Tone, Trial, Unit, Verdict,
};

/// Writes the report of a search.
///
/// # Errors
/// Those of `out`.
pub fn write(format: Format, search: &Search, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Html => page::write_whole(search, out),
        Format::Markdown => out.write_all(markdown::report(search).as_bytes()),
    }
}

/// A report that is written when the search is over.
#[derive(Debug)]
pub struct SearchReport {
    path: PathBuf,
    format: Format,
    place: Place,
}

impl SearchReport {
    /// Opens a report at `path`; what is there is replaced when the report is whole.
    ///
    /// # Errors
    /// When the name ends in none of [`Format::of`], its folder is missing, or nothing can be written there.
    pub fn open(path: &Path) -> Result<SearchReport, OutputError> {
        let failed = |why: &dyn std::fmt::Display| OutputError {
            message: format!("--report {}: {why}", path.display()),
        };
        let format = Format::of(path).ok_or_else(|| {
            failed(&"name a file that ends in .html or .md: that is how it is written")
        })?;
        let place = Place::open(path).map_err(|error| failed(&error))?;
        Ok(SearchReport { path: path.to_owned(), format, place })
    }

    /// Writes it; the line says where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, search: &Search) -> Result<String, OutputError> {
        let name = self.path.display();
        let written = self.place.write(|out| write(self.format, search, out));
        written.map_err(|error| OutputError {
            message: format!("cannot write the report {name}: {error}"),
        })?;
        Ok(format!("the report is in {name}"))
    }
}
