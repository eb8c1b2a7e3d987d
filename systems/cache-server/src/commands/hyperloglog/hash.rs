//! Which register an element belongs to. The hash is the one that Redis takes (MurmurHash64A, public
//! domain), so that both count an element as the same one.

use super::registers::{REGISTER_BITS, REGISTERS};

const SEED: u64 = 0xadc8_3b19;
const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
const SHIFT: u32 = 47;

/// Bits of the hash behind those that choose the register.
const RUN_BITS: u32 = u64::BITS - REGISTER_BITS;

/// The register of an element, and the length of the run that it has seen: zeros and the one behind.
pub(super) fn place_of(element: &[u8]) -> (usize, u8) {
    let hash = hash(element);
    let register = hash as usize & (REGISTERS - 1);
    let run = (hash >> REGISTER_BITS | 1 << RUN_BITS).trailing_zeros() + 1;
    (register, run as u8)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut word = u64::from_le_bytes(*word).wrapping_mul(FACTOR);
        word ^= word >> SHIFT;
        hash = (hash ^ word.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u64::from(*byte));
        hash = (hash ^ tail).wrapping_mul(FACTOR);
    }
    hash ^= hash >> SHIFT;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}
