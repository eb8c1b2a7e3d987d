//! Curves whose law is known.

use super::*;
use crate::simulated::Dice;

fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut dice = Dice::new(seed);
    move || dice.bits()
}

/// So many repeats of each size, with a standard deviation of about `noise`.
fn measured(law: Law, sizes: &[f64], repeats: usize, noise: f64, seed: u64) -> Vec<Point> {
    let mut dice = Dice::new(seed.wrapping_mul(7919).wrapping_add(13));
    let all = sizes.iter().flat_map(|&n| std::iter::repeat_n(n, repeats));
    all.map(|n| Point { n, throughput: law.at(n) * (1.0 + noise * dice.normal()) }).collect()
}

const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0];
const RETROGRADE: Law = Law::Usl { lambda: 995.0, sigma: 0.03, kappa: 0.0008 };
const SEEDS: u64 = 40;

#[test]
fn laws_are_found_again() {
    let wide: Vec<f64> = (0..=10).map(|power| f64::from(1 << power)).collect();
    for (lambda, sigma, kappa) in [
        (995.0, 0.03, 0.0008),
        (40.0, 0.5, 0.0),
        (40.0, 0.5, 0.02),
        (1.0, 0.0, 0.0),
        (2e5, 0.0, 0.001),
        (300.0, 0.001, 1e-6),
        (300.0, 0.95, 0.3),
    ] {
        for sizes in [&SIZES[..], &wide] {
            let points = measured(Law::Usl { lambda, sigma, kappa }, sizes, 1, 0.0, 1);
            let Law::Usl { lambda: l, sigma: s, kappa: k } = model::usl(&points) else { panic!() };
            assert!((l / lambda - 1.0).abs() < 0.01, "lambda {l}, not {lambda}");
            assert!((s - sigma).abs() < 0.003 + sigma * 0.02, "sigma {s}, not {sigma}");
            assert!((k - kappa).abs() < 1e-5 + kappa * 0.02, "kappa {k}, not {kappa}");
        }
    }
}

#[test]
fn a_peak_is_found_where_it_is() {
    let fit = fit(&measured(RETROGRADE, &SIZES, 3, 0.02, 1), dice(2)).unwrap();
    let Peak::Within(summit) = fit.peak else { panic!("{fit:?}") };
    assert!((31.0..39.0).contains(&summit.n.value), "{summit:?}");
    assert!((summit.throughput.value / RETROGRADE.at(34.8) - 1.0).abs() < 0.05, "{summit:?}");
    assert_eq!(fit.laws[0].law.model(), Model::Usl);
    assert!(fit.laws[0].r_squared > 0.98 && fit.laws[0].weight > 0.99, "{fit:?}");
    assert!(fit.ceiling.is_none() && fit.advice.is_empty() && fit.is_lawful, "{fit:?}");
    assert!(fit.leverage.is_some());
}

/// Nobody has looked there, and nobody may say that it was seen.
#[test]
fn a_peak_outside_the_sweep_is_not_one_that_was_observed() {
    let near = fit(&measured(RETROGRADE, &SIZES[..6], 5, 0.005, 1), dice(2)).unwrap();
    let Peak::Beyond(summit) = near.peak else { panic!("{near:?}") };
    assert!(summit.n.value > 24.0, "{summit:?}");
    assert!(near.advice.contains(&Advice::NotPastThePeak));
    let far = fit(&measured(RETROGRADE, &SIZES[..5], 5, 0.001, 1), dice(2)).unwrap();
    assert_eq!(far.peak, Peak::NotObserved, "34.8 is more than twice 16");
}

#[test]
fn without_coherency_there_is_a_ceiling_and_no_peak() {
    let truth = Law::Usl { lambda: 500.0, sigma: 0.05, kappa: 0.0 };
    let fit = fit(&measured(truth, &SIZES, 3, 0.02, 3), dice(4)).unwrap();
    assert_eq!(fit.peak, Peak::NotObserved, "{fit:?}");
    let ceiling = fit.ceiling.expect("one and a half times what was reached");
    assert!((8_000.0..12_500.0).contains(&ceiling.value), "{fit:?}");
    assert!(fit.advice.contains(&Advice::NotPastThePeak));
    // Of a bend that has only begun nobody knows where it ends.
    let bend = measured(truth, &SIZES[..5], 3, 0.01, 3);
    assert_eq!(super::fit(&bend, dice(4)).unwrap().ceiling, None);
}

#[test]
fn a_line_is_a_line_and_a_knee_a_knee() {
    let line = Law::Linear { lambda: 100.0 };
    let line = fit(&measured(line, &SIZES, 3, 0.02, 5), dice(6)).unwrap();
    assert_eq!(line.laws[0].law.model(), Model::Linear, "{line:?}");
    assert_eq!((line.peak, line.ceiling), (Peak::NotObserved, None));
    let truth = Law::Flat { lambda: 100.0, limit: 1_000.0 };
    let knee = fit(&measured(truth, &SIZES, 3, 0.02, 7), dice(8)).unwrap();
    let Law::Flat { lambda, limit } = knee.laws[0].law else { panic!("{knee:?}") };
    assert!((950.0..1_050.0).contains(&limit), "{limit}");
    assert!((9.0..11.0).contains(&(limit / lambda)), "{knee:?}");
    assert!(!knee.advice.contains(&Advice::NotPastThePeak));
    // The scalability law bends down where the truth does not.
    assert_eq!(knee.peak, Peak::NotObserved, "{knee:?}");
}

#[test]
fn what_is_no_curve_is_refused() {
    let point = |n, throughput| Point { n, throughput };
    let few = [point(1.0, 10.0), point(2.0, 19.0)];
    assert_eq!(fit(&few, dice(1)).unwrap_err(), ScalingError::TooFew);
    for wrong in [point(0.0, 1.0), point(3.0, 0.0), point(3.0, f64::NAN)] {
        let points = [&few[..], &[wrong]].concat();
        assert_eq!(fit(&points, dice(1)).unwrap_err(), ScalingError::Nonsense);
    }
    let three = [&few[..], &[point(4.0, 35.0)]].concat();
    let fit = fit(&three, dice(1)).unwrap();
    assert!(fit.advice.contains(&Advice::Distinct(3)) && fit.advice.contains(&Advice::Repeats(1)));
    assert_eq!(fit.usl.kappa.interval, None, "nothing is left over that could vary");
    assert_eq!(fit.peak, Peak::NotObserved);
    assert!(!fit.is_told, "three points follow any law");
}

#[test]
fn what_follows_no_law_says_so() {
    let jagged: Vec<Point> = SIZES
        .iter()
        .zip([100.0, 900.0, 90.0, 1_200.0, 50.0, 2_000.0, 80.0, 700.0])
        .flat_map(|(&n, throughput)| [Point { n, throughput }; 3])
        .collect();
    assert!(!fit(&jagged, dice(1)).unwrap().is_lawful);
}

/// In how many of the seeds each parameter of `truth` is in its interval.
fn held(truth: Law, repeats: usize) -> [u64; 3] {
    let Law::Usl { lambda, sigma, kappa } = truth else { panic!("{truth:?}") };
    let mut held = [0; 3];
    for seed in 0..SEEDS {
        let fit = fit(&measured(truth, &SIZES, repeats, 0.03, seed), dice(seed)).unwrap();
        let Usl { lambda: l, sigma: s, kappa: k } = fit.usl;
        for (count, (estimate, value)) in held.iter_mut().zip([(l, lambda), (s, sigma), (k, kappa)])
        {
            let range = estimate.interval.expect("more points than parameters");
            *count += u64::from(range.low <= value && value <= range.high);
        }
    }
    held
}

#[test]
fn intervals_hold_the_truth() {
    let amdahl = Law::Usl { lambda: 500.0, sigma: 0.05, kappa: 0.0 };
    let line = Law::Usl { lambda: 500.0, sigma: 0.0, kappa: 0.0 };
    for (truth, repeats) in [(RETROGRADE, 3), (RETROGRADE, 1), (amdahl, 3), (line, 3)] {
        let held = held(truth, repeats);
        println!("{truth:?}, {repeats} repeats: held {held:?} of {SEEDS}");
        assert!(held.iter().all(|count| *count * 100 >= SEEDS * 85), "{truth:?}: {held:?}");
    }
}

#[test]
fn peaks_are_seen_where_there_are_some_and_hardly_elsewhere() {
    let seen = |truth: Law| {
        let fits = (0..SEEDS).map(|seed| {
            fit(&measured(truth, &SIZES, 3, 0.03, seed + 500), dice(seed)).unwrap().peak
        });
        fits.filter(|peak| *peak != Peak::NotObserved).count() as u64
    };
    let of_peak = seen(RETROGRADE);
    let others = [
        Law::Usl { lambda: 500.0, sigma: 0.05, kappa: 0.0 },
        Law::Linear { lambda: 100.0 },
        Law::Flat { lambda: 100.0, limit: 1_000.0 },
    ]
    .map(seen);
    println!("peaks seen: {of_peak} of {SEEDS}; where there is none: {others:?}");
    assert_eq!(of_peak, SEEDS);
    assert!(others.iter().all(|count| count * 100 <= SEEDS * 8), "{others:?}");
}

/// With a few sizes, and sizes that are off the law by themselves, as those of real services are. The
/// example `peaks` counts more of them.
#[test]
fn peaks_lie_in_their_intervals() {
    let sizes = [1.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let (mut seen, mut held) = (0, 0);
    for (seed, misfit) in (0..SEEDS).flat_map(|seed| [(seed, 0.0), (seed, 0.03)]) {
        let mut dice = Dice::new(seed + 900);
        let mut points = measured(RETROGRADE, &sizes, 3, 0.05, seed + 900);
        for group in points.chunks_mut(3) {
            let off = 1.0 + misfit * dice.normal();
            group.iter_mut().for_each(|point| point.throughput *= off);
        }
        let fit = fit(&points, || dice.bits()).unwrap();
        let (Peak::Within(summit) | Peak::Beyond(summit)) = fit.peak else { continue };
        let range = summit.n.interval.unwrap();
        seen += 1;
        held += u64::from((range.low..=range.high).contains(&34.82));
    }
    println!("peaks held: {held} of {seen}");
    assert!(seen * 10 >= SEEDS * 15 && held * 10 >= seen * 9, "{held} of {seen}");
}
