//! `--report FILE.html` and `FILE.md`: a run for a colleague, verdict first, then the evidence. HTML is the
//! page of [`crate::view`] with its runs in it; Markdown is for a pull request.

mod facts;
mod markdown;
pub(crate) mod place;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_metrics::{Event, Interval, RawSample, Registry, Timestamp, Totals, record::End};

use crate::{
    Output, OutputError,
    view::{RunMeta, RunView, page, runs_json},
};
use facts::Facts;
use place::Place;

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
}

impl Format {
    /// By the ending of a file's name: `.html` or `.htm`, `.md` or `.markdown`.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(Format::Html),
            "md" | "markdown" => Some(Format::Markdown),
            _ => None,
        }
    }
}

/// Writes a report of `runs`; of several as a comparison.
///
/// # Errors
/// Those of `out`.
pub fn write(format: Format, runs: &[&RunView], out: &mut dyn Write) -> io::Result<()> {
    let json = runs_json(runs.iter().copied());
    match format {
        Format::Html => {
            let title = match runs {
                [run] => run.name().to_owned(),
                runs => format!("{} runs", runs.len()),
            };
            page::write_whole(&title, &json, out)
        }
        Format::Markdown => {
            let facts: Facts = serde_json::from_slice(&json)?;
            out.write_all(markdown::report(&facts).as_bytes())
        }
    }
}

/// A report that is written when the run is over.
pub struct ReportOutput {
    path: PathBuf,
    format: Format,
    place: Option<Place>,
    view: RunView,
}

/// Opens a report at `path`; what is there is replaced when the run is over and the report is whole.
///
/// # Errors
/// When the name ends in none of [`Format::of`], its folder is missing, or nothing can be written there.
pub fn start(path: &Path, meta: RunMeta, registry: Registry) -> Result<ReportOutput, OutputError> {
    let failed = |why: &dyn std::fmt::Display| OutputError {
        message: format!("--report {}: {why}", path.display()),
    };
    let format = Format::of(path).ok_or_else(|| {
        failed(&"name a file that ends in .html or .md: that is how it is written")
    })?;
    let place = Place::open(path).map_err(|error| failed(&error))?;
    let view = RunView::new(meta, registry);
    Ok(ReportOutput { path: path.to_owned(), format, place: Some(place), view })
}

impl Output for ReportOutput {
    fn describe(&self) -> String {
        format!("report ({})", self.path.display())
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _samples: &Arc<Vec<RawSample>>, _lost: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        self.view.interval(at, interval, totals);
    }

    fn event(&mut self, event: &Event) {
        self.view.event(event);
    }

    fn end(&mut self, end: &End) {
        self.view.end(end);
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        let Some(place) = self.place.take() else { return Ok(None) };
        let name = self.path.display();
        place.write(|out| write(self.format, &[&self.view], out)).map_err(|error| OutputError {
            message: format!("cannot write the report {name}: {error}"),
        })?;
        Ok(Some(format!("the report is in {name}")))
    }
}
