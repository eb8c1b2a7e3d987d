//! From a run to the JSON of pages: live, in pieces and from a record.

use std::{io::Write, path::Path, time::Duration};

use plimsoll_metrics::{Builtin, Recorder, Registry, TagSet, Timestamp, Totals, record::Header};
use plimsoll_runtime::log::Log;
use serde_json::{Value, json};

use super::{
    RunMeta, RunView,
    live::{self, Opened},
    replay::{Replay, Stage},
    runs_json,
    testing::{START_MS, Story},
};
use crate::{
    Output,
    record::{RecordTarget, RecordWriter},
};

/// Where to write a run that is worth drawing, for whoever works on pages.
const FIXTURE: &str = "PLIMSOLL_VIEW_FIXTURE";

fn parsed(view: &RunView) -> Value {
    serde_json::from_slice(&view.json()).unwrap()
}

fn column<'a>(run: &'a Value, pointer: &str) -> &'a Vec<Value> {
    run.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer}"))
}

#[test]
fn a_run_becomes_json() {
    let mut run = parsed(&Story::told(2));
    // A few hundred numbers that follow from each other.
    assert_eq!(column(&run, "/heat/bounds").len(), 225);
    run["heat"]["bounds"] = Value::Null;
    run["watched"].as_array_mut().unwrap().truncate(2);
    insta::assert_json_snapshot!(run);
}

#[test]
fn columns_add_up_to_totals() {
    let view = Story::told(90);
    if let Some(path) = std::env::var_os(FIXTURE) {
        std::fs::write(path, runs_json([&view])).unwrap();
    }
    let run = parsed(&view);
    assert_eq!(column(&run, "/t").len(), 90);
    let sum = |pointer: &str| -> f64 {
        column(&run, pointer).iter().filter_map(Value::as_f64).sum::<f64>().round()
    };
    let total = |pointer: &str| run.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert_eq!(sum("/load/done"), total("/totals/requests"));
    assert_eq!(sum("/load/failed"), total("/totals/failed"));
    assert_eq!(sum("/load/started"), total("/totals/iterations"));
    assert_eq!(sum("/latency/response/count"), total("/totals/latency/response/count"));
    let classes = run["errors"].as_object().unwrap().keys();
    let of_classes: f64 = classes.map(|class| sum(&format!("/errors/{class}"))).sum();
    assert_eq!(of_classes, total("/totals/failed"));
    let in_rows = |row: &Value| -> u64 {
        row.as_array().unwrap().chunks(2).map(|pair| pair[1].as_u64().unwrap()).sum()
    };
    let heat: u64 = column(&run, "/heat/rows").iter().map(in_rows).sum();
    assert_eq!(heat as f64, total("/totals/latency/response/count"));
}

/// Where two runs differ, beyond the last of the figures that are written.
fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let keys = |object: &serde_json::Map<String, Value>| {
                let mut keys: Vec<String> = object.keys().cloned().collect();
                keys.sort();
                keys
            };
            if keys(ones) != keys(others) {
                return Some(format!("{path}: {:?} {:?}", keys(ones), keys(others)));
            }
            ones.iter()
                .find_map(|(key, one)| difference(one, &others[key], &format!("{path}/{key}")))
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => ones
            .iter()
            .zip(others)
            .enumerate()
            .find_map(|(at, (one, other))| difference(one, other, &format!("{path}/{at}"))),
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            let is_near = (a - b).abs() <= 2e-5 * a.abs().max(b.abs());
            (!is_near).then(|| format!("{path}: {a} {b}"))
        }
        (one, other) => (one != other).then(|| format!("{path}: {one} {other}")),
    }
}

#[track_caller]
fn assert_same(one: &Value, other: &Value) {
    let difference = difference(one, other, "");
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}

#[test]
fn rows_of_the_heat_map_have_what_their_bounds_say() {
    let registry = Registry::new(10);
    for power in -35..35 {
        let millis = 10f64.powf(f64::from(power) / 5.0);
        let mut recorder = Recorder::new(registry.clone(), false, 0);
        let times = recorder.handle(Builtin::HttpReqDuration.id(), &TagSet::default());
        recorder.record(times, millis, Timestamp(1));
        let mut view = RunView::new(Story::meta(), registry.clone());
        let totals = Totals::new(registry.clone(), &[]);
        view.interval(Timestamp(1_000_000_000), &recorder.take_interval(), &totals);
        let run = parsed(&view);
        let [row, count] = &column(&run, "/heat/rows/0")[..] else { panic!("{run}") };
        let row = row.as_u64().unwrap() as usize;
        let bounds = column(&run, "/heat/bounds");
        let (below, above) = (bounds[row].as_f64().unwrap(), bounds[row + 1].as_f64().unwrap());
        // What is longer than an hour is in the last one.
        let is_in = below <= millis * 1.00001 && (millis <= above * 1.00001 || row == 223);
        assert!(is_in && *count == 1, "{millis}: {below} {above}");
    }
}

/// What a page does with an `append`: columns grow, all else is replaced.
fn append(run: &mut Value, part: Value) {
    let before = column(run, "/t").len();
    let more = column(&part, "/t").len();
    let Value::Object(part) = part else { panic!("{part}") };
    for (key, value) in part {
        match key.as_str() {
            "load" | "latency" | "errors" => {
                let filling = if key == "errors" { json!(0) } else { Value::Null };
                grow(&mut run[&key], value, (before, more), &filling);
            }
            "t" => run["t"].as_array_mut().unwrap().extend(value.as_array().unwrap().clone()),
            "heat" => {
                let rows = run["heat"]["rows"].as_array_mut().unwrap();
                rows.extend(value["rows"].as_array().unwrap().clone());
            }
            "watched" => watch(run, value, (before, more)),
            _ => run[&key] = value,
        }
    }
}

/// Columns by name, at any depth; a column that was not there before is filled up.
fn grow(known: &mut Value, news: Value, (before, more): (usize, usize), filling: &Value) {
    match news {
        Value::Object(news) => {
            for (name, news) in news {
                if known.get(&name).is_none() {
                    known[&name] = if news.is_object() { json!({}) } else { Value::Null };
                }
                grow(&mut known[&name], news, (before, more), filling);
            }
        }
        Value::Array(news) => {
            assert_eq!(news.len(), more);
            if known.is_null() {
                *known = vec![filling.clone(); before].into();
            }
            known.as_array_mut().unwrap().extend(news);
        }
        other => panic!("{other}"),
    }
}

fn watch(run: &mut Value, things: Value, extent: (usize, usize)) {
    let known = run["watched"].take();
    let find = |list: &Value, id: &Value| -> Option<Value> {
        list.as_array()?.iter().find(|one| one["id"] == *id).cloned()
    };
    let mut things = things;
    for thing in things.as_array_mut().unwrap() {
        let before = find(&known, &thing["id"]).unwrap_or_default();
        for signal in thing["signals"].as_array_mut().unwrap() {
            let before = find(&before["signals"], &signal["id"]).unwrap_or_default();
            for name in ["values", "max_column"] {
                if let Some(news) = signal.get_mut(name) {
                    let mut column = before.get(name).cloned().unwrap_or_default();
                    grow(&mut column, news.take(), extent, &Value::Null);
                    *news = column;
                }
            }
        }
    }
    run["watched"] = things;
}

#[test]
fn appends_make_the_whole() {
    let mut story = Story::new();
    let mut view = RunView::new(Story::meta(), story.registry.clone());
    let mut page = parsed(&view);
    let (mut points, mut epoch) = (view.model.points(), view.model.epoch());
    for second in 0..80 {
        story.second(|at, interval, totals| view.interval(at, interval, totals));
        if second % 20 == 7 {
            view.event(&story.event("probe", "nginx is gone"));
        }
        if second == 79 {
            view.end(&story.end());
        }
        if view.model.epoch() == epoch {
            append(&mut page, serde_json::from_slice(&view.model.since(points).to_json()).unwrap());
        } else {
            assert!(second == 0 || second == 79, "second {second}");
            page = parsed(&view);
        }
        (points, epoch) = (view.model.points(), view.model.epoch());
        assert_same(&page, &parsed(&view));
    }
}

/// A script that waits and computes has iterations alone, until its first request.
#[test]
fn iterations_stand_in_for_requests_until_there_are_some() {
    let registry = Registry::new(10);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut view = RunView::new(Story::meta(), registry.clone());
    let totals = Totals::new(registry, &[]);
    let mut second = |number: u64, metrics: &[Builtin]| {
        for metric in metrics {
            let series = recorder.handle(metric.id(), &TagSet::default());
            recorder.record(series, 100.0, Timestamp(number));
        }
        let epoch = view.model.epoch();
        let interval = recorder.take_interval();
        view.interval(Timestamp((START_MS / 1000 + number) * 1_000_000_000), &interval, &totals);
        let run = parsed(&view);
        let kinds: Vec<String> = run["latency"].as_object().unwrap().keys().cloned().collect();
        (kinds.join(" "), run["heat"]["of"].to_string(), view.model.epoch() > epoch)
    };
    let iterations = [Builtin::IterationDuration];
    let expected = |kinds: &str, is_new| (kinds.to_owned(), format!("{kinds:?}"), is_new);
    assert_eq!(second(1, &iterations), expected("iteration", false));
    assert_eq!(second(2, &iterations), expected("iteration", false));
    let both = [Builtin::IterationDuration, Builtin::HttpReqDuration];
    assert_eq!(second(3, &both), expected("service", true));
    assert_eq!(second(4, &both), expected("service", false));
}

#[test]
fn nothing_is_a_run_too() {
    let view = RunView::new(Story::meta(), Story::new().registry);
    let run = parsed(&view);
    assert_eq!((column(&run, "/t").len(), &run["live"]), (0, &json!(true)));
    assert_eq!(run["started"], json!(START_MS));
    let runs: Value = serde_json::from_slice(&runs_json([&view, &view])).unwrap();
    assert_eq!(column(&runs, "/runs").len(), 2);
}

fn header() -> Header {
    Header {
        tool_version: "0.1.0".into(),
        started_unix_ms: START_MS,
        script: "checkout.js".into(),
        options: json!({ "thresholds": {
            "http_req_duration": ["p(95)<200"],
            "http_req_failed": [{ "threshold": "rate<0.01", "abortOnFail": true }],
            "checks": ["rate>0.99"],
            "host_cpu_utilization{host:app1}": ["max<0.9"],
            "nonsense{": ["x"],
        } }),
    }
}

/// The same run live and recorded.
fn recorded(path: &Path, seconds: u64) -> RunView {
    let mut story = Story::new();
    let mut view = RunView::new(RunMeta::new("a", &header()), story.registry.clone());
    let target = RecordTarget::File(path.to_owned());
    let mut record = RecordWriter::start(target, &header(), story.registry.clone(), Log::memory());
    for _ in 0..seconds {
        story.second(|at, interval, totals| {
            view.interval(at, interval, totals);
            record.interval(at, interval, totals);
        });
    }
    let event = story.event("stage", "the end is near");
    view.event(&event);
    record.event(&event);
    view.end(&story.end());
    record.end(&story.end());
    record.finish().unwrap();
    view
}

/// Series come in another order out of a record, and so do the rows of tables.
fn sorted(mut run: Value) -> Value {
    for (table, key) in [("urls", "name"), ("checks", "name"), ("thresholds", "key")] {
        let rows = run[table].as_array_mut().unwrap();
        rows.sort_by_key(|row| row[key].as_str().unwrap().to_owned());
    }
    run
}

fn opened(path: &Path) -> Opened {
    live::open(path, "a").unwrap()
}

#[test]
fn a_record_shows_what_was_seen_live() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    let live = recorded(&path, 70);
    let record = opened(&path);
    assert_eq!((record.trouble(), record.is_live()), (None, false));
    assert_same(&sorted(parsed(record.view())), &sorted(parsed(&live)));
}

#[test]
fn a_record_that_is_being_written_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, part) = (directory.path().join("x.plimsoll"), directory.path().join("part"));
    let live = recorded(&path, 20);
    let bytes = std::fs::read(&path).unwrap();
    let mut file = std::fs::File::create(&part).unwrap();
    // A third has the header: what comes first is the largest part.
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    file.write_all(first).unwrap();
    let mut replay = Replay::open(&part).unwrap();
    let mut view = RunView::new(RunMeta::new("a", replay.header()), replay.registry().clone());
    assert_eq!(replay.advance(&mut view), Stage::Running);
    for piece in rest.chunks(5_000) {
        file.write_all(piece).unwrap();
        replay.advance(&mut view);
        assert_eq!(column(&parsed(&view), "/thresholds").len(), 4);
    }
    assert_eq!(replay.advance(&mut view), Stage::Ended);
    assert_same(&sorted(parsed(&view)), &sorted(parsed(&live)));
}

#[test]
fn a_record_of_a_killed_run_is_shown_as_far_as_it_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    recorded(&path, 6);
    let bytes = std::fs::read(&path).unwrap();
    let mut shown = 0;
    for length in (0..bytes.len()).step_by(bytes.len() / 97) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified - Duration::from_secs(60)).unwrap();
        let Ok(record) = live::open(&path, "a") else { continue };
        let run = parsed(record.view());
        assert!(record.trouble().unwrap().contains("ends early"), "{:?}", record.trouble());
        assert_eq!((&run["live"], &run["end"]), (&json!(false), &Value::Null));
        assert_eq!(run["warnings"][0], json!(record.trouble()));
        shown += 1;
    }
    assert!(shown > 10, "{shown}");
    // One that was written to a moment ago may go on.
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let record = opened(&path);
    assert_eq!((record.trouble(), record.is_live()), (None, true));
    std::fs::write(&path, "no record at all").unwrap();
    assert!(live::open(&path, "a").is_err() && !live::is_record(&path));
}

/// As attacks have them: a person's units.
#[test]
fn thresholds_in_other_words_are_evaluated_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    let mut story = Story::new();
    let options = json!({ "thresholds": {
        "http_req_duration": [{ "threshold": "p(95)<200", "source": "p(95)<200ms" }],
    } });
    let header = Header { options, ..header() };
    let target = RecordTarget::File(path.clone());
    let mut record = RecordWriter::start(target, &header, story.registry.clone(), Log::memory());
    story.second(|at, interval, totals| record.interval(at, interval, totals));
    let mut end = story.end();
    end.thresholds.retain(|result| result.key == "http_req_duration");
    end.thresholds[0].expression = "p(95)<200ms".into();
    record.end(&end);
    record.finish().unwrap();
    let run = parsed(opened(&path).view());
    let rows = column(&run, "/thresholds");
    assert_eq!((rows.len(), &rows[0]["expression"]), (1, &json!("p(95)<200ms")));
    assert!(rows[0]["value"].as_f64().unwrap() > 50.0, "{}", rows[0]);
}

#[test]
fn an_empty_run_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    recorded(&path, 0);
    let run = parsed(opened(&path).view());
    assert_eq!((column(&run, "/t").len(), &run["live"]), (0, &json!(false)));
    assert_eq!(run["end"]["reason"], json!("finished"));
}
