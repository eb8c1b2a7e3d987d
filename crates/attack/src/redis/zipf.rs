//! Zipf's distribution by rejection-inversion: constant time and memory, whatever the number of keys.
//!
//! W. Hörmann, G. Derflinger: "Rejection-inversion to generate variates from monotone discrete
//! distributions", ACM TOMACS 6 (1996).

use plimsoll_runtime::random::Random;

/// What most tools take: a little flatter than 1/k.
pub(super) const DEFAULT_EXPONENT: f64 = 0.99;

/// Numbers from 0 on, of which `k` is as likely as `1 / (k + 1)^exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Zipf {
    count: u64,
    exponent: f64,
    /// Of the integral of the hat function: at the first number's end, and at the last one's.
    first: f64,
    last: f64,
    /// Within this distance of its number, a point is accepted without looking further.
    certain: f64,
}

impl Zipf {
    /// `count` at least 1; `exponent` above 0 and finite.
    pub(super) fn new(count: u64, exponent: f64) -> Zipf {
        let mut zipf = Zipf { count, exponent, first: 0.0, last: 0.0, certain: 0.0 };
        zipf.first = zipf.integral(1.5) - 1.0;
        zipf.last = zipf.integral(count as f64 + 0.5);
        zipf.certain = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    pub(super) fn sample(&self, random: &mut Random) -> u64 {
        loop {
            let point = self.last + random.unit() * (self.first - self.last);
            let x = self.inverse(point);
            // Rounding may lead out of the range by one.
            let k = (x + 0.5).floor().clamp(1.0, self.count as f64);
            if k - x <= self.certain || point >= self.integral(k + 0.5) - self.density(k) {
                return (k as u64).min(self.count) - 1;
            }
        }
    }

    fn density(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    /// `(x^(1 - s) - 1) / (1 - s)`, also for an exponent of 1, where it is the logarithm.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        exp_m1_by((1.0 - self.exponent) * log) * log
    }

    fn inverse(&self, y: f64) -> f64 {
        // Below -1 only by rounding.
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        (ln_1p_by(t) * y).exp()
    }
}

/// Below it a series is closer than the quotient.
const SMALL: f64 = 1e-8;

/// `(e^x - 1) / x`
fn exp_m1_by(x: f64) -> f64 {
    if x.abs() > SMALL { x.exp_m1() / x } else { 1.0 + x / 2.0 }
}

/// `ln(1 + x) / x`
fn ln_1p_by(x: f64) -> f64 {
    if x.abs() > SMALL { x.ln_1p() / x } else { 1.0 - x / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number's share is what the formula says, within what chance allows.
    fn check(count: u64, exponent: f64) {
        const SAMPLES: usize = 200_000;
        let zipf = Zipf::new(count, exponent);
        let mut random = Random::seeded(7);
        let mut seen = vec![0_u32; count as usize];
        for _ in 0..SAMPLES {
            seen[zipf.sample(&mut random) as usize] += 1;
        }
        let weight = |k: u64| ((k + 1) as f64).powf(-exponent);
        let sum: f64 = (0..count).map(weight).sum();
        for k in 0..count.min(20) {
            let expected = weight(k) / sum * SAMPLES as f64;
            let error = (f64::from(seen[k as usize]) - expected).abs();
            assert!(error < 6.0 * expected.sqrt() + 1.0, "{count} {exponent}: {k}: {error}");
        }
    }

    #[test]
    fn shares() {
        check(1, 0.99);
        check(2, 1.0);
        check(10, 0.5);
        check(1000, 0.99);
        check(1000, 1.0);
        check(500, 2.5);
    }

    #[test]
    fn huge_ranges_stay_in_range() {
        for exponent in [0.01, 0.99, 1.0, 5.0] {
            let zipf = Zipf::new(u64::MAX, exponent);
            let mut random = Random::seeded(1);
            assert!((0..1000).all(|_| zipf.sample(&mut random) < u64::MAX));
        }
    }
}
