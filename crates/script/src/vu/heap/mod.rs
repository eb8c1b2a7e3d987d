//! Where the JavaScript heaps of a worker's VUs come from.
//!
//! One heap of size classes per thread, under every runtime there: a VU's runtime lives and dies on
//! one thread, so nothing here locks or counts atomically, and the small blocks of some thousand
//! VUs share pages by size, which a heap per VU would each leave half empty. What is larger than
//! the largest class, or comes when there is no address space, is mimalloc's.
#![expect(unsafe_code, reason = "QuickJS takes its memory through C functions")]

mod class;
mod region;
mod slab;

use std::{cell::UnsafeCell, ptr, rc::Rc};

use libmimalloc_sys::{mi_calloc, mi_free, mi_malloc, mi_realloc, mi_usable_size};
use rquickjs::allocator::Allocator;

use class::Class;
use slab::Slabs;

thread_local! {
    static HEAP: Rc<UnsafeCell<Slabs>> = Rc::default();
}

/// The thread's heap, for one runtime.
pub(super) struct SharedHeap(Rc<UnsafeCell<Slabs>>);

impl SharedHeap {
    /// The calling thread's heap. The runtime must stay on the thread.
    pub(super) fn of_thread() -> SharedHeap {
        SharedHeap(HEAP.with(Rc::clone))
    }

    fn slabs(&mut self) -> *mut Slabs {
        self.0.get()
    }

    fn alloc_small(&mut self, size: usize) -> *mut u8 {
        let Some(class) = Class::of(size) else { return ptr::null_mut() };
        // SAFETY: the heap is its thread's, `SharedHeap` cannot leave the thread, and no method of
        // `Slabs` calls out, so this is the only reference.
        unsafe { (*self.slabs()).alloc(class) }
    }
}

// SAFETY: blocks are as large as asked or null and aligned to 8 bytes; both allocators know the
// size of their blocks, and an address tells whose it is.
unsafe impl Allocator for SharedHeap {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        let block = self.alloc_small(size);
        if !block.is_null() {
            return block;
        }
        // SAFETY: any size may be asked for.
        unsafe { mi_malloc(size).cast() }
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let block = match count.checked_mul(size) {
            Some(total) => self.alloc_small(total),
            None => return ptr::null_mut(),
        };
        if block.is_null() {
            // SAFETY: any product may be asked for.
            return unsafe { mi_calloc(count, size).cast() };
        }
        // SAFETY: the block has at least `total` bytes.
        unsafe { block.write_bytes(0, count * size) };
        block
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        if region::contains(block) {
            // SAFETY: the caller got the block from this heap; as in `alloc_small` for the reference.
            unsafe { (*self.slabs()).free(block) }
        } else {
            // SAFETY: not ours, so mimalloc's, or null.
            unsafe { mi_free(block.cast()) }
        }
    }

    unsafe fn realloc(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        if block.is_null() {
            return self.alloc(size);
        }
        let class = Class::of(size);
        if !region::contains(block) && class.is_none() {
            // SAFETY: mimalloc's block, and too large for ours before and after.
            return unsafe { mi_realloc(block.cast(), size).cast() };
        }
        // SAFETY: the caller got the block from this heap.
        let old = unsafe { SharedHeap::usable_size(block) };
        if class.is_some_and(|class| class.block_size() == old) {
            return block;
        }
        let moved = self.alloc(size);
        if !moved.is_null() {
            // SAFETY: two blocks, each with at least as many bytes; the old one is given back once.
            unsafe {
                ptr::copy_nonoverlapping(block, moved, old.min(size));
                self.dealloc(block);
            }
        }
        moved
    }

    unsafe fn usable_size(block: *mut u8) -> usize {
        if region::contains(block) {
            // SAFETY: a block of some thread's heap in the region.
            unsafe { slab::block_size(block) }
        } else {
            // SAFETY: not ours, so mimalloc's.
            unsafe { mi_usable_size(block.cast_const().cast()) }
        }
    }
}

#[cfg(test)]
mod tests;
