//! A stored search told again: its report needs no new trials.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    time::Duration,
};

use plimsoll_analysis::capacity::{Finding, Search as Searching, Settings, Step};
use plimsoll_outputs::search::Search;
use serde_json::Value;

use super::{report, sentences::About, story::Story, tried::sides};
use crate::{
    args::Dimension,
    commands::{
        capacity::{
            care::Aftermath,
            circumstances::Circumstances,
            diagnosis,
            record::Entry,
            store::{self, Stored, Subject},
        },
        trials::level::Unit,
    },
    exit::{Exit, Failure},
};

/// A longer first line is none of a stored search.
const HEADER_MAX: u64 = 1 << 20;

/// A stored search in its shapes.
pub(crate) struct Retold {
    /// For a page or Markdown.
    pub(crate) search: Search,
    /// For a terminal.
    pub(crate) text: String,
}

/// Whether the file begins as a stored search does.
pub(crate) fn is_search(path: &Path) -> bool {
    header(path).is_some()
}

fn header(path: &Path) -> Option<Value> {
    // Opening a pipe would wait for whoever writes to it.
    if !path.is_file() {
        return None;
    }
    let mut line = String::new();
    let file = File::open(path).ok()?;
    BufReader::new(file.take(HEADER_MAX)).read_line(&mut line).ok()?;
    let json: Value = serde_json::from_str(&line).ok()?;
    json.get(store::KEY).is_some().then_some(json)
}

/// Reads the search that is stored at `path`, and what follows from its trials.
///
/// # Errors
/// When it is damaged: with the line.
pub(crate) fn retell(path: &Path) -> Result<Retold, Failure> {
    let name = path.display();
    let bad = |what: String| Failure::new(Exit::Other, format!("{name}: {what}"));
    let header = header(path).ok_or_else(|| bad("this is no stored search".to_owned()))?;
    let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
    let objectives = header.get("objectives").and_then(Value::as_array).into_iter().flatten();
    let objectives = objectives.filter_map(Value::as_str).map(str::to_owned);
    let subject = Subject {
        target: text("target").unwrap_or_default(),
        dimension: text("dimension").unwrap_or_else(|| "rate".to_owned()),
        objectives: objectives.collect(),
    };
    let mut stored =
        store::at(path, &subject).map_err(|(line, what)| bad(format!("line {line}: {what}")))?;
    let circumstances = Circumstances::read(header.get("about").unwrap_or(&Value::Null));
    let unit = unit(&subject.dimension, &circumstances.noun);
    let range = stored.range;
    let mut settings = Settings::within(circumstances.trials, range.start, range.ceiling);
    if unit.is_whole() {
        settings = settings.whole(range.floor);
    }
    let (finding, was_cut_off) = found(&settings, &stored.entries, circumstances.trials);
    let aftermath = Aftermath::of_stored(&mut stored, &finding);
    let Stored { entries, end, .. } = stored;
    let is_interrupted = end.as_ref().map_or(was_cut_off, |end| end.is_interrupted);
    let story = Story {
        target: &subject.target,
        unit,
        objectives: &subject.objectives,
        circumstances: &circumstances,
        needed: settings.needed,
    };
    let mut conclusion = story.conclude(finding, &entries, is_interrupted);
    let mut intervention = aftermath.shown();
    let notes = match end {
        Some(end) => {
            conclusion.generator_share = end.generator_share.or(conclusion.generator_share);
            if let (Some(shown), Some(changed)) = (&mut intervention, end.changed) {
                shown.words = changed;
            }
            end.notes
        }
        None => {
            aftermath.correct(&mut conclusion);
            aftermath.notes(&conclusion)
        }
    };
    let told = story.told(&conclusion, &entries, &sides(&settings, &entries));
    let search = Search { notes: notes.clone(), intervention, ..told };
    let first = diagnosis::diagnose(&entries, &conclusion.finding, &circumstances.watched);
    let is_closed = circumstances.is_closed;
    let about = About { unit, is_closed, objectives: &subject.objectives };
    let answer = report::report(&conclusion, &first, &about, &entries);
    let notes = notes.iter().map(|note| format!("{note}\n"));
    Ok(Retold { search, text: answer + &notes.collect::<String>() })
}

/// What follows from the trials, and whether there was time for more.
fn found(settings: &Settings, entries: &[Entry], time: Duration) -> (Finding, bool) {
    let mut searching = Searching::new(settings.clone());
    for entry in entries {
        searching.record(entry.order, entry.outcome.clone(), entry.score);
    }
    let elapsed = entries.last().map_or(Duration::ZERO, |entry| entry.elapsed);
    match searching.next(time.saturating_sub(elapsed)) {
        Step::Done(finding) => (finding, false),
        Step::Run(_) => match searching.next(Duration::ZERO) {
            Step::Done(finding) => (finding, true),
            Step::Run(order) => unreachable!("{order:?} in no time"),
        },
    }
}

fn unit(dimension: &str, noun: &str) -> Unit {
    Unit {
        dimension: match dimension {
            "vus" => Dimension::Vus,
            "connections" => Dimension::Connections,
            _ => Dimension::Rate,
        },
        noun: match noun {
            "commands" => "commands",
            "iterations" => "iterations",
            _ => "requests",
        },
    }
}
