//! How well searches find the capacity of simulated services: the table that `cargo xtask measure
//! capacity` prints. `cargo run --release -p plimsoll-analysis --example truths -- SEEDS`

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

#[path = "../tests/capacity/services.rs"]
mod services;
#[path = "../tests/capacity/truth.rs"]
mod truth;

use plimsoll_analysis::stats::{median, quantile};

fn main() {
    let seeds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50_u64);
    let budget = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(180);
    let budget = std::time::Duration::from_secs(budget);
    println!(
        "{:<18} {:>9} {:>9} {:>9} {:>22} {:>9} {:>8}",
        "service", "truth", "covered", "converged", "error (median, worst)", "width", "seconds"
    );
    for case in truth::cases() {
        let truth = case.truth(3_000);
        let score = truth::score(&case, truth, 0..seeds, budget);
        let worst = score
            .errors
            .iter()
            .fold(0.0_f64, |worst, error| if error.abs() > worst.abs() { *error } else { worst });
        println!(
            "{:<18} {:>7.1}/s {:>5}/{:<3} {:>5}/{:<3} {:>+9.1} %, {:>+6.1} % {:>7.1} % {:>8.0}",
            case.model.name,
            truth,
            score.covered,
            score.searches,
            score.converged,
            score.searches,
            median(&score.errors).unwrap_or(0.0) * 100.0,
            worst * 100.0,
            median(&score.widths).unwrap_or(0.0) * 100.0,
            quantile(&score.seconds, 0.9).unwrap_or(0.0),
        );
    }
}
