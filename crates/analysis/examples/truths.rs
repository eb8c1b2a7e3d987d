//! How well searches find the capacity of simulated services: the table that `cargo xtask measure
//! capacity --only simulated` prints. `truths SEEDS SECONDS [SERVICE]`: how many searches of each
//! service, and how long each may take.

//!
//! `covered`: intervals that hold the truth; `above/below`: that lie above or below it; `width` of the
//! median one. `error`: the answer against the truth. `confirmed`: both sides are known; `wrong` are those
//! of them that have the truth further outside than the precision. `silent`: no interval was given.
//! `stopped`: searches that an invalid trial ended. `most`: the longest search.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

#[path = "../tests/capacity/services.rs"]
mod services;
#[path = "../tests/capacity/truth.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod truth;

use std::{process::ExitCode, time::Duration};

use plimsoll_analysis::{
    capacity::{End, Settings},
    stats::{median, quantile},
};
use truth::{Case, Score};

/// Of a hundred intervals so many may miss the truth; and how many deviations of chance more.
const MISSED: f64 = 0.1;
const DEVIATIONS: f64 = 2.0;

/// One search of so many is run once more with a generator that is the limit now and then.
const HICCUPS: u64 = 10;

fn main() -> ExitCode {
    let number = |at, otherwise| {
        std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (seeds, budget) = (number(1, 50_u64), Duration::from_secs(number(2, 180)));
    println!(
        "{:<17} {:>8} {:>9} {:>11} {:>7} {:>21} {:>10} {:>6} {:>7} {:>7} {:>5}",
        "service",
        "truth",
        "covered",
        "above/below",
        "width",
        "error (median, worst)",
        "confirmed",
        "wrong",
        "silent",
        "stopped",
        "most"
    );
    let mut is_right = true;
    let only = std::env::args().nth(3);
    let is_wanted = |case: &Case| only.as_deref().is_none_or(|only| only == case.model.name);
    for case in truth::cases().into_iter().filter(is_wanted) {
        let score = truth::score(&case, 0..seeds, budget);
        let stopped = (0..seeds.div_ceil(HICCUPS)).filter(|&seed| {
            let finding = case.search(seed, budget, true).finding;
            finding.capacity.is_none() || matches!(finding.end, End::Ceiling | End::Floor)
        });
        let stopped = stopped.count();
        print(&case, budget, &score, stopped);
        is_right &= is_covered(&score) && stopped == 0;
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_covered(score: &Score) -> bool {
    let all = score.searches as f64;
    let missed = (score.above.len() + score.below.len()) as f64;
    let chance = DEVIATIONS * (MISSED * (1.0 - MISSED) * all).sqrt();
    missed <= MISSED * all + chance && score.silent.len() as f64 <= all * MISSED / 2.0
}

fn print(case: &Case, budget: Duration, score: &Score, stopped: usize) {
    let truth = case.truth.rate(Settings::within(budget, case.start, 1e6).long);
    let further = |worst: f64, error: &f64| if error.abs() > worst.abs() { *error } else { worst };
    println!(
        "{:<17} {:>6.1}/s {:>7.1} % {:>11} {:>5.1} % {:>+8.1} %, {:>+6.1} % {:>5}/{:<4} {:>6} {:>7} {:>7} {:>3.0} s",
        case.model.name,
        truth,
        score.covered.len() as f64 / (score.searches - score.silent.len()).max(1) as f64 * 100.0,
        format!("{}/{}", score.above.len(), score.below.len()),
        median(&score.widths).unwrap_or(0.0) * 100.0,
        median(&score.errors).unwrap_or(0.0) * 100.0,
        score.errors.iter().fold(0.0, further) * 100.0,
        score.converged,
        score.searches,
        score.wrong.len(),
        score.silent.len(),
        stopped,
        quantile(&score.seconds, 1.0).unwrap_or(0.0),
    );
}
