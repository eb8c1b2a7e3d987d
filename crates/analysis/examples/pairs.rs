//! How often comparisons of simulated runs find a difference, where there is none and where there is one:
//! what `cargo xtask measure compare` prints.
//! `cargo run --release -p plimsoll-analysis --example pairs -- PAIRS`, one JSON object a line.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use plimsoll_analysis::{
    compare::{Figure, Row, Run, Settings, Verdict, compare, runs_needed},
    simulated::{Dice, Made},
};
use serde_json::json;

/// A machine gets slower and faster again by so much within an hour of runs.
const DRIFT: f64 = 0.05;
const DRIFT_RUNS: f64 = 60.0;

/// The `at`th run of a machine, whose requests take `factor` of their time.
fn run(factor: f64, luck: f64, at: f64, dice: &mut Dice) -> Run {
    let drift = 1.0 + DRIFT * (std::f64::consts::TAU * at / DRIFT_RUNS).sin();
    let median = 20.0 * factor * drift;
    Made { requests: 2000, seconds: 10.0, median, spread: 0.4, luck, fails: 0.002 }.run(dice)
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
    let mut dice = Dice::new(1);
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
