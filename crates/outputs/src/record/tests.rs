//! Records from their first byte to the list of runs.

use plimsoll_metrics::{
    Builtin, Event, Interval, Recorder, Registry, TagSet, Timestamp, Totals,
    record::{End, Frame, Header, ThresholdResult},
};
use plimsoll_runtime::log::Log;

use super::*;
use crate::Output;

fn header(second: u64, script: &str) -> Header {
    Header {
        tool_version: "0.1.0".to_owned(),
        started_unix_ms: (1_795_260_004 + second) * 1000,
        script: script.to_owned(),
        options: serde_json::json!({ "vus": 1 }),
    }
}

fn end(reason: &str, thresholds: &[bool]) -> End {
    let result = |ok: &bool| ThresholdResult {
        key: "http_reqs".to_owned(),
        expression: "count>0".to_owned(),
        ok: *ok,
    };
    End {
        reason: reason.to_owned(),
        duration_ms: 2_000.0,
        thresholds: thresholds.iter().map(result).collect(),
    }
}

/// A second with requests of `count` different durations.
fn interval(registry: &Registry, count: u32) -> Interval {
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let requests = recorder.handle(Builtin::HttpReqs.id(), &TagSet::default());
    let duration = recorder.handle(Builtin::HttpReqDuration.id(), &TagSet::default());
    for at in 0..count {
        recorder.record(requests, 1.0, Timestamp(1));
        recorder.record(duration, f64::from(at), Timestamp(1));
    }
    recorder.take_interval()
}

fn write(target: RecordTarget, header: &Header, end: Option<End>) -> (RecordWriter, Log) {
    let registry = Registry::new(100);
    let log = Log::memory();
    let mut writer = RecordWriter::start(target, header, registry.clone(), log.clone());
    let totals = Totals::new(registry.clone(), &[]);
    for second in 1..=2 {
        writer.interval(Timestamp(second), &interval(&registry, 101), &totals);
    }
    writer.event(&Event { at: Timestamp(3), kind: "warning".into(), text: "slow".into() });
    if let Some(end) = end {
        writer.end(&end);
    }
    (writer, log)
}

fn runs() -> (tempfile::TempDir, Runs) {
    let directory = tempfile::tempdir().unwrap();
    let runs = Runs::new(directory.path().join("state/runs"));
    (directory, runs)
}

fn write_in(runs: &Runs, second: u64, script: &str, end: Option<End>) {
    let target = RecordTarget::Runs(runs.clone());
    let (mut writer, log) = write(target, &header(second, script), end);
    writer.finish().unwrap();
    assert!(log.lines().is_empty(), "{:?}", log.lines());
}

#[test]
fn what_was_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    let (mut writer, _) =
        write(RecordTarget::File(path.clone()), &header(0, "a.js"), Some(end("finished", &[])));
    assert!(!path.exists(), "a record has its name when it is complete");
    writer.finish().unwrap();
    let frames: Vec<Frame> = read(&path).unwrap().map(Result::unwrap).collect();
    assert!(matches!(frames.first(), Some(Frame::Header(found)) if *found == header(0, "a.js")));
    assert!(matches!(frames.last(), Some(Frame::End(found)) if found.duration_ms == 2_000.0));
    let count = |wanted: fn(&Frame) -> bool| frames.iter().filter(|frame| wanted(frame)).count();
    assert_eq!(count(|frame| matches!(frame, Frame::Interval { .. })), 2);
    assert_eq!(count(|frame| matches!(frame, Frame::Series(_))), 2);
    assert_eq!(count(|frame| matches!(frame, Frame::Event { .. })), 1);
}

#[test]
fn the_newest_come_first() {
    let (_directory, runs) = runs();
    assert_eq!(runs.list().unwrap(), []);
    write_in(&runs, 0, "dir/first one.js", Some(end("finished", &[])));
    write_in(&runs, 60, "b.js", Some(end("finished", &[true])));
    write_in(&runs, 60, "b.js", Some(end("finished", &[true, false])));
    write_in(&runs, 120, "c.js", Some(end("signal", &[])));
    write_in(&runs, 180, "d.js", None);
    std::fs::write(runs.directory().join("20261121T112504Z-bad.plimsoll"), b"garbage").unwrap();
    std::fs::write(runs.directory().join("notes.txt"), b"mine").unwrap();
    let list = runs.list().unwrap();
    let names: Vec<String> =
        list.iter().map(|run| run.path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        [
            "20261121T112504Z-bad.plimsoll",
            "20261121T112304Z-d.plimsoll.partial",
            "20261121T112204Z-c.plimsoll",
            "20261121T112104Z-b.plimsoll",
            "20261121T112104Z-b-2.plimsoll",
            "20261121T112004Z-first_one.plimsoll",
        ]
    );
    // The zone is the machine's.
    insta::with_settings!({filters => vec![(r"2026-11-2\d \d\d:", "2026-11-2x hh:")]}, {
        insta::assert_snapshot!(table(&list));
    });
    let first = json(&list)[4].clone();
    assert_eq!(first["requests"], 202);
    assert_eq!(first["p95_ms"], 95);
    assert_eq!(first["verdict"], "failed");
    assert_eq!(table(&[]), "no runs recorded yet\n");
}

/// A record whose name says that it is whole.
#[test]
fn a_record_that_was_cut_is_unreadable() {
    let (_directory, runs) = runs();
    write_in(&runs, 0, "a.js", Some(end("finished", &[])));
    let path = runs.list().unwrap().remove(0).path;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let list = runs.list().unwrap();
    let [message] = &*unreadable(&list) else { panic!("{list:?}") };
    assert!(message.contains("-a.plimsoll: run record ends early"), "{message}");
}

#[test]
fn what_is_no_record_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.txt");
    let target = RecordTarget::File(path.clone());
    let check = |expected: Option<&str>| match (target.check(), expected) {
        (Ok(()), None) => {}
        (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
        (result, _) => panic!("{result:?}"),
    };
    check(None);
    std::fs::write(&path, "mine").unwrap();
    check(Some("is no run record"));
    let (mut writer, log) = write(target.clone(), &header(0, "a.js"), Some(end("finished", &[])));
    writer.finish().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let [told] = &*log.lines() else { panic!("{:?}", log.lines()) };
    assert!(told.contains("will not be recorded") && told.contains("mine.txt"), "{told}");

    std::fs::write(&path, "").unwrap();
    check(None);
    for second in 0..2 {
        let end = Some(end("finished", &[]));
        write(target.clone(), &header(second, "a.js"), end).0.finish().unwrap();
        check(None);
    }
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let end = Some(end("finished", &[]));
    write(RecordTarget::File(link.clone()), &header(9, "b.js"), end).0.finish().unwrap();
    assert!(link.is_symlink(), "it was followed");
    let first = read(&path).unwrap().next();
    assert!(matches!(first, Some(Ok(Frame::Header(found))) if found.script == "b.js"));
}

/// Something else comes to the record's place while the run goes.
#[test]
fn the_name_is_looked_at_again_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    let target = RecordTarget::File(path.clone());
    let (mut writer, _) = write(target, &header(0, "a.js"), Some(end("finished", &[])));
    std::fs::write(&path, "mine").unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("x.plimsoll") && error.contains("is no run record"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

/// Devices are never renamed over, also not those that take nothing.
#[test]
fn devices_are_written_to() {
    let check = |device: &str, told: usize| {
        let target = RecordTarget::File(device.into());
        target.check().unwrap();
        let (mut writer, log) = write(target, &header(0, "a.js"), Some(end("finished", &[])));
        let errors = log.lines().len() + usize::from(writer.finish().is_err());
        assert_eq!(errors, told, "{device}");
        assert!(!std::fs::metadata(device).unwrap().is_file());
        assert!(!std::fs::exists(format!("{device}{PARTIAL}")).unwrap());
    };
    check("/dev/null", 0);
    check("/dev/full", 1);
}

#[test]
fn only_the_newest_records_are_kept() {
    let (_directory, runs) = runs();
    for second in 0..4 {
        write_in(&runs, second, "a.js", Some(end("finished", &[])));
    }
    let foreign = runs.directory().join("my.plimsoll");
    std::fs::write(&foreign, b"").unwrap();
    runs.prune(2).unwrap();
    let left: Vec<u64> = runs.list().unwrap().iter().map(|run| run.started_unix_ms).collect();
    assert_eq!(left, [header(3, "").started_unix_ms, header(2, "").started_unix_ms]);
    assert!(foreign.exists());
}

#[test]
fn a_directory_that_cannot_be_written_costs_one_warning() {
    let target = RecordTarget::Runs(Runs::new("/dev/null/runs".into()));
    let (mut writer, log) = write(target, &header(0, "a.js"), Some(end("finished", &[])));
    writer.finish().unwrap();
    assert_eq!(writer.path(), None);
    let lines = log.lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("this run will not be recorded: /dev/null/runs: "), "{lines:?}");
}

#[test]
fn a_full_disk_is_told_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    std::os::unix::fs::symlink("/dev/full", directory.path().join("x.plimsoll.partial")).unwrap();
    let end = Some(end("finished", &[]));
    let (mut writer, log) = write(RecordTarget::File(path.clone()), &header(0, "a.js"), end);
    // By the warning, when it was noticed while the run went on, or at the end.
    let mut told = log.lines();
    told.extend(writer.finish().err().map(|error| error.message));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("No space left on device"), "{told:?}");
    assert!(!path.exists());
}

#[test]
fn a_killed_run_can_be_read_as_far_as_it_went() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.plimsoll");
    let (mut writer, _) =
        write(RecordTarget::File(path.clone()), &header(0, "a.js"), Some(end("finished", &[])));
    writer.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for length in 1..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        match read(&path).unwrap().last() {
            Some(Err(error)) => assert!(error.is_truncated(), "{length} bytes: {error}"),
            // Only the stream's own end is missing.
            other => assert!(matches!(other, Some(Ok(Frame::End(_)))), "{length} bytes"),
        }
    }
}

#[test]
fn the_users_directory() {
    let check = |variables: &[(&str, &str)], expected: Option<&str>| {
        let env = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        let runs = Runs::of_user(env);
        assert_eq!(runs.as_ref().map(Runs::directory), expected.map(Path::new));
    };
    check(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], Some("/s/plimsoll/runs"));
    check(&[("XDG_STATE_HOME", ""), ("HOME", "/h")], Some("/h/.local/state/plimsoll/runs"));
    check(&[("XDG_STATE_HOME", "relative"), ("HOME", "/h")], Some("/h/.local/state/plimsoll/runs"));
    check(&[], None);
}
