//! Curves whose law is known.

use super::*;

fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Three repeats of each size, each off by up to `noise`.
fn measured(law: Law, sizes: &[f64], noise: f64, seed: u64) -> Vec<Point> {
    let mut random = dice(seed);
    let mut points = Vec::new();
    for &n in sizes {
        for _ in 0..3 {
            let unit = (random() >> 11) as f64 / (1_u64 << 53) as f64;
            points.push(Point { n, throughput: law.at(n) * (1.0 + noise * (2.0 * unit - 1.0)) });
        }
    }
    points
}

const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0];

#[test]
fn a_peak_is_found() {
    let truth = Law::Usl { lambda: 995.0, sigma: 0.03, kappa: 0.0008 };
    let fit = fit(&measured(truth, &SIZES, 0.03, 1), dice(2)).unwrap();
    let Law::Usl { lambda, sigma, kappa } = fit.law else { panic!("{fit:?}") };
    assert!((lambda / 995.0 - 1.0).abs() < 0.05, "{fit:?}");
    assert!((0.015..0.05).contains(&sigma) && (0.0006..0.001).contains(&kappa), "{fit:?}");
    let peak = fit.peak.expect("coherency is far from zero");
    assert!((31.0..39.0).contains(&peak.n), "{peak:?}");
    assert!(peak.n_interval.low < 34.8 && peak.n_interval.high > 34.8, "{peak:?}");
    assert_eq!(fit.laws[0].0.model(), Model::Usl);
    assert!(fit.r_squared > 0.98 && fit.ceiling.is_none() && fit.advice.is_empty(), "{fit:?}");
    assert!(fit.leverage.is_some());
}

#[test]
fn without_coherency_there_is_a_ceiling_and_no_peak() {
    let truth = Law::Usl { lambda: 500.0, sigma: 0.05, kappa: 0.0 };
    let fit = fit(&measured(truth, &SIZES, 0.03, 3), dice(4)).unwrap();
    assert_eq!(fit.peak, None, "{fit:?}");
    assert!(fit.ceiling.is_some_and(|ceiling| (8_000.0..12_500.0).contains(&ceiling)), "{fit:?}");
    assert!(fit.advice.contains(&Advice::NotPastThePeak));
}

#[test]
fn a_line_is_a_line_and_a_knee_a_knee() {
    let line = fit(&measured(Law::Linear { lambda: 100.0 }, &SIZES, 0.02, 5), dice(6)).unwrap();
    assert_eq!(line.laws[0].0.model(), Model::Linear, "{line:?}");
    assert_eq!((line.peak, line.ceiling), (None, None));
    let truth = Law::Flat { lambda: 100.0, limit: 1_000.0 };
    let knee = fit(&measured(truth, &SIZES, 0.02, 7), dice(8)).unwrap();
    let Law::Flat { limit, .. } = knee.laws[0].0 else { panic!("{knee:?}") };
    assert!((950.0..1_050.0).contains(&limit), "{limit}");
    assert!(!knee.advice.contains(&Advice::NotPastThePeak));
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
}

/// The interval of the peak holds it in most of many samples.
#[test]
fn intervals_hold_the_truth() {
    let truth = Law::Usl { lambda: 995.0, sigma: 0.03, kappa: 0.0008 };
    let held = (0..5).filter(|&seed| {
        let fit = fit(&measured(truth, &SIZES, 0.04, 100 + seed), dice(seed)).unwrap();
        fit.kappa.low <= 0.0008 && fit.kappa.high >= 0.0008
    });
    assert!(held.count() >= 3);
}
