//! Records in short, as a table and as JSON (`plimsoll runs`).

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use plimsoll_metrics::{
    Builtin, Histogram, SeriesId, Sink,
    record::{End, Frame, Header},
};
use serde_json::{Value, json};

use super::{
    EXTENSION,
    read::{ReadError, read},
};
use crate::format::{duration::humanize, number, time::local_text};

/// A record in short.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    pub path: PathBuf,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// The script.
    pub name: String,
    /// None while the run is not over.
    pub duration_ms: Option<f64>,
    pub requests: u64,
    /// 95th percentile of `http_req_duration`; none without requests.
    pub p95_ms: Option<f64>,
    pub verdict: Verdict,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every threshold held.
    Passed,
    /// A threshold failed.
    Failed,
    /// There were none.
    NoThresholds,
    /// It ended before its schedule, for this reason.
    Stopped(String),
    /// It still runs, or was killed.
    Unfinished,
    /// Why the record makes no sense.
    Unreadable(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Passed => f.write_str("passed"),
            Verdict::Failed => f.write_str("failed"),
            Verdict::NoThresholds => f.write_str("no thresholds"),
            Verdict::Stopped(reason) => write!(f, "stopped: {reason}"),
            Verdict::Unfinished => f.write_str("unfinished"),
            Verdict::Unreadable(why) => write!(f, "unreadable: {why}"),
        }
    }
}

/// Reads the whole record at `path`.
pub(super) fn summarize(path: &Path) -> RunSummary {
    let mut summary = RunSummary {
        path: path.to_owned(),
        started_unix_ms: 0,
        name: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        duration_ms: None,
        requests: 0,
        p95_ms: None,
        verdict: Verdict::Unfinished,
    };
    // A complete record has its own name: only one that still has the other may lack its end.
    let is_complete = path.extension().is_some_and(|extension| extension == EXTENSION);
    match fold(path, &mut summary) {
        Err(error) if is_complete || !error.is_truncated() => {
            summary.verdict = Verdict::Unreadable(error.to_string());
        }
        Ok(()) | Err(_) => {}
    }
    summary
}

fn fold(path: &Path, summary: &mut RunSummary) -> Result<(), ReadError> {
    let mut names = HashMap::new();
    let mut metrics: HashMap<SeriesId, Builtin> = HashMap::new();
    let mut requests = 0.0;
    let mut durations = Histogram::new();
    let mut result = Ok(());
    for frame in read(path)? {
        match frame {
            Ok(Frame::Header(Header { started_unix_ms, script, .. })) => {
                summary.started_unix_ms = started_unix_ms;
                summary.name = script;
            }
            Ok(Frame::Metric(def)) => {
                let wanted = [Builtin::HttpReqs, Builtin::HttpReqDuration];
                if let Some(metric) = wanted.into_iter().find(|one| one.name() == &*def.name) {
                    names.insert(def.id, metric);
                }
            }
            Ok(Frame::Series(def)) => {
                if let Some(metric) = names.get(&def.metric) {
                    metrics.insert(def.id, *metric);
                }
            }
            Ok(Frame::Interval { interval, .. }) => {
                for (series, sink) in &interval.sinks {
                    match (metrics.get(series), sink) {
                        (Some(Builtin::HttpReqs), Sink::Counter { sum }) => requests += sum,
                        (Some(Builtin::HttpReqDuration), Sink::Trend(more)) => {
                            durations.merge(more)
                        }
                        _ => {}
                    }
                }
            }
            Ok(Frame::Event { .. }) => {}
            Ok(Frame::End(end)) => {
                summary.duration_ms = Some(end.duration_ms);
                summary.verdict = verdict(&end);
            }
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    summary.requests = requests as u64;
    summary.p95_ms = (durations.count() > 0).then(|| durations.percentile(95.0));
    result
}

fn verdict(end: &End) -> Verdict {
    if end.thresholds.iter().any(|threshold| !threshold.ok) {
        return Verdict::Failed;
    }
    match &*end.reason {
        "finished" if end.thresholds.is_empty() => Verdict::NoThresholds,
        "finished" => Verdict::Passed,
        reason => Verdict::Stopped(reason.to_owned()),
    }
}

/// A table for people, with a line of headings; one sentence when there is nothing. Why a record is
/// unreadable is not in it: that makes a line of its own ([`unreadable`]).
pub fn table(runs: &[RunSummary]) -> String {
    if runs.is_empty() {
        return "no runs recorded yet\n".to_owned();
    }
    let headings = ["WHEN", "NAME", "DURATION", "REQUESTS", "P95", "VERDICT"].map(str::to_owned);
    let dash = || "-".to_owned();
    let row = |run: &RunSummary| {
        [
            match run.started_unix_ms {
                0 => dash(),
                millis => local_text(millis.saturating_mul(1_000_000)),
            },
            run.name.clone(),
            run.duration_ms.map_or_else(dash, |millis| humanize(millis, None)),
            run.requests.to_string(),
            run.p95_ms.map_or_else(dash, |millis| humanize(millis, None)),
            match &run.verdict {
                Verdict::Unreadable(_) => "unreadable".to_owned(),
                verdict => verdict.to_string(),
            },
        ]
    };
    let rows: Vec<[String; 6]> = std::iter::once(headings).chain(runs.iter().map(row)).collect();
    let widths: [usize; 6] = std::array::from_fn(|at| {
        let column = rows.iter().filter_map(|row| row.get(at));
        column.map(|text| text.chars().count()).max().unwrap_or(0)
    });
    let mut text = String::new();
    for [when, name, duration, requests, p95, verdict] in &rows {
        let [w0, w1, w2, w3, w4, _] = widths;
        text.push_str(&format!(
            "{when:w0$}  {name:w1$}  {duration:>w2$}  {requests:>w3$}  {p95:>w4$}  {verdict}\n"
        ));
    }
    text
}

/// A message for each record that makes no sense: its path and why.
pub fn unreadable(runs: &[RunSummary]) -> Vec<String> {
    let message = |run: &RunSummary| match &run.verdict {
        Verdict::Unreadable(why) => Some(format!("{}: {why}", run.path.display())),
        _ => None,
    };
    runs.iter().filter_map(message).collect()
}

/// An array for machines.
pub fn json(runs: &[RunSummary]) -> Value {
    let run = |run: &RunSummary| {
        json!({
            "path": run.path.to_string_lossy(),
            "started_unix_ms": run.started_unix_ms,
            "name": run.name,
            "duration_ms": run.duration_ms.map(number::json),
            "requests": run.requests,
            "p95_ms": run.p95_ms.map(number::json),
            "verdict": run.verdict.to_string(),
        })
    };
    runs.iter().map(run).collect()
}
