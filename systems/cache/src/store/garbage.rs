//! What has left a shard and is too large to be freed at once: large collections, and all of a shard
//! that was cleared.
//!
//! It is freed bit by bit, by the writes and ticks that follow, and counts under the cap until then.
//! A write that needs the room frees it before it evicts anything.

use super::{Payload, boxes::Boxes, eviction::Ghost, expiry::Wheel, index::Index, log::Log};

/// Collections of fewer bytes are freed at once.
const KEPT_BYTES_MIN: usize = 16 << 10;
/// What it costs to give a segment back to the system, in entries of a collection.
const SEGMENT_COST: usize = 512;
/// The same for a page of the index.
const PAGE_COST: usize = 64;

#[derive(Debug)]
pub(super) struct Garbage<O> {
    pieces: Vec<Piece<O>>,
    bytes: usize,
}

#[derive(Debug)]
enum Piece<O> {
    Object(Box<O>),
    Shard(Box<Remains<O>>),
}

/// All that a shard held.
#[derive(Debug)]
pub(super) struct Remains<O> {
    pub(super) log: Log,
    pub(super) index: Index,
    pub(super) boxes: Boxes<O>,
    pub(super) wheel: Wheel,
    pub(super) ghost: Ghost,
}

impl<O: Payload> Garbage<O> {
    pub(super) fn new() -> Garbage<O> {
        Garbage { pieces: Vec::new(), bytes: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn add_object(&mut self, object: Box<O>) {
        if object.bytes() >= KEPT_BYTES_MIN {
            self.add(Piece::Object(object));
        }
    }

    pub(super) fn add_remains(&mut self, remains: Remains<O>) {
        self.add(Piece::Shard(Box::new(remains)));
    }

    fn add(&mut self, piece: Piece<O>) {
        self.bytes += piece.bytes();
        self.pieces.push(piece);
    }

    /// Frees about as much as `budget` entries of a collection, in time; at least something if there
    /// is anything. The bytes that are free now.
    pub(super) fn free(&mut self, budget: usize) -> usize {
        let before = self.bytes;
        let mut left = budget.max(1);
        while left > 0 {
            let Some(piece) = self.pieces.last_mut() else { break };
            let weight = piece.bytes();
            let (rest, found) = piece.shed(left);
            left = rest;
            self.bytes = self.bytes - weight + piece.bytes();
            if let Some(object) = found {
                self.add_object(object);
            } else if left > 0
                && let Some(piece) = self.pieces.pop()
            {
                self.bytes -= piece.bytes();
                left -= 1;
            }
        }
        before.saturating_sub(self.bytes)
    }
}

impl<O: Payload> Piece<O> {
    fn bytes(&self) -> usize {
        match self {
            Piece::Object(object) => object.bytes(),
            Piece::Shard(remains) => remains.bytes(),
        }
    }

    /// What is left of the budget, which is something once next to nothing is left here; and a
    /// collection that came out, if one did.
    fn shed(&mut self, budget: usize) -> (usize, Option<Box<O>>) {
        match self {
            Piece::Object(object) => (object.shed(budget), None),
            Piece::Shard(remains) => remains.shed(budget),
        }
    }
}

impl<O: Payload> Remains<O> {
    fn bytes(&self) -> usize {
        self.log.allocated()
            + self.log.spare_bytes()
            + self.index.bytes()
            + self.boxes.bytes()
            + self.wheel.bytes()
            + self.ghost.bytes()
    }

    fn shed(&mut self, budget: usize) -> (usize, Option<Box<O>>) {
        let mut left = budget;
        while left > 0 {
            if self.log.shed() {
                left = left.saturating_sub(SEGMENT_COST);
            } else if self.index.shed() || self.wheel.shed() {
                left = left.saturating_sub(PAGE_COST);
            } else if let Some(object) = self.boxes.shed_object() {
                return (left - 1, Some(object));
            } else if self.boxes.shed_large() {
                left = left.saturating_sub(SEGMENT_COST);
            } else {
                break;
            }
        }
        (left, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A payload of so many entries of 100 bytes.
    #[derive(Debug)]
    struct Heap(usize);

    impl Payload for Heap {
        fn bytes(&self) -> usize {
            self.0 * 100
        }

        fn is_empty(&self) -> bool {
            self.0 == 0
        }

        fn shed(&mut self, budget: usize) -> usize {
            let freed = self.0.min(budget);
            self.0 -= freed;
            budget - freed
        }
    }

    #[test]
    fn large_objects_are_freed_in_steps() {
        let mut garbage = Garbage::new();
        garbage.add_object(Box::new(Heap(10)));
        assert!(garbage.is_empty(), "a small one is freed at once");
        garbage.add_object(Box::new(Heap(1_000)));
        garbage.add_object(Box::new(Heap(250)));
        assert_eq!(garbage.bytes(), 125_000);
        let mut steps = 0;
        while !garbage.is_empty() {
            assert!(garbage.free(100) <= 10_000);
            steps += 1;
        }
        assert_eq!((garbage.bytes(), garbage.free(100)), (0, 0));
        assert!((13..=14).contains(&steps), "{steps}");
    }
}
