//! Trials in a file as they end, so that a search that was stopped goes on where it was: a line of JSON
//! says what is searched, and one line each trial.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::record::Entry;
use crate::{
    environment::xdg,
    exit::{Exit, Failure},
};

/// Of the file's form.
const VERSION: u64 = 1;

/// Names the version in the first line, and by it the file.
pub(super) const KEY: &str = "plimsoll_capacity";

/// Names the last line of a search that came to its end.
const END: &str = "end";

/// A longer file is none of ours: a search has at most some hundred trials.
const BYTES_MAX: u64 = 256 << 20;

/// What is searched, and where from; a search goes on only with the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    pub(super) target: String,
    /// What is raised: `rate`, `vus`, `connections`.
    pub(super) dimension: String,
    pub(super) objectives: Vec<String>,
}

/// What the probe found, so that a search that goes on has the same settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) start: f64,
    pub(super) ceiling: f64,
    /// Of whole numbers: the least.
    pub(super) floor: f64,
}

/// A search as it was left.
pub(super) struct Stored {
    pub(super) range: Range,
    /// What was found of the generator; nothing when it was not calibrated, with the reason.
    pub(super) calibration: Value,
    pub(super) not_calibrated: Option<String>,
    pub(super) entries: Vec<Entry>,
    /// Trials while an intervention changed something.
    pub(super) aside: Vec<Entry>,
    /// What was said when it came to its end; nothing of one that was cut off.
    pub(super) end: Option<Ended>,
}

/// The end of a search, for who reads the file later: its last runs are no trials.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ended {
    pub(super) is_interrupted: bool,
    /// The most of what it can do that the generator did, up to the capacity.
    pub(super) generator_share: Option<f64>,
    /// What was done so that the answer can be trusted, in sentences.
    pub(super) notes: Vec<String>,
    /// What an intervention changed.
    pub(super) changed: Option<String>,
}

impl Ended {
    fn json(&self) -> Value {
        json!({
            "interrupted": self.is_interrupted,
            "generator_share": self.generator_share,
            "notes": self.notes,
            "changed": self.changed,
        })
    }

    /// Reads what [`Ended::json`] made; what is missing is as usual.
    fn read(json: &Value) -> Ended {
        let text = |json: &Value| json.as_str().map(str::to_owned);
        let notes = json.get("notes").and_then(Value::as_array).into_iter().flatten();
        Ended {
            is_interrupted: json.get("interrupted").and_then(Value::as_bool).unwrap_or(false),
            generator_share: json.get("generator_share").and_then(Value::as_f64),
            notes: notes.filter_map(text).collect(),
            changed: json.get("changed").and_then(text),
        }
    }
}

/// The file, or nothing with `--state off`.
pub(super) struct Store {
    path: Option<PathBuf>,
    file: Option<File>,
    /// What was found of the generator.
    pub(super) calibration: Value,
    /// Why it was not calibrated.
    pub(super) not_calibrated: Option<String>,
    /// What the search is done with, for who reads the file later.
    pub(super) about: Value,
}

impl Store {
    /// `state`: of the flag.
    pub(super) fn new(state: Option<&str>, subject: &Subject) -> Store {
        let path = match state {
            Some("off") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => xdg("XDG_STATE_HOME", ".local/state").map(|folder| {
                folder.join("plimsoll/capacity").join(format!("{:016x}.jsonl", hash(subject)))
            }),
        };
        Store {
            path,
            file: None,
            calibration: Value::Null,
            not_calibrated: None,
            about: Value::Null,
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What was stored of the same search.
    ///
    /// # Errors
    /// When there is nothing, it is of another search, or it is damaged: with its line.
    pub(super) fn read(&self, subject: &Subject) -> Result<Stored, Failure> {
        let Some(path) = &self.path else {
            return Err(bad("--resume: there is no file with trials, because of --state off"));
        };
        let name = path.display();
        let text = read(path).map_err(|error| {
            bad(format!("--resume: {name} cannot be read: {error}"))
                .with_hint("without --resume the search begins anew")
        })?;
        stored(&text, subject).map_err(|(line, what)| {
            bad(format!("--resume: {name}, line {line}: {what}"))
                .with_hint("without --resume the search begins anew, and overwrites the file")
        })
    }

    /// Begins a file, with the trials that there are already.
    pub(super) fn begin(
        &mut self,
        subject: &Subject,
        range: Range,
        entries: &[&Entry],
    ) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error: std::io::Error| {
            bad(format!("--state {}: cannot be written: {error}", path.display()))
                .with_hint("name another file, or `--state off`")
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).write(true).truncate(true).open(path).map_err(failed)?;
        let header = json!({
            KEY: VERSION,
            "target": subject.target,
            "dimension": subject.dimension,
            "objectives": subject.objectives,
            "start": range.start,
            "ceiling": range.ceiling,
            "floor": range.floor,
            "calibration": self.calibration,
            "not_calibrated": self.not_calibrated,
            "about": self.about,
        });
        let lines = std::iter::once(&header).chain(entries.iter().map(|entry| &entry.json));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        file.write_all(text.as_bytes()).map_err(failed)?;
        self.file = Some(file);
        Ok(())
    }

    /// Adds a trial.
    ///
    /// # Errors
    /// The first time only; the search goes on without a file then.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), String> {
        self.line(&entry.json)
    }

    /// Adds the end.
    ///
    /// # Errors
    /// As [`Store::add`].
    pub(super) fn end(&mut self, ended: &Ended) -> Result<(), String> {
        self.line(&json!({ END: ended.json() }))
    }

    fn line(&mut self, json: &Value) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(format!("{json}\n").as_bytes());
        written.map_err(|error| {
            self.file = None;
            format!("trials are no longer stored, so the search cannot be resumed: {error}")
        })
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > BYTES_MAX {
        return Err(std::io::Error::other("it is too long for a search's file"));
    }
    fs::read_to_string(path)
}

/// What is stored at `path` of that search.
///
/// # Errors
/// As [`stored`].
pub(super) fn at(path: &Path, subject: &Subject) -> Result<Stored, (usize, String)> {
    let text = read(path).map_err(|error| (1, error.to_string()))?;
    stored(&text, subject)
}

/// Otherwise the line, from 1, and what is wrong with it.
fn stored(text: &str, subject: &Subject) -> Result<Stored, (usize, String)> {
    let is_whole = text.ends_with('\n');
    let mut lines: Vec<(usize, &str)> =
        text.lines().enumerate().map(|(at, line)| (at + 1, line)).collect();
    // A line that was cut off by the end of the process.
    if !is_whole && lines.len() > 1 {
        lines.pop();
    }
    let mut lines = lines.into_iter().map(|(at, line)| {
        serde_json::from_str::<Value>(line).map_err(|_| (at, "no JSON".into())).map(|v| (at, v))
    });
    let wrong = |what: &str| (1, what.to_owned());
    let (_, header) = lines.next().ok_or_else(|| wrong("the file is empty"))??;
    if header.get(KEY).and_then(Value::as_u64) != Some(VERSION) {
        return Err(wrong("this is no stored search, or of another version of plimsoll"));
    }
    let objectives = header.get("objectives").and_then(Value::as_array);
    let objectives: Vec<&str> =
        objectives.into_iter().flatten().filter_map(Value::as_str).collect();
    let target = header.get("target").and_then(Value::as_str).unwrap_or_default();
    let dimension = header.get("dimension").and_then(Value::as_str).unwrap_or("rate");
    let is_same = target == subject.target && dimension == subject.dimension;
    if !is_same || objectives != subject.objectives {
        let objectives = objectives.join(", ");
        return Err((1, format!("this is the search of {target} by {dimension} for {objectives}")));
    }
    let number = |name: &str| {
        let number = header.get(name).and_then(Value::as_f64);
        number.filter(|number| *number > 0.0).ok_or_else(|| wrong(&format!("no {name:?}")))
    };
    let floor = number("floor").unwrap_or(1.0);
    let range = Range { start: number("start")?, ceiling: number("ceiling")?, floor };
    let mut found = Stored {
        range,
        calibration: header.get("calibration").cloned().unwrap_or_default(),
        not_calibrated: header.get("not_calibrated").and_then(Value::as_str).map(str::to_owned),
        entries: Vec::new(),
        aside: Vec::new(),
        end: None,
    };
    for line in lines {
        let (at, json) = line?;
        if let Some(end) = json.get(END) {
            found.end = Some(Ended::read(end));
            continue;
        }
        let entry = Entry::read(json)
            .map_err(|name| (at, format!("no trial: {name:?} is missing or wrong")))?;
        let is_aside = entry.intervention().is_some();
        if is_aside { &mut found.aside } else { &mut found.entries }.push(entry);
    }
    Ok(found)
}

/// The same on each machine and in each version (FNV-1a).
fn hash(subject: &Subject) -> u64 {
    let parts = [&subject.target, &subject.dimension].into_iter().chain(&subject.objectives);
    let bytes = parts.flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(Exit::BadConfiguration, message)
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::capacity::{Kind, Outcome};

    use super::{super::record::tests::entry, *};

    fn subject() -> Subject {
        Subject {
            target: "http://a/".to_owned(),
            dimension: "rate".to_owned(),
            objectives: vec!["p(99)<200ms".to_owned()],
        }
    }

    const HEADER: &str = r#"{"plimsoll_capacity":1,"target":"http://a/","objectives":["p(99)<200ms"],"start":100.0,"ceiling":1e5}"#;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, (usize, &str)>) {
        match (stored(text, &subject()), expected) {
            (Ok(found), Ok(trials)) => {
                assert_eq!(found.range, Range { start: 100.0, ceiling: 1e5, floor: 1.0 });
                assert_eq!(found.entries.len(), trials, "{text}");
            }
            (Err((line, what)), Err((expected_line, part))) => {
                assert_eq!(line, expected_line, "{what}");
                assert!(what.contains(part), "{what}");
            }
            (found, _) => panic!("{text}: {:?}", found.map(|found| found.entries.len())),
        }
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_damage_is_named() {
        let trial = entry(Kind::Bracket, 100.0, Outcome::Pass).json.to_string();
        check(&format!("{HEADER}\n"), Ok(0));
        check(&format!("{HEADER}\n{trial}\n{trial}\n"), Ok(2));
        check(&format!("{HEADER}\n{trial}\n{{\"kind\":\"nar"), Ok(1));
        check("", Err((1, "empty")));
        check("x\n", Err((1, "no JSON")));
        check("{}\n", Err((1, "no stored search")));
        check(&format!("{HEADER}\n{{\"kind\":\n{trial}\n"), Err((2, "no JSON")));
        check(&format!("{HEADER}\n{trial}\n{{}}\n"), Err((3, "\"rate\"")));
        let other = HEADER.replace("http://a/", "http://b/");
        check(&format!("{other}\n"), Err((1, "the search of http://b/")));
        let other = HEADER.replace("\"objectives", "\"dimension\":\"vus\",\"objectives");
        check(&format!("{other}\n"), Err((1, "by vus for")));
        check(&format!("{}\n", HEADER.replace("100.0", "-1")), Err((1, "\"start\"")));
    }

    #[test]
    fn an_end_is_no_trial() {
        let trial = entry(Kind::Bracket, 100.0, Outcome::Pass).json.to_string();
        let ended = Ended {
            is_interrupted: true,
            generator_share: Some(0.25),
            notes: vec!["It was so.".to_owned()],
            changed: Some("quota 0.25 -> 0.31".to_owned()),
        };
        let end = json!({ END: ended.json() });
        let found = stored(&format!("{HEADER}\n{trial}\n{end}\n"), &subject()).ok().unwrap();
        assert_eq!((found.entries.len(), found.end), (1, Some(ended)));
        let found = stored(&format!("{HEADER}\n{trial}\n"), &subject()).ok().unwrap();
        assert_eq!(found.end, None);
    }

    #[test]
    fn searches_have_files_of_their_own() {
        let same = hash(&subject());
        assert_eq!(hash(&subject()), same);
        let other = Subject { objectives: vec!["p(99)<201ms".to_owned()], ..subject() };
        assert_ne!(hash(&other), same);
    }
}
