//! Round trips of run records, and what damage does to them.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;
use crate::{
    builtin::Builtin,
    recorder::Recorder,
    registry::{self, Registry},
    sink::Sink,
    tags::TagSet,
};

fn header() -> Header {
    Header {
        tool_version: "0.1.0".into(),
        started_unix_ms: 1_763_000_000_123,
        script: "script.js".into(),
        options: json!({ "vus": 3, "thresholds": { "http_reqs": ["count>0"] } }),
    }
}

fn end() -> End {
    let result = |expression: &str, ok| ThresholdResult {
        key: "http_reqs".into(),
        expression: expression.into(),
        ok,
    };
    End {
        reason: "finished".into(),
        duration_ms: 1234.5,
        thresholds: vec![result("count>0", true), result("count<0", false)],
    }
}

/// A record with all kinds of frames; `samples` are `(metric, tag, value)`, one inner list per second.
fn record(seconds: &[Vec<(usize, u8, f64)>]) -> Vec<u8> {
    let registry = Registry::new(registry::SERIES_LIMIT);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(registry.clone(), &header(), &mut out).unwrap();
    let late = registry.metric("late", MetricKind::Trend, Contains::Time).unwrap();
    for (second, samples) in (1..).zip(seconds) {
        let at = Timestamp(1_763_000_000_000_000_000 + second * 1_000_000_000);
        for &(metric, tag, value) in samples {
            let metric = Builtin::ALL.get(metric).map_or(late, |builtin| builtin.id());
            let tags = TagSet::from_pairs([("tag", tag.to_string()), ("name", "\u{e9}".into())]);
            let handle = recorder.handle(metric, &tags);
            recorder.record(handle, value, at);
        }
        encoder.interval(at, &recorder.take_interval(), &mut out).unwrap();
        encoder.event(at, "note", &format!("second {second}"), &mut out);
    }
    encoder.end(&end(), &mut out).unwrap();
    out
}

/// All frames of a record fed in pieces that end at `splits`.
fn frames(bytes: &[u8], splits: &[usize]) -> Result<Vec<Frame>, RecordError> {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    let mut from = 0;
    for &to in splits.iter().chain([&bytes.len()]) {
        decoder.feed(&bytes[from..to]);
        from = to;
        while let Some(frame) = decoder.next_frame()? {
            frames.push(frame);
        }
    }
    decoder.finish()?;
    Ok(frames)
}

fn text(frames: &[Frame]) -> Vec<String> {
    frames.iter().map(|frame| format!("{frame:?}")).collect()
}

fn samples() -> impl Strategy<Value = Vec<Vec<(usize, u8, f64)>>> {
    let metrics = 0..=Builtin::ALL.len();
    let sample = (metrics, 0_u8..4, prop_oneof![Just(0.0), Just(1.0), 0.0..1e4_f64]);
    vec(vec(sample, 0..60), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(seconds in samples()) {
        let frames = frames(&record(&seconds), &[]).unwrap();
        let mut series: Vec<(Arc<str>, TagSet)> = Vec::new();
        let mut metrics = Vec::new();
        let mut totals = std::collections::BTreeMap::new();
        for frame in &frames {
            match frame {
                Frame::Metric(def) => metrics.push(def.clone()),
                Frame::Series(def) => {
                    prop_assert_eq!(def.id.0 as usize, series.len());
                    series.push((metrics[def.metric.0 as usize].name.clone(), def.tags.clone()));
                }
                Frame::Interval { interval, .. } => for (id, sink) in &interval.sinks {
                    let (name, tags) = &series[id.0 as usize];
                    let into: &mut Sink = totals
                        .entry((name.clone(), tags.get("tag").unwrap().to_owned()))
                        .or_insert_with(|| Sink::new(sink.kind()));
                    into.merge(sink);
                },
                _ => {}
            }
        }
        // The metric made after the start comes with the first interval.
        prop_assert_eq!(metrics.len(), Builtin::ALL.len() + usize::from(!seconds.is_empty()));
        let mut expected = std::collections::BTreeMap::new();
        for (second, samples) in (1..).zip(&seconds) {
            for &(metric, tag, value) in samples {
                let builtin = Builtin::ALL.get(metric);
                let name: Arc<str> = builtin.map_or("late", |builtin| builtin.name()).into();
                let kind = builtin.map_or(MetricKind::Trend, |builtin| builtin.kind());
                let sink = expected.entry((name, tag.to_string())).or_insert_with(|| Sink::new(kind));
                sink.add(value, 1_763_000_000_000_000_000 + second * 1_000_000_000);
            }
        }
        let of = |sinks: &std::collections::BTreeMap<(Arc<str>, String), Sink>| -> Vec<_> {
            sinks.iter().map(|(key, sink)| (key.clone(), summary(sink))).collect()
        };
        prop_assert_eq!(of(&totals), of(&expected));
    }

    #[test]
    fn pieces_do_not_matter(seconds in samples(), cuts in vec(any::<prop::sample::Index>(), 0..20)) {
        let bytes = record(&seconds);
        let mut splits: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        splits.sort_unstable();
        prop_assert_eq!(
            text(&frames(&bytes, &splits).unwrap()),
            text(&frames(&bytes, &[]).unwrap())
        );
    }

    #[test]
    fn damage_never_panics(
        seconds in samples(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = record(&seconds);
        for (at, to) in damage {
            *at.get_mut(&mut bytes) = to;
        }
        if let Ok(frames) = frames(&bytes, &[]) {
            prop_assert!(matches!(frames.last(), Some(Frame::End(_))));
        }
    }

    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..300), with_start: bool) {
        let start: &[u8] = if with_start { b"PLIMRUN\n\x01\x01" } else { b"" };
        prop_assert!(frames(&[start, &bytes].concat(), &[]).is_err());
    }
}

/// A sink in a form that compares; sums of floats depend on their order in the last digits.
fn summary(sink: &Sink) -> String {
    match sink {
        Sink::Counter { sum } => format!("{sum:.6e}"),
        Sink::Trend(h) => format!("{:?} {:?} {:.6e}", h.buckets(), (h.min(), h.max()), h.sum()),
        other => format!("{other:?}"),
    }
}

fn small_record() -> Vec<u8> {
    // Many values in few buckets: the tests that use it take time in the square of its length.
    let values = (0..1_200).map(|at| (9, 0, f64::from(at % 9) / 7.0)).collect();
    record(&[vec![(0, 0, 5.0), (2, 1, 1.0), (5, 2, 0.0), (9, 3, 0.25)], values, vec![]])
}

#[test]
fn every_split_gives_the_same() {
    let bytes = small_record();
    let expected = text(&frames(&bytes, &[]).unwrap());
    for at in 0..bytes.len() {
        assert_eq!(text(&frames(&bytes, &[at]).unwrap()), expected, "split at {at}");
    }
    let all: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(text(&frames(&bytes, &all).unwrap()), expected, "byte by byte");
}

#[test]
fn a_cut_record_is_truncated() {
    let bytes = small_record();
    for len in 1..bytes.len() {
        let error = frames(&bytes[..len], &[]).unwrap_err();
        assert_eq!(error, RecordError::Truncated { offset: len as u64 });
    }
    assert_eq!(frames(&[], &[]).unwrap_err(), RecordError::NotARecord);
}

#[test]
fn header_and_end_come_back() {
    let frames = frames(&small_record(), &[]).unwrap();
    assert!(matches!(&frames[0], Frame::Header(found) if *found == header()));
    assert!(matches!(frames.last(), Some(Frame::End(found)) if *found == end()));
}

#[test]
fn other_files_and_newer_records_are_told_apart() {
    assert_eq!(frames(b"{\"metrics\":{}}", &[]).unwrap_err(), RecordError::NotARecord);
    let newer = frames(b"PLIMRUN\n\x02whatever", &[]).unwrap_err();
    assert_eq!(
        newer.to_string(),
        "run record of format version 2, this program reads up to 1: use a newer plimsoll"
    );
    let mut more = small_record();
    more.push(0);
    let error = frames(&more, &[]).unwrap_err().to_string();
    assert!(error.starts_with("corrupt run record: bytes behind its end (at byte "), "{error}");
}

#[test]
fn unknown_optional_frames_are_skipped() {
    let mut bytes = b"PLIMRUN\n\x01".to_vec();
    let plain = record(&[]);
    let header_end = {
        let len = serde_json::to_vec(&header()).unwrap().len();
        // Kind, two bytes of length, content.
        bytes.len() + 3 + len
    };
    bytes.extend(&plain[bytes.len()..header_end]);
    bytes.extend([0x80, 3, 1, 2, 3]);
    bytes.extend(&plain[header_end..]);
    assert_eq!(text(&frames(&bytes, &[]).unwrap()), text(&frames(&plain, &[]).unwrap()));
    bytes[header_end] = 0x7f;
    let error = frames(&bytes, &[]).unwrap_err().to_string();
    assert!(error.contains("a frame of unknown kind"), "{error}");
}

#[test]
fn a_large_interval_is_split() {
    let registry = Registry::new(registry::SERIES_LIMIT);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(registry.clone(), &header(), &mut out).unwrap();
    // Values that fit no whole number of nanoseconds, so that each takes eight bytes.
    let mut sink = Sink::new(MetricKind::Trend);
    (0..1_000).for_each(|at| sink.add(f64::from(at).sqrt() * 1e-3, 0));
    let series = |at: u32| {
        let tags = TagSet::from_pairs([("url", at.to_string())]);
        (registry.series(Builtin::HttpReqDuration.id(), &tags), sink.clone())
    };
    let interval = Interval { sinks: (0..1_200).map(series).collect() };
    encoder.interval(Timestamp(7), &interval, &mut out).unwrap();
    encoder.end(&end(), &mut out).unwrap();
    let lens: Vec<usize> = frames(&out, &[])
        .unwrap()
        .iter()
        .filter_map(|frame| match frame {
            Frame::Interval { at: Timestamp(7), interval } => Some(interval.sinks.len()),
            _ => None,
        })
        .collect();
    assert!(lens.len() > 1, "{lens:?}");
    assert_eq!(lens.iter().sum::<usize>(), 1_200);
}

#[test]
fn long_texts_of_events_are_cut() {
    let mut out = Vec::new();
    let registry = Registry::new(registry::SERIES_LIMIT);
    let mut encoder = Encoder::new(registry, &header(), &mut out).unwrap();
    encoder.event(Timestamp(1), "log", &"\u{e9}".repeat(EVENT_TEXT_LIMIT), &mut out);
    encoder.end(&end(), &mut out).unwrap();
    let frames = frames(&out, &[]).unwrap();
    let found = frames.iter().find_map(|frame| match frame {
        Frame::Event { text, .. } => Some(text.len()),
        _ => None,
    });
    assert_eq!(found, Some(EVENT_TEXT_LIMIT));
}
