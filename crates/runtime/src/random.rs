//! Seeded randomness: the same seed gives the same run.

use rand::{Rng, RngExt, SeedableRng, TryRng, rngs::StdRng, rngs::SysRng};

/// A generator that tells its seed. Not shared: each worker or VU owns one.
pub struct Random {
    seed: u64,
    generator: StdRng,
}

impl Random {
    /// The same numbers for the same `seed`, on every machine, for this release of the program.
    pub fn seeded(seed: u64) -> Random {
        Random { seed, generator: StdRng::seed_from_u64(seed) }
    }

    /// A seed from the kernel; print [`Random::seed`] where a run should be repeatable.
    pub fn from_entropy() -> Random {
        // The kernel's generator cannot fail once the machine is up; if it does, the moment serves.
        let seed = SysRng.try_next_u64().unwrap_or_else(|_| crate::clock::Instant::now().nanos());
        Random::seeded(seed)
    }

    /// What this generator was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Another generator, independent of this one but decided by it.
    pub fn split(&mut self) -> Random {
        Random::seeded(self.next_u64())
    }

    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        self.generator.random()
    }

    /// Uniform in `0..bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.generator.random_range(0..bound) }
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.generator.fill_bytes(bytes);
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Random").field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(mut random: Random) -> Vec<u64> {
        (0..8).map(|_| random.next_u64()).collect()
    }

    #[test]
    fn a_seed_decides_the_numbers() {
        assert_eq!(numbers(Random::seeded(7)), numbers(Random::seeded(7)));
        assert_ne!(numbers(Random::seeded(7)), numbers(Random::seeded(8)));
    }

    #[test]
    fn a_told_seed_repeats_the_run() {
        let random = Random::from_entropy();
        assert_eq!(numbers(Random::seeded(random.seed())), numbers(random));
    }

    #[test]
    fn numbers_stay_in_range() {
        let mut random = Random::seeded(1);
        for _ in 0..1000 {
            assert!(random.below(3) < 3);
            assert!((0.0..1.0).contains(&random.unit()));
        }
        assert_eq!(random.below(0), 0);
    }
}
