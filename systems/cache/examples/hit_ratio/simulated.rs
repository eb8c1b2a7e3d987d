//! Plain simulations that hold so many items.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::Cache;

/// S3-FIFO as its paper has it, by items.
pub(crate) struct S3Fifo {
    capacity: usize,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    ghost: VecDeque<u64>,
    in_ghost: HashSet<u64>,
    frequency: HashMap<u64, u8>,
}

impl S3Fifo {
    pub(crate) fn new(capacity: usize) -> S3Fifo {
        S3Fifo {
            capacity,
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghost: VecDeque::new(),
            in_ghost: HashSet::new(),
            frequency: HashMap::new(),
        }
    }

    fn evict(&mut self) {
        if self.small.len() * 10 >= self.capacity {
            self.evict_from_small();
        } else {
            self.evict_from_main();
        }
    }

    fn evict_from_small(&mut self) {
        while let Some(object) = self.small.pop_front() {
            if self.frequency.get(&object).copied().unwrap_or(0) > 1 {
                self.frequency.insert(object, 0);
                self.main.push_back(object);
                continue;
            }
            self.frequency.remove(&object);
            self.ghost.push_back(object);
            self.in_ghost.insert(object);
            while self.ghost.len() > self.capacity * 9 / 10 {
                if let Some(forgotten) = self.ghost.pop_front() {
                    self.in_ghost.remove(&forgotten);
                }
            }
            return;
        }
    }

    fn evict_from_main(&mut self) {
        while let Some(object) = self.main.pop_front() {
            let frequency = self.frequency.get(&object).copied().unwrap_or(0);
            if frequency == 0 {
                self.frequency.remove(&object);
                return;
            }
            self.frequency.insert(object, frequency - 1);
            self.main.push_back(object);
        }
    }
}

impl Cache for S3Fifo {
    fn request(&mut self, object: u64) -> bool {
        if let Some(frequency) = self.frequency.get_mut(&object) {
            *frequency = (*frequency + 1).min(3);
            return true;
        }
        while self.small.len() + self.main.len() >= self.capacity {
            self.evict();
        }
        let queue = if self.in_ghost.remove(&object) { &mut self.main } else { &mut self.small };
        queue.push_back(object);
        self.frequency.insert(object, 0);
        false
    }
}

pub(crate) struct Lru {
    capacity: usize,
    clock: u64,
    by_time: BTreeMap<u64, u64>,
    times: HashMap<u64, u64>,
}

impl Lru {
    pub(crate) fn new(capacity: usize) -> Lru {
        Lru { capacity, clock: 0, by_time: BTreeMap::new(), times: HashMap::new() }
    }
}

impl Cache for Lru {
    fn request(&mut self, object: u64) -> bool {
        self.clock += 1;
        let before = self.times.insert(object, self.clock);
        if let Some(before) = before {
            self.by_time.remove(&before);
        }
        self.by_time.insert(self.clock, object);
        if self.times.len() > self.capacity
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.times.remove(&oldest);
        }
        before.is_some()
    }
}
