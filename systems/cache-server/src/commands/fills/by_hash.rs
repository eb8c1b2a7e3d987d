//! A map by the hashes of keys, which says how much memory it takes, and how much more one more entry would.

/// Least bytes that a map begins with; those of a smaller one are not given back.
const BYTES_MIN: usize = 512;
/// A map that is filled to less than one part in so many gives back most of its memory: the entries of a peak
/// leave, and the limit may have become a lower one.
pub(super) const SHRUNK_BELOW: usize = 8;

/// The keys are hashes already.
#[derive(Debug)]
pub(super) struct ByHash<T> {
    map: hashbrown::HashMap<u64, T, foldhash::fast::FixedState>,
    /// Entries that there is room for; what was removed may take a part of it.
    full: usize,
}

impl<T> Default for ByHash<T> {
    fn default() -> ByHash<T> {
        ByHash { map: hashbrown::HashMap::default(), full: 0 }
    }
}

impl<T> ByHash<T> {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Without what the entries hold elsewhere.
    pub(super) fn bytes(&self) -> usize {
        self.map.allocation_size()
    }

    /// Bytes that one more entry adds at most.
    pub(super) fn growth(&self) -> usize {
        let is_room = self.map.len() < self.map.capacity() || self.is_sparse();
        if is_room { 0 } else { self.bytes().max(BYTES_MIN) }
    }

    pub(super) fn get(&self, hash: u64) -> Option<&T> {
        self.map.get(&hash)
    }

    pub(super) fn get_mut(&mut self, hash: u64) -> Option<&mut T> {
        self.map.get_mut(&hash)
    }

    /// Gives what was there.
    pub(super) fn insert(&mut self, hash: u64, value: T) -> Option<T> {
        // That would make room for one more even where there is none to make.
        if let Some(place) = self.map.get_mut(&hash) {
            return Some(std::mem::replace(place, value));
        }
        if self.map.len() == self.map.capacity() && self.is_sparse() {
            // Left to itself the map would double, and keep the places of what was removed.
            let mut map =
                hashbrown::HashMap::with_capacity_and_hasher(self.full, self.map.hasher().clone());
            map.extend(self.map.drain());
            self.map = map;
        }
        let old = self.map.insert(hash, value);
        self.full = self.full.max(self.map.capacity());
        old
    }

    pub(super) fn remove(&mut self, hash: u64) -> Option<T> {
        let value = self.map.remove(&hash)?;
        if self.map.len() < self.full / SHRUNK_BELOW && self.bytes() > BYTES_MIN {
            self.map.shrink_to(2 * self.map.len());
            self.full = self.map.capacity();
        }
        Some(value)
    }

    /// Whether removed entries take so much that it is worth putting the others together.
    fn is_sparse(&self) -> bool {
        self.map.len() + self.full / 8 < self.full
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::random::Random;

    use super::*;

    /// However much comes and goes, it never takes more than it says.
    #[test]
    fn it_grows_as_it_says() {
        let mut map = ByHash::default();
        let mut random = Random::seeded(3);
        let mut hashes = Vec::new();
        for round in 0..50_000_u64 {
            let expected = map.bytes() + map.growth();
            let hash = random.next_u64();
            assert_eq!(map.insert(hash, [round; 3]), None);
            assert!(map.bytes() <= expected, "{} {expected}", map.bytes());
            hashes.push(hash);
            if hashes.len() >= 1_000 {
                for _ in 0..random.below(3) {
                    let hash = hashes.swap_remove(random.below(hashes.len()));
                    assert!(map.remove(hash).is_some());
                }
            }
            if hashes.len() > 1_500 {
                hashes.drain(..700).for_each(|hash| assert!(map.remove(hash).is_some()));
            }
        }
        assert_eq!(map.len(), hashes.len());
        assert!(hashes.iter().all(|hash| map.get(*hash).is_some() && map.get_mut(*hash).is_some()));
        assert!(map.bytes() < 2_048 * 40, "{}", map.bytes());
        for (left, hash) in hashes.iter().enumerate().rev() {
            assert!(map.remove(*hash).is_some());
            assert!(map.bytes() <= BYTES_MIN.max(left * 1_000), "{left}: {}", map.bytes());
        }
    }
}
