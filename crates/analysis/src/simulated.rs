//! Dice, and made-up runs whose truth is known: for tests and examples, not for programs.

use plimsoll_metrics::{
    Builtin, Recorder, Registry, TagSet, Timestamp,
    record::{Decoder, Encoder, End, Frame, Header},
};
use serde_json::json;

use crate::compare::Run;

/// Metrics of a made-up run.
const SERIES_LIMIT: usize = 100;

/// How far a run's length is off, as a share of it.
const LENGTH_ERROR: f64 = 0.002;

/// Milliseconds for which a request waits to be sent, at most.
const LATE_MAX: f64 = 0.1;

/// Random numbers, the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly spread from 0 to 1.
    pub fn roll(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.roll()).ln()
    }

    /// Around 0, with a standard deviation of 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.roll()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.roll()).cos()
    }
}

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    pub requests: u32,
    pub seconds: f64,
    /// Of what a request takes, in milliseconds.
    pub median: f64,
    /// Of logarithms of what requests take: the standard deviation, and that of the luck that all requests
    /// of a run share.
    pub spread: f64,
    pub luck: f64,
    /// The share that fails.
    pub fails: f64,
}

impl Made {
    /// The run, by its record.
    pub fn run(&self, dice: &mut Dice) -> Run {
        Run::read("", self.frames(dice, Some("finished"))).expect("it finished")
    }

    /// Its record, to the end for that reason if there is one.
    pub fn frames(&self, dice: &mut Dice, end: Option<&str>) -> Vec<Frame> {
        const WRITTEN: &str = "what is made here fits into a record";
        let registry = Registry::new(SERIES_LIMIT);
        let mut bytes = Vec::new();
        let header = Header {
            tool_version: "1".to_owned(),
            started_unix_ms: 0,
            script: "a.js".to_owned(),
            options: json!({"vus": 1}),
        };
        let mut encoder = Encoder::new(registry.clone(), &header, &mut bytes).expect(WRITTEN);
        let interval = self.recorded(dice, registry).take_interval();
        encoder.interval(Timestamp(1), &interval, &mut bytes).expect(WRITTEN);
        if let Some(reason) = end {
            let duration_ms = 1e3 * self.seconds * (1.0 + LENGTH_ERROR * dice.normal());
            let end = End { reason: reason.to_owned(), duration_ms, thresholds: Vec::new() };
            encoder.end(&end, &mut bytes).expect(WRITTEN);
        }
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        std::iter::from_fn(|| decoder.next_frame().expect("it was written just now")).collect()
    }

    fn recorded(&self, dice: &mut Dice, registry: Registry) -> Recorder {
        let mut recorder = Recorder::new(registry, false, 0);
        let tags = TagSet::from_pairs([("status", "200")]);
        let metrics = [
            Builtin::HttpReqs,
            Builtin::HttpReqFailed,
            Builtin::HttpReqDuration,
            Builtin::IterationResponseTime,
        ];
        let series = metrics.map(|metric| recorder.handle(metric.id(), &tags));
        let pace = self.median * (self.luck * dice.normal()).exp();
        for _ in 0..self.requests {
            let service = pace * (self.spread * dice.normal()).exp();
            let response = service + LATE_MAX * dice.roll();
            let failed = if dice.roll() < self.fails { 1.0 } else { 0.0 };
            for (series, value) in series.into_iter().zip([1.0, failed, service, response]) {
                recorder.record(series, value, Timestamp(0));
            }
        }
        recorder
    }
}
