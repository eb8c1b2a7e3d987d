//! Elements in order, in packed blocks: cheap at both ends, and few bytes beside the elements.

use std::{collections::VecDeque, ops::Range};

use super::{COPIED_BYTES, LIST_BLOCK_BYTES, allocated, packed::Packed};

/// No block is empty. Blocks that are small beside each other are joined.
#[derive(Clone, Debug)]
pub struct List {
    blocks: VecDeque<Packed>,
    len: usize,
    blocks_heap: usize,
}

/// Where an element is.
#[derive(Clone, Copy, Debug)]
struct Spot {
    block: usize,
    /// Index in the block.
    index: usize,
}

impl Default for List {
    fn default() -> List {
        List { blocks: VecDeque::with_capacity(1), len: 0, blocks_heap: 0 }
    }
}

impl List {
    /// One without elements.
    pub fn new() -> List {
        List::default()
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, element: &[u8]) {
        if !self.blocks.front().is_some_and(|block| has_room(block, element)) {
            self.blocks.push_front(Packed::default());
        }
        self.change(0, |block| block.push_front(element));
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, element: &[u8]) {
        if !self.blocks.back().is_some_and(|block| has_room(block, element)) {
            self.blocks.push_back(Packed::default());
        }
        self.change(self.blocks.len() - 1, |block| block.push_back(element));
    }

    /// Puts all elements of another list behind its own. Their blocks are moved as they are.
    pub fn append(&mut self, other: List) {
        self.len += other.len;
        self.blocks_heap += other.blocks_heap;
        self.blocks.extend(other.blocks);
    }

    /// As [`List::append`], before its own.
    pub fn prepend(&mut self, other: List) {
        let own = std::mem::replace(self, other);
        self.append(own);
    }

    /// The first element.
    pub fn front(&self) -> Option<&[u8]> {
        self.iter().next()
    }

    /// The last element.
    pub fn back(&self) -> Option<&[u8]> {
        self.iter().next_back()
    }

    /// Removes up to `count` elements from the front.
    pub fn remove_front(&mut self, count: usize) {
        let mut left = count;
        while let Some(block) = self.blocks.front().filter(|_| left > 0) {
            let removed = left.min(block.len());
            self.change(0, |block| block.remove(0, removed));
            self.drop_empty(0);
            left -= removed;
        }
    }

    /// Removes up to `count` elements from the back.
    pub fn remove_back(&mut self, count: usize) {
        let mut left = count;
        while let Some(block) = self.blocks.back().filter(|_| left > 0) {
            let removed = left.min(block.len());
            let last = self.blocks.len() - 1;
            self.change(last, |block| block.truncate_back(removed));
            self.drop_empty(last);
            left -= removed;
        }
    }

    /// The element of that index, counted from the front.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let spot = self.spot(index)?;
        self.blocks.get(spot.block)?.get(spot.index)
    }

    /// Whether there is an element of that index.
    pub fn set(&mut self, index: usize, element: &[u8]) -> bool {
        let Some(spot) = self.spot(index) else { return false };
        self.change(spot.block, |block| {
            if let Some(place) = block.place(spot.index) {
                block.replace(place, element);
            }
        });
        self.split_when_large(spot.block);
        true
    }

    /// Puts an element before the one of that index, or at the end.
    pub fn insert(&mut self, index: usize, element: &[u8]) {
        let Some(spot) = self.spot(index) else { return self.push_back(element) };
        self.change(spot.block, |block| {
            if let Some(place) = block.place(spot.index) {
                block.insert(place, element);
            }
        });
        self.split_when_large(spot.block);
    }

    /// Removes elements equal to this one: at most `limit`, from the back if so asked. How many.
    pub fn remove_equal(&mut self, element: &[u8], limit: usize, from_back: bool) -> usize {
        let mut removed = 0;
        let mut left = self.blocks.len();
        let mut at = if from_back { self.blocks.len().wrapping_sub(1) } else { 0 };
        while left > 0 && removed < limit {
            left -= 1;
            let mut here = 0;
            self.change(at, |block| {
                here = remove_equal(block, element, limit - removed, from_back)
            });
            removed += here;
            let dropped = self.drop_empty(at) || (here > 0 && self.join(at));
            at = match (from_back, dropped) {
                (true, _) => at.wrapping_sub(1),
                (false, true) => at,
                (false, false) => at + 1,
            };
        }
        removed
    }

    /// Elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.blocks.iter().flat_map(Packed::iter)
    }

    /// Elements of those indexes.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        let spot = self.spot(range.start).unwrap_or(Spot { block: self.blocks.len(), index: 0 });
        let mut elements = self.blocks.range(spot.block..).flat_map(Packed::iter);
        for _ in 0..spot.index {
            elements.next();
        }
        elements.take(range.len())
    }

    /// As [`super::Object::copy_from`]: whole blocks.
    pub(super) fn copy_from(&mut self, source: &List, budget: usize) -> usize {
        let mut left = budget;
        self.blocks.reserve_exact(source.blocks.len().saturating_sub(self.blocks.len()));
        while left > 0
            && let Some(block) = source.blocks.get(self.blocks.len())
        {
            self.len += block.len();
            let copy = block.clone();
            self.blocks_heap += copy.heap_bytes();
            self.blocks.push_back(copy);
            left = left.saturating_sub(1 + block.used() / COPIED_BYTES);
        }
        left
    }

    /// A block counts as one entry: it is one allocation.
    pub(super) fn shed(&mut self, budget: usize) -> usize {
        let mut left = budget;
        while left > 0 {
            let Some(block) = self.blocks.pop_back() else { break };
            self.len -= block.len();
            self.blocks_heap -= block.heap_bytes();
            left -= 1;
        }
        left
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(self.blocks.capacity() * size_of::<Packed>()) + self.blocks_heap
    }

    pub(super) fn encoding(&self) -> &'static str {
        let is_small = |block: &Packed| block.used() <= LIST_BLOCK_BYTES;
        match self.blocks.len() {
            0 => "listpack",
            1 if self.blocks.iter().all(is_small) => "listpack",
            _ => "quicklist",
        }
    }

    /// Blocks are passed over from the nearer end.
    fn spot(&self, index: usize) -> Option<Spot> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut before = 0;
            for (block, packed) in self.blocks.iter().enumerate() {
                if index < before + packed.len() {
                    return Some(Spot { block, index: index - before });
                }
                before += packed.len();
            }
        } else {
            let mut before = self.len;
            for (block, packed) in self.blocks.iter().enumerate().rev() {
                before -= packed.len();
                if index >= before {
                    return Some(Spot { block, index: index - before });
                }
            }
        }
        None
    }

    /// Changes one block and keeps the counts.
    fn change(&mut self, block: usize, change: impl FnOnce(&mut Packed)) {
        let Some(packed) = self.blocks.get_mut(block) else { return };
        let (len, heap) = (packed.len(), packed.heap_bytes());
        change(packed);
        self.len = self.len - len + packed.len();
        self.blocks_heap = self.blocks_heap - heap + packed.heap_bytes();
    }

    fn drop_empty(&mut self, block: usize) -> bool {
        let is_empty = self.blocks.get(block).is_some_and(Packed::is_empty);
        if is_empty && let Some(packed) = self.blocks.remove(block) {
            self.blocks_heap -= packed.heap_bytes();
            if self.blocks.capacity() > 16 && self.blocks.len() * 4 < self.blocks.capacity() {
                self.blocks.shrink_to(self.blocks.len() * 2);
            }
        }
        is_empty
    }

    /// Joins a block with the one before it when they fill half of one together.
    fn join(&mut self, block: usize) -> bool {
        let Some(before) = block.checked_sub(1).and_then(|before| self.blocks.get(before)) else {
            return false;
        };
        let Some(this) = self.blocks.get(block) else { return false };
        if before.used() + this.used() > LIST_BLOCK_BYTES / 2 {
            return false;
        }
        let Some(this) = self.blocks.remove(block) else { return false };
        self.blocks_heap -= this.heap_bytes();
        self.len -= this.len();
        self.change(block - 1, |before| before.append(&this));
        true
    }

    /// Cuts a block that has become too large, in the middle of its elements.
    fn split_when_large(&mut self, block: usize) {
        let mut tail = None;
        self.change(block, |packed| {
            if packed.used() > LIST_BLOCK_BYTES && packed.len() > 1 {
                tail = packed.place(packed.len() / 2).map(|place| packed.split_off(place));
            }
        });
        if let Some(tail) = tail {
            self.len += tail.len();
            self.blocks_heap += tail.heap_bytes();
            self.blocks.insert(block + 1, tail);
        }
    }
}

fn has_room(block: &Packed, element: &[u8]) -> bool {
    block.used() + Packed::entry_size(element.len()) <= LIST_BLOCK_BYTES
}

fn remove_equal(block: &mut Packed, element: &[u8], limit: usize, from_back: bool) -> usize {
    let mut found: Vec<usize> = Vec::new();
    let mut entries = block.iter();
    while found.len() < limit {
        let from_start = block.used() - entries.left();
        let entry = if from_back { entries.next_back() } else { entries.next() };
        let Some(entry) = entry else { break };
        if entry == element {
            found.push(if from_back { entries.left() } else { from_start });
        }
    }
    // From the back, so that the places before it stay good.
    found.sort_unstable();
    for place in found.iter().rev() {
        block.remove(*place, 1);
    }
    found.len()
}
