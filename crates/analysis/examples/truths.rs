//! How well searches find the capacity of simulated services: the table that `cargo xtask measure
//! capacity --only simulated` prints. `truths SEEDS SECONDS`: how many searches of each service, and how
//! long each may take.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

#[path = "../tests/capacity/services.rs"]
mod services;
#[path = "../tests/capacity/truth.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod truth;

use std::time::Duration;

use plimsoll_analysis::{
    capacity::Settings,
    stats::{median, quantile},
};
use truth::{Case, Score};

fn main() {
    let number = |at, otherwise| {
        std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (seeds, budget) = (number(1, 50_u64), Duration::from_secs(number(2, 180)));
    println!(
        "{:<17} {:>8} {:>9} {:>11} {:>7} {:>21} {:>10} {:>6} {:>8}",
        "service",
        "truth",
        "covered",
        "above/below",
        "width",
        "error (median, worst)",
        "confirmed",
        "wrong",
        "seconds"
    );
    for case in truth::cases() {
        print(&case, budget, &truth::score(&case, 0..seeds, budget));
    }
}

fn print(case: &Case, budget: Duration, score: &Score) {
    let truth = case.truth.rate(Settings::within(budget, case.start, 1e6).long);
    let further = |worst: f64, error: &f64| if error.abs() > worst.abs() { *error } else { worst };
    println!(
        "{:<17} {:>6.1}/s {:>7.1} % {:>11} {:>5.1} % {:>+8.1} %, {:>+6.1} % {:>5}/{:<4} {:>6} {:>8.0}",
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
        quantile(&score.seconds, 1.0).unwrap_or(0.0),
    );
}
