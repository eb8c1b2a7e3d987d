//! Where the JavaScript heaps of all VUs come from.
//!
//! One allocator under every runtime of the process: the small blocks of some thousand VUs share
//! pages by size, which a heap per VU would each leave half empty. A VU's runtime lives and dies on
//! one thread, which is the case that mimalloc's thread-local free lists are made for.
#![expect(unsafe_code, reason = "QuickJS takes its memory through C functions")]

use libmimalloc_sys::{mi_calloc, mi_free, mi_malloc, mi_realloc, mi_usable_size};
use rquickjs::allocator::Allocator;

/// mimalloc, for one runtime; all instances share one heap.
pub(super) struct SharedHeap;

// SAFETY: mimalloc keeps the promises of malloc and its kin: blocks are as large as asked or null,
// aligned to 8 bytes at least, and any thread may give any block back.
unsafe impl Allocator for SharedHeap {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        // SAFETY: any size may be asked for.
        unsafe { mi_malloc(size).cast() }
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        // SAFETY: any product may be asked for; one that overflows gives null.
        unsafe { mi_calloc(count, size).cast() }
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        // SAFETY: the caller got the block from this allocator, or it is null.
        unsafe { mi_free(block.cast()) }
    }

    unsafe fn realloc(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: as for `dealloc`.
        unsafe { mi_realloc(block.cast(), size).cast() }
    }

    unsafe fn usable_size(block: *mut u8) -> usize {
        // SAFETY: as for `dealloc`.
        unsafe { mi_usable_size(block.cast_const().cast()) }
    }
}
