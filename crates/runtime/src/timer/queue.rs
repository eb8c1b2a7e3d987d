//! Sleepers in the order of their deadlines; leaving early is cheap.
//!
//! A heap of deadlines beside a slab of wakers. A sleeper that leaves only frees its slot: its heap
//! entry stays as garbage until it comes up or until garbage outnumbers the living, when the heap
//! is rebuilt. So entering and leaving cost next to nothing for the usual timeout, which is later
//! than most and never fires, and memory follows the number of sleepers.

use std::{cmp::Reverse, collections::BinaryHeap, task::Waker};

use crate::clock::Instant;

/// Garbage tolerated whatever the number of sleepers, so that small heaps are not rebuilt often.
const GARBAGE_MIN: usize = 64;

/// Names a sleeper until it has been woken or removed; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    sequence: u64,
    slot: usize,
}

/// The sleeper was woken or removed before.
#[derive(Debug)]
pub(super) struct Gone;

#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
    slots: Vec<Option<(u64, Waker)>>,
    free: Vec<usize>,
    sequence: u64,
}

impl Queue {
    pub(super) fn insert(&mut self, deadline: Instant, waker: Waker) -> Key {
        self.sequence += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let key = Key { sequence: self.sequence, slot };
        if let Some(entry) = self.slots.get_mut(slot) {
            *entry = Some((key.sequence, waker));
        }
        self.heap.push(Reverse((deadline, key)));
        key
    }

    /// The sleeper's waker, for the caller to drop when the queue is not borrowed: it may hold the
    /// last handle of a task, and that task another sleep. `None` when the sleeper is gone.
    pub(super) fn remove(&mut self, key: Key) -> Option<Waker> {
        let waker = self.take(key);
        if waker.is_some() && self.heap.len() > GARBAGE_MIN + 2 * self.sleepers() {
            self.collect_garbage();
        }
        waker
    }

    /// The former waker, to drop as for [`Queue::remove`].
    pub(super) fn set_waker(&mut self, key: Key, waker: &Waker) -> Result<Option<Waker>, Gone> {
        match self.slots.get_mut(key.slot) {
            Some(Some((sequence, current))) if *sequence == key.sequence => {
                if current.will_wake(waker) {
                    Ok(None)
                } else {
                    Ok(Some(std::mem::replace(current, waker.clone())))
                }
            }
            _ => Err(Gone),
        }
    }

    /// Takes out the earliest sleeper whose deadline is not after `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        while let Some(&Reverse((deadline, key))) = self.heap.peek() {
            if deadline > now {
                return None;
            }
            self.heap.pop();
            if let Some(waker) = self.take(key) {
                return Some(waker);
            }
        }
        None
    }

    /// Of the earliest sleeper that is left.
    pub(super) fn next_deadline(&mut self) -> Option<Instant> {
        while let Some(&Reverse((deadline, key))) = self.heap.peek() {
            if self.is_alive(key) {
                return Some(deadline);
            }
            self.heap.pop();
        }
        None
    }

    fn take(&mut self, key: Key) -> Option<Waker> {
        if !self.is_alive(key) {
            return None;
        }
        self.free.push(key.slot);
        self.slots.get_mut(key.slot)?.take().map(|(_, waker)| waker)
    }

    fn is_alive(&self, key: Key) -> bool {
        let entry = self.slots.get(key.slot).and_then(Option::as_ref);
        entry.is_some_and(|(sequence, _)| *sequence == key.sequence)
    }

    fn sleepers(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn collect_garbage(&mut self) {
        let mut heap = std::mem::take(&mut self.heap);
        heap.retain(|Reverse((_, key))| self.is_alive(*key));
        self.heap = heap;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Arc, Mutex},
        task::Wake,
    };

    use proptest::prelude::*;

    use super::*;

    /// Notes its number when woken.
    struct Noting(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Noting {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Remove(usize),
        Fire(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..100_u64).prop_map(Step::Insert),
            3 => (0..400_usize).prop_map(Step::Remove),
            1 => (0..100_u64).prop_map(Step::Fire),
        ];
        proptest::collection::vec(step, 0..400)
    }

    proptest! {
        /// Against a sorted set: the same sleepers wake, in order of deadline and then of arrival.
        #[test]
        fn wakes_as_a_sorted_set_would(steps in steps()) {
            let woken = Arc::new(Mutex::new(Vec::new()));
            let mut expected = Vec::new();
            let mut model = BTreeSet::new();
            let mut inserted = Vec::new();
            let mut queue = Queue::default();
            for step in steps {
                match step {
                    Step::Insert(deadline) => {
                        let number = inserted.len();
                        let waker = Waker::from(Arc::new(Noting(number, Arc::clone(&woken))));
                        let key = queue.insert(Instant::from_nanos(deadline), waker);
                        inserted.push((key, deadline));
                        model.insert((deadline, number));
                    }
                    Step::Remove(number) => {
                        if let Some(&(key, deadline)) = inserted.get(number) {
                            drop(queue.remove(key));
                            model.remove(&(deadline, number));
                        }
                    }
                    Step::Fire(now) => {
                        while let Some(waker) = queue.pop_due(Instant::from_nanos(now)) {
                            waker.wake();
                        }
                        let later = model.split_off(&(now + 1, 0));
                        expected.extend(model.into_iter().map(|(_, number)| number));
                        model = later;
                    }
                }
                prop_assert_eq!(&*woken.lock().unwrap(), &expected);
                prop_assert_eq!(queue.sleepers(), model.len());
                prop_assert!(queue.heap.len() <= GARBAGE_MIN + 2 * inserted.len());
            }
            let first = model.first().map(|&(deadline, _)| Instant::from_nanos(deadline));
            prop_assert_eq!(queue.next_deadline(), first);
        }
    }

    #[test]
    fn memory_follows_the_sleepers() {
        let mut queue = Queue::default();
        for number in 0..100_000 {
            let key = queue.insert(Instant::from_nanos(1_000_000 + number), Waker::noop().clone());
            drop(queue.remove(key));
        }
        assert!(queue.heap.len() <= GARBAGE_MIN + 1);
        assert_eq!(queue.slots.len(), 1);
    }
}
