//! How often the interval of a peak holds it, in sweeps of simulated services that follow the Universal
//! Scalability Law, or nearly: `cargo run --release -p plimsoll-analysis --example peaks -- SWEEPS`.
//!
//! `seen`: sweeps in which a peak is told; `held`: those of them whose interval has its place, and its
//! height; `width`: of the median interval of the place, as a share of it; `parameters`: sweeps whose
//! intervals of contention and coherency both hold the truth.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use plimsoll_analysis::{
    scaling::{Estimate, Law, Peak, Point, fit},
    simulated::Dice,
    stats::median,
};

/// What may be swept: as `1..64` has it, and by hand.
const DOUBLED: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
const FEW: &[f64] = &[1.0, 4.0, 8.0, 16.0, 32.0];
const MANY: &[f64] = &[1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0];

/// How runs differ from the law.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// Each run for itself.
    Even(f64),
    /// Some runs are slower, as on a machine that has something else to do now and then.
    Slower(f64),
    /// Each run for itself, and each size by half as much, in all its runs: no service follows a law to
    /// the digit.
    Unlawful(f64),
}

struct Sweep {
    law: Law,
    peak: f64,
    sizes: &'static [f64],
    repeats: usize,
    noise: Noise,
}

impl Sweep {
    fn points(&self, dice: &mut Dice) -> Vec<Point> {
        let mut points = Vec::new();
        for &n in self.sizes {
            let of_size = match self.noise {
                Noise::Unlawful(deviation) => 1.0 + deviation / 2.0 * dice.normal(),
                Noise::Even(_) | Noise::Slower(_) => 1.0,
            };
            for _ in 0..self.repeats {
                let factor = match self.noise {
                    Noise::Even(deviation) | Noise::Unlawful(deviation) => {
                        1.0 + deviation * dice.normal()
                    }
                    Noise::Slower(mean) => 1.0 / (1.0 + dice.exponential(mean)),
                };
                points.push(Point { n, throughput: self.law.at(n) * of_size * factor.max(0.05) });
            }
        }
        points
    }

    fn print(&self, sweeps: u64) {
        let Law::Usl { sigma, kappa, .. } = self.law else { return };
        let (mut seen, mut place, mut height, mut parameters) = (0, 0, 0, 0);
        let mut widths = Vec::new();
        // What makes all runs slower alike makes the peak lower too.
        let usual = match self.noise {
            Noise::Slower(mean) => {
                let mut dice = Dice::new(0);
                let all = (0..100_000).map(|_| 1.0 / (1.0 + dice.exponential(mean)));
                all.sum::<f64>() / 100_000.0
            }
            Noise::Even(_) | Noise::Unlawful(_) => 1.0,
        };
        let holds = |estimate: Estimate, truth: f64| {
            u32::from(estimate.interval.is_some_and(|it| it.low <= truth && truth <= it.high))
        };
        for seed in 0..sweeps {
            let mut dice = Dice::new(seed + 1);
            let points = self.points(&mut dice);
            let Ok(fit) = fit(&points, || dice.bits()) else { continue };
            parameters += holds(fit.usl.sigma, sigma) & holds(fit.usl.kappa, kappa);
            let (Peak::Within(summit) | Peak::Beyond(summit)) = fit.peak else { continue };
            seen += 1;
            place += holds(summit.n, self.peak);
            height += holds(summit.throughput, self.law.at(self.peak) * usual);
            let range = summit.n.interval;
            widths.extend(range.map(|range| (range.high - range.low) / self.peak));
        }
        let share = |count: u32, of: u32| f64::from(count) / f64::from(of.max(1)) * 100.0;
        println!(
            "{:>5.1} {:>5} {:>7} {:<16} {seen:>5}/{sweeps:<5} {:>6.1} % {:>7.1} % {:>6.1} % {:>9.1} %",
            self.peak,
            self.sizes.len(),
            self.repeats,
            format!("{:?}", self.noise),
            share(place, seen),
            share(height, seen),
            median(&widths).unwrap_or(0.0) * 100.0,
            share(parameters, sweeps as u32),
        );
    }
}

fn main() {
    let sweeps = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400_u64);
    println!(
        "{:>5} {:>5} {:>7} {:<16} {:>11} {:>8} {:>9} {:>8} {:>11}",
        "peak", "sizes", "repeats", "noise", "seen", "place", "height", "width", "parameters"
    );
    for peak in [15.4_f64, 34.8] {
        let sigma = 0.03;
        let law = Law::Usl { lambda: 995.0, sigma, kappa: (1.0 - sigma) / (peak * peak) };
        for (sizes, repeats) in [(DOUBLED, 3), (DOUBLED, 1), (FEW, 3), (FEW, 2), (MANY, 3)] {
            for noise in [
                Noise::Even(0.02),
                Noise::Even(0.05),
                Noise::Even(0.1),
                Noise::Slower(0.05),
                Noise::Unlawful(0.05),
            ] {
                Sweep { law, peak, sizes, repeats, noise }.print(sweeps);
            }
        }
    }
}
