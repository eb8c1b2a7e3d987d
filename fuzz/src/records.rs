//! Run records and the histograms in them.

use bolero::{check, produce};
use plimsoll_metrics::{
    Builtin, Histogram, Recorder, Registry, TagSet, Timestamp,
    record::{Decoder, Encoder, End, Frame, Header, RecordError, ThresholdResult},
};
use serde_json::json;

use crate::near::{Corpus, Split};

const WORDS: &[&str] = &[
    "PLIMRUN\n",
    "\0",
    "\u{1}",
    "\u{4}",
    "\u{7f}\u{7f}\u{7f}\u{7f}",
    "\u{6}",
    "{}",
    "\"",
    "null",
    "a",
];

/// A record with every kind of frame, `seconds` long.
fn record(seconds: u64) -> Vec<u8> {
    let registry = Registry::new(100);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let header = Header {
        tool_version: "0".into(),
        started_unix_ms: 1,
        script: "a.js".into(),
        options: json!({ "vus": 1 }),
    };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(registry, &header, &mut out).expect("a short header");
    for second in 0..seconds {
        let at = Timestamp(second * 1_000_000_000);
        for (builtin, value) in
            Builtin::ALL.iter().zip([0.0, 1.0, -2.5, 1e9, f64::MAX].iter().cycle())
        {
            let tags = TagSet::from_pairs([("second", second.to_string())]);
            let series = recorder.handle(builtin.id(), &tags);
            recorder.record(series, *value, at);
        }
        encoder.interval(at, &recorder.take_interval(), &mut out).expect("short tags");
        encoder.event(at, "note", "text", &mut out);
    }
    let result = ThresholdResult { key: "a".into(), expression: "count>0".into(), ok: true };
    let end = End { reason: "finished".into(), duration_ms: 1.5, thresholds: vec![result] };
    encoder.end(&end, &mut out).expect("a short end");
    out
}

fn frames(pieces: &[&[u8]]) -> (Vec<Frame>, Result<(), RecordError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, decoder.finish())
}

#[test]
fn records() {
    let corpus = Corpus { seeds: (0..3).map(record).collect(), words: WORDS };
    let inputs = (corpus.bytes(), produce::<Split>());
    check!().with_generator(inputs).for_each(|(bytes, split)| {
        let (whole, whole_end) = frames(&[&bytes.0]);
        let (cut, cut_end) = frames(&split.pieces(&bytes.0));
        assert_eq!(cut_end, whole_end);
        assert_eq!(format!("{cut:?}"), format!("{whole:?}"));
    });
}

#[test]
fn histograms() {
    let seed = |values: &[f64]| {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        let mut bytes = Vec::new();
        histogram.encode(&mut bytes);
        bytes
    };
    let many: Vec<f64> = (0..2_000).map(|n| f64::from(n) * 1.7).collect();
    let seeds = vec![seed(&[]), seed(&[1.0, 2.0, 2.0]), seed(&[-1.0, 0.0, 1e300]), seed(&many)];
    check!().with_generator(Corpus { seeds, words: WORDS }.bytes()).for_each(|bytes| {
        let Ok(histogram) = Histogram::decode(&bytes.0) else { return };
        let mut again = Vec::new();
        histogram.encode(&mut again);
        let decoded = Histogram::decode(&again).expect("what it wrote");
        assert_eq!(decoded.count(), histogram.count());
        for percent in [0.0, 50.0, 99.9, 100.0] {
            let (value, other) = (histogram.percentile(percent), decoded.percentile(percent));
            assert_eq!(value.to_bits(), other.to_bits(), "p({percent})");
        }
        let mut sum = decoded;
        sum.merge(&histogram);
        sum.buckets();
    });
}
