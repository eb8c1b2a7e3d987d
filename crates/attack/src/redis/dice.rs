//! What is random in commands.

use plimsoll_runtime::random::Random;

/// Random text that payloads are cut from.
const POOL: usize = 64 << 10;

/// A thread's randomness.
pub(super) struct Dice {
    pub(super) random: Random,
    /// Letters and digits.
    pool: Box<[u8]>,
    /// Whether the slots of keys are wanted: only a cluster needs them.
    pub(super) wants_slots: bool,
}

impl Dice {
    pub(super) fn new(seed: u64, wants_slots: bool) -> Dice {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut random = Random::seeded(seed);
        let mut pool = vec![0; POOL].into_boxed_slice();
        random.fill(&mut pool);
        for byte in &mut pool {
            *byte = LETTERS.get(usize::from(*byte & 63)).copied().unwrap_or(b'A');
        }
        Dice { random, pool, wants_slots }
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// Random text: pieces of the pool, since making all of it anew would cost more than sending.
    pub(super) fn payload(&mut self, out: &mut Vec<u8>, length: usize) {
        let mut left = length;
        while left > 0 {
            let start = self.random.below(POOL);
            let piece = self.pool.get(start..).unwrap_or_default();
            let piece = piece.get(..left).unwrap_or(piece);
            out.extend_from_slice(piece);
            left -= piece.len();
        }
    }
}
