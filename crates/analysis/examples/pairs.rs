//! How often comparisons of simulated runs find a difference, where there is none and where there is one:
//! what `cargo xtask measure compare` prints.
//! `cargo run --release -p plimsoll-analysis --example pairs -- PAIRS`, one JSON object a line.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::collections::BTreeMap;

use plimsoll_analysis::compare::{Figure, Load, Row, Run, Settings, Verdict, compare, runs_needed};
use plimsoll_metrics::record::{End, Header};
use serde_json::json;

/// Requests of a run, and how long it lasts.
const REQUESTS: u32 = 2000;
const SECONDS: f64 = 10.0;

/// Their median milliseconds, and how much they spread, as a standard deviation of logarithms.
const MEDIAN: f64 = 20.0;
const SPREAD: f64 = 0.4;

/// A machine gets slower and faster again by so much within an hour of runs.
const DRIFT: f64 = 0.05;
const DRIFT_RUNS: f64 = 60.0;

/// Of a request that fails.
const FAILS: f64 = 0.002;

/// Random numbers, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.roll()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.roll()).cos()
    }
}

/// The `at`th run of a machine, whose requests take `factor` of their time. Each run has a luck of its own
/// that all its requests share.
fn run(factor: f64, luck: f64, at: f64, dice: &mut Dice) -> Run {
    let drift = 1.0 + DRIFT * (std::f64::consts::TAU * at / DRIFT_RUNS).sin();
    let pace = MEDIAN * factor * drift * (luck * dice.normal()).exp();
    let mut load = Load { requests: f64::from(REQUESTS), ..Load::default() };
    for _ in 0..REQUESTS {
        let service = pace * (SPREAD * dice.normal()).exp();
        load.service.record(service);
        load.response.record(service + 0.1 * dice.roll());
        load.failed += if dice.roll() < FAILS { 1.0 } else { 0.0 };
    }
    Run {
        name: String::new(),
        header: Header {
            tool_version: String::new(),
            started_unix_ms: 0,
            script: String::new(),
            options: json!({}),
        },
        end: End {
            reason: "finished".to_owned(),
            duration_ms: 1e3 * SECONDS * (1.0 + 0.002 * dice.normal()),
            thresholds: Vec::new(),
        },
        invalid: Vec::new(),
        load,
        limits: BTreeMap::new(),
    }
}

/// Two groups whose runs take turns there and back, as `plimsoll bench` has them.
fn pair(count: usize, slower: f64, luck: f64, dice: &mut Dice) -> Vec<Row> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let start = dice.roll() * DRIFT_RUNS;
    for round in 0..count {
        let at = start + 2.0 * round as f64;
        let (first, second) = if round % 2 == 0 { (at, at + 1.0) } else { (at + 1.0, at) };
        old.push(run(1.0, luck, first, dice));
        new.push(run(1.0 + slower, luck, second, dice));
    }
    compare(&old, &new, &Settings::default())
}

fn main() {
    let pairs = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000_u32);
    let figures = Figure::ALL.len();
    let asked = runs_needed(figures, Settings::default().level);
    let mut dice = Dice(1);
    for (slower, luck, runs) in [
        (0.0, 0.02, asked),
        (0.0, 0.02, 2 * asked),
        (0.0, 0.10, asked),
        (0.1, 0.01, asked),
        (0.1, 0.02, asked),
        (0.1, 0.02, 2 * asked),
    ] {
        let (mut any, mut worse, mut better) = (0, 0, 0);
        for _ in 0..pairs {
            let rows = pair(runs, slower, luck, &mut dice);
            let is = |row: &Row, verdict| row.verdict == verdict;
            let found = |row: &Row| is(row, Verdict::Worse) || is(row, Verdict::Better);
            any += u32::from(rows.iter().any(found));
            let p50_is = |verdict| {
                let mut of_time = rows.iter().filter(|row| row.figure == Figure::P50);
                u32::from(of_time.any(|row| is(row, verdict)))
            };
            worse += p50_is(Verdict::Worse);
            better += p50_is(Verdict::Better);
        }
        let line = json!({
            "slower": slower, "luck": luck, "runs": runs, "pairs": pairs,
            "any": any, "p50_worse": worse, "p50_better": better,
        });
        println!("{line}");
    }
}
