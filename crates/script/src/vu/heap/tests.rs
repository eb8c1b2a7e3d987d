//! The heap under a load of random requests.

use proptest::prelude::*;
use rquickjs::allocator::Allocator;

use super::{
    SharedHeap,
    class::{COUNT, Class, LARGEST},
};

#[test]
fn classes_are_close_to_the_sizes_asked_for() {
    for size in 1..=LARGEST {
        let class = Class::of(size).unwrap();
        assert!(class.index() < COUNT);
        assert!(class.block_size() >= size && class.block_size() < size + size / 16 + 8, "{size}");
        assert_eq!(Class::of(class.block_size()), Some(class));
    }
    assert_eq!(Class::of(LARGEST + 1), None);
}

/// A live block and what its bytes are.
struct Block {
    start: *mut u8,
    size: usize,
    fill: u8,
}

impl Block {
    fn check(&self) {
        // SAFETY: the block is live and has `size` bytes, all written.
        let bytes = unsafe { std::slice::from_raw_parts(self.start, self.size) };
        assert!(bytes.iter().all(|byte| *byte == self.fill));
        assert_eq!(self.start.addr() % 8, 0);
        // SAFETY: the block is live.
        assert!(unsafe { SharedHeap::usable_size(self.start) } >= self.size);
    }

    fn fill(&mut self, fill: u8) {
        self.fill = fill;
        // SAFETY: the block is live and has `size` bytes.
        unsafe { self.start.write_bytes(fill, self.size) };
    }
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 1..200_usize, 2 => 200..LARGEST + 100, 1 => 1..20_000_usize]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Blocks keep their bytes whatever happens to others, and come zeroed from `calloc`.
    #[test]
    fn blocks_are_disjoint(steps in prop::collection::vec((0..4_u8, any::<usize>(), sizes()), 1..600)) {
        let mut heap = SharedHeap::of_thread();
        let mut live: Vec<Block> = Vec::new();
        for (number, (action, pick, size)) in steps.into_iter().enumerate() {
            let fill = number as u8;
            match action {
                0 | 1 => {
                    let zeroed = action == 1;
                    let start = if zeroed { heap.calloc(1, size) } else { heap.alloc(size) };
                    let mut block = Block { start, size, fill: 0 };
                    if zeroed {
                        block.check();
                    }
                    block.fill(fill);
                    live.push(block);
                }
                _ if live.is_empty() => {}
                2 => {
                    let block = live.swap_remove(pick % live.len());
                    block.check();
                    // SAFETY: live until here.
                    unsafe { heap.dealloc(block.start) };
                }
                _ => {
                    let index = pick % live.len();
                    let block = &mut live[index];
                    block.check();
                    // SAFETY: live; what comes back takes its place.
                    block.start = unsafe { heap.realloc(block.start, size) };
                    block.size = block.size.min(size);
                    block.check();
                    block.size = size;
                    block.fill(fill);
                }
            }
        }
        for block in live {
            block.check();
            // SAFETY: live until here.
            unsafe { heap.dealloc(block.start) };
        }
    }
}

#[test]
fn emptied_slabs_serve_other_sizes() {
    let mut heap = SharedHeap::of_thread();
    for size in [16, 1000, 64, 512] {
        let blocks: Vec<*mut u8> = (0..20_000).map(|_| heap.alloc(size)).collect();
        let chunks = |heap: &mut SharedHeap| {
            // SAFETY: the only reference at this time.
            unsafe { (*heap.slabs()).chunk_count() }
        };
        assert!(chunks(&mut heap) <= 11, "{size}: {}", chunks(&mut heap));
        // SAFETY: live until here.
        blocks.into_iter().for_each(|block| unsafe { heap.dealloc(block) });
    }
}
