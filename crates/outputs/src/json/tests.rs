//! Whole files, and targets that fail.

use std::{path::PathBuf, sync::Arc};

use plimsoll_metrics::threshold::{Threshold, parse_key};

use super::*;
use crate::{
    Output,
    testing::{Samples, Shared},
};

fn config(registry: Registry) -> JsonConfig {
    let group = |key: &str, sources: &[&str]| {
        let (metric, tags) = parse_key(key).unwrap();
        let thresholds = sources.iter().map(|source| Threshold::parse(source).unwrap()).collect();
        ThresholdGroup { key: key.to_owned(), metric, tags, thresholds }
    };
    let thresholds = vec![
        group("http_req_duration", &["p(95)<200", "avg<100"]),
        group("http_reqs{status:200}", &["count>0"]),
    ];
    JsonConfig { registry, thresholds, has_expected_response: true }
}

#[test]
fn lines_as_k6_writes_them() {
    let samples = Samples::of_a_run();
    let shared = Shared::default();
    let sink = Sink::Plain(Box::new(shared.clone()));
    let config = config(samples.registry.clone());
    let mut output = start_on("json(stdout)".to_owned(), sink, config, Log::memory()).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    output.finish().unwrap();
    for line in shared.text().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    // The zone is the machine's.
    insta::with_settings!({filters => vec![
        (r#""time":"[^"]*?(\.\d+)?(Z|[+-]\d\d:\d\d)""#, r#""time":"[time]$1""#),
    ]}, {
        insta::assert_snapshot!(shared.text());
    });
}

fn write_to(target: &Target) -> (Result<Option<String>, OutputError>, Vec<String>) {
    let samples = Samples::of_a_run();
    let log = Log::memory();
    let mut output = start(target, config(samples.registry.clone()), log.clone()).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    (output.finish(), log.lines())
}

#[test]
fn compressed_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.json.gz");
    write_to(&Target::File(path.clone())).0.unwrap();
    let file = std::fs::File::open(path).unwrap();
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(file)).unwrap();
    assert_eq!(text.lines().count(), 3 + 5, "{text}");
}

#[test]
fn a_full_disk_is_told_once_and_counted() {
    let (result, lines) = write_to(&Target::File(PathBuf::from("/dev/full")));
    let message = result.unwrap_err().message;
    assert!(message.contains("json (/dev/full): 0 samples were written, 5 were not"), "{message}");
    assert!(message.contains("No space left on device"), "{message}");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("cannot write"), "{lines:?}");
}

#[test]
fn a_closed_pipe_is_told() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let samples = Samples::of_a_run();
    let sink = Sink::Plain(Box::new(writer));
    let config = config(samples.registry.clone());
    let mut output = start_on("json(stdout)".to_owned(), sink, config, Log::memory()).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    assert!(output.finish().unwrap_err().message.contains("Broken pipe"));
}

#[test]
fn lost_samples_are_told_once_and_counted() {
    let samples = Samples::of_a_run();
    let log = Log::memory();
    let sink = Sink::Plain(Box::new(Shared::default()));
    let config = config(samples.registry.clone());
    let mut output = start_on("json(stdout)".to_owned(), sink, config, log.clone()).unwrap();
    let list = Arc::new(samples.list);
    output.samples(&list, 3);
    output.samples(&list, 4);
    let message = output.finish().unwrap_err().message;
    assert!(message.contains("10 samples were written, 7 were not"), "{message}");
    assert_eq!(log.lines().len(), 1);
}

/// Takes nothing until its gate opens.
struct Gated(std::sync::mpsc::Receiver<()>);

impl std::io::Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // An error: the gate is open for good.
        self.0.recv().ok();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_reader_loses_samples_and_never_stops_the_run() {
    const BATCHES: u64 = 4 * crate::BATCHES_LIMIT as u64;
    let samples = Samples::of_a_run();
    let (gate, gated) = std::sync::mpsc::sync_channel(1);
    let sink = Sink::Plain(Box::new(Gated(gated)));
    let log = Log::memory();
    let config = config(samples.registry.clone());
    let mut output = start_on("json(stdout)".to_owned(), sink, config, log.clone()).unwrap();
    let requests: Vec<RawSample> = samples.list.into_iter().take(2).collect();
    let list = Arc::new(requests);
    for _ in 0..BATCHES {
        output.samples(&list, 0);
    }
    drop(gate);
    let message = output.finish().unwrap_err().message;
    let mut counts = message.split(' ').filter_map(|word| word.parse::<u64>().ok());
    let (written, missing) = (counts.next().unwrap(), counts.next().unwrap());
    assert_eq!(written + missing, 2 * BATCHES, "{message}");
    assert!(missing >= BATCHES, "{message}");
    assert_eq!(log.lines().len(), 1, "{:?}", log.lines());
}

#[test]
fn a_path_that_cannot_be_opened() {
    let target = Target::parse(Some("/nonexistent/x.json"));
    let samples = Samples::new();
    let Err(error) = start(&target, config(samples.registry), Log::memory()) else {
        panic!("opened a file in a directory that does not exist")
    };
    assert!(error.message.contains("open /nonexistent/x.json: No such file"), "{error}");
}
