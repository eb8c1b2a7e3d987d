//! The ghost of S3-FIFO: fingerprints of the keys that left the small queue last. Whoever comes
//! back while it is remembered goes straight to the main queue.
//!
//! A key's fingerprint is in the one ring that its hash says, where it pushes out the ring's oldest.
//! As hashes spread evenly, all rings together forget at about the age of one queue of their size,
//! at two bytes per key and one cache line per question.

/// Fingerprints of a ring: with the cursor, one cache line.
const RING: usize = 31;
/// Fewest keys to remember.
const KEYS_MIN: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Ring {
    /// Where the next one goes.
    cursor: u16,
    /// 0 is none.
    fingerprints: [u16; RING],
}

#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Ghost {
    /// None yet, or a power of two.
    rings: Vec<Ring>,
    /// Fingerprints of each ring that are in use, so that any number of keys can be remembered.
    used: usize,
}

impl Ghost {
    pub(in crate::store) fn bytes(&self) -> usize {
        self.rings.len() * size_of::<Ring>()
    }

    /// Remembers about this many keys from now on.
    pub(in crate::store) fn set_keys(&mut self, keys: usize) {
        let keys = keys.max(KEYS_MIN);
        if self.rings.is_empty() {
            self.rings = vec![Ring::default(); (keys / RING).next_power_of_two()];
        }
        while self.rings.len() * RING < keys {
            // A ring's keys are those of two rings now; whose they are is not known, so both have
            // them, and the wrong ones are pushed out first or never asked for.
            self.rings = self.rings.iter().flat_map(|ring| [*ring, *ring]).collect();
        }
        while self.rings.len() > 1 && self.rings.len() * RING > 4 * keys {
            self.rings = self.rings.iter().step_by(2).copied().collect();
        }
        self.used = keys.div_ceil(self.rings.len()).min(RING);
    }

    pub(in crate::store) fn insert(&mut self, hash: u64) {
        let used = self.used;
        let Some(ring) = self.ring(hash) else { return };
        let at = if usize::from(ring.cursor) < used { usize::from(ring.cursor) } else { 0 };
        ring.fingerprints[at] = fingerprint(hash);
        ring.cursor = at as u16 + 1;
    }

    /// Whether the key left lately. It is forgotten.
    pub(in crate::store) fn take(&mut self, hash: u64) -> bool {
        let used = self.used;
        let Some(ring) = self.ring(hash) else { return false };
        let wanted = fingerprint(hash);
        // Seldom it is there, and comparing all at once, whether they are in use or not, tells soonest.
        let is_there = ring.fingerprints.iter().fold(false, |is, known| is | (*known == wanted));
        if !is_there {
            return false;
        }
        let found = ring.fingerprints[..used].iter_mut().find(|known| **known == wanted);
        found.map(|known| *known = 0).is_some()
    }

    fn ring(&mut self, hash: u64) -> Option<&mut Ring> {
        // The highest bits: the index and the fingerprint have others.
        let bits = self.rings.len().checked_ilog2()?;
        self.rings.get_mut((hash >> 1 >> (63 - bits)) as usize)
    }
}

fn fingerprint(hash: u64) -> u16 {
    ((hash >> 28) as u16).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        number
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(32)
            .wrapping_mul(0xd6e8_feb8_6659_fd93)
    }

    #[test]
    fn remembers_about_as_many_as_asked() {
        for keys in [100, 1_000, 5_000, 50_000] {
            let mut ghost = Ghost::default();
            ghost.set_keys(keys);
            (0..10 * keys as u64).for_each(|number| ghost.insert(hash(number)));
            let known = (0..10 * keys as u64).filter(|number| ghost.take(hash(*number))).count();
            assert!(known.abs_diff(keys) * 10 < keys.max(500), "{known} of {keys}");
            let recent = 9 * keys as u64 + keys as u64 / 2..10 * keys as u64;
            assert!(recent.clone().all(|number| !ghost.take(hash(number))), "taken is forgotten");
        }
    }

    #[test]
    fn remembers_the_recent_when_it_grows() {
        let mut ghost = Ghost::default();
        ghost.set_keys(1_000);
        (0..1_000).for_each(|number| ghost.insert(hash(number)));
        ghost.set_keys(8_000);
        let known = (500..1_000).filter(|number| ghost.take(hash(*number))).count();
        assert!(known > 450, "{known}");
    }
}
