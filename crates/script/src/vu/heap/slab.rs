//! Blocks of one size in slabs, slabs in chunks; one set of them per thread.
//!
//! A chunk begins with a table of its slabs, so a block's address leads to its slab and its size
//! without a header per block. A slab with free blocks is in the list of its class; an empty one
//! is any class's again.

use std::{
    mem,
    ptr::{self, NonNull},
};

use super::{
    class::{COUNT, Class},
    region::{self, CHUNK_SIZE},
};

/// Bytes of a slab: at least 16 blocks, and with few VUs not much that no block uses.
const SLAB_SIZE: usize = 16 * 1024;

const SLABS_PER_CHUNK: usize = CHUNK_SIZE / SLAB_SIZE;

/// Bytes at the start of a chunk that its table takes, in whole pages.
const TABLE_SIZE: usize = SLAB_SIZE;

/// From this many chunks on, a thread asks for huge pages: many VUs fill them, a few would not.
const CHUNKS_BEFORE_HUGE_PAGES: usize = 32;

/// Empty slabs that keep their memory for the next use.
const WARM_SLABS: usize = 64;

/// What a free block holds.
struct FreeBlock {
    next: *mut FreeBlock,
}

/// One slab's entry in the table of its chunk.
struct Slab {
    /// Blocks that were given back.
    free: *mut FreeBlock,
    /// The first byte that was never handed out.
    fresh: *mut u8,
    /// Past the last byte.
    end: *mut u8,
    /// In the list of its class, or of empty slabs.
    next: *mut Slab,
    previous: *mut Slab,
    block_size: u32,
    /// Blocks that are handed out.
    used: u32,
    class: Option<Class>,
    /// Whether it is in the list of its class.
    listed: bool,
}

/// All slabs of one thread.
pub(super) struct Slabs {
    /// Slabs with free blocks, by class; blocks come from the first.
    lists: [*mut Slab; COUNT],
    empty: *mut Slab,
    warm: usize,
    chunks: Vec<NonNull<u8>>,
    /// Slabs of the last chunk that were never used.
    untouched: usize,
}

impl Default for Slabs {
    fn default() -> Slabs {
        Slabs {
            lists: [ptr::null_mut(); COUNT],
            empty: ptr::null_mut(),
            warm: 0,
            chunks: Vec::new(),
            untouched: 0,
        }
    }
}

/// The entry of the slab that an address lies in.
fn slab_of(block: *mut u8) -> *mut Slab {
    let offset = block.addr() % CHUNK_SIZE;
    block.wrapping_sub(offset).cast::<Slab>().wrapping_add(offset / SLAB_SIZE)
}

/// Bytes of a block.
///
/// # Safety
/// A block of some [`Slabs`] that is handed out.
pub(super) unsafe fn block_size(block: *mut u8) -> usize {
    // SAFETY: promised by the caller, so its slab's entry is filled.
    unsafe { (*slab_of(block)).block_size as usize }
}

impl Slabs {
    /// A block of a class, null when there is no memory.
    pub(super) fn alloc(&mut self, class: Class) -> *mut u8 {
        let mut slab = self.lists[class.index()];
        if slab.is_null() {
            slab = self.add_slab(class);
            if slab.is_null() {
                return ptr::null_mut();
            }
        }
        // SAFETY: listed slabs have an entry in a chunk of ours, and a free block each, on the free
        // list or fresh.
        unsafe {
            let slab = &mut *slab;
            slab.used += 1;
            let block = if slab.free.is_null() {
                let block = slab.fresh;
                slab.fresh = block.add(slab.block_size as usize);
                block
            } else {
                let block = slab.free;
                slab.free = (*block).next;
                block.cast()
            };
            if slab.free.is_null() && slab.is_used_up() {
                self.unlist(slab);
            }
            block
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It came from [`Slabs::alloc`] of the same thread and is in use no more.
    pub(super) unsafe fn free(&mut self, block: *mut u8) {
        // SAFETY: promised by the caller: the slab's entry is in a chunk of ours, the block is free.
        unsafe {
            let slab = &mut *slab_of(block);
            let block: *mut FreeBlock = block.cast();
            (*block).next = slab.free;
            slab.free = block;
            slab.used -= 1;
            if !slab.listed {
                self.list(slab);
            } else if slab.used == 0 && (!slab.next.is_null() || !slab.previous.is_null()) {
                // The last slab of a class stays: it would be wanted again at once.
                self.unlist(slab);
                self.empty_slab(slab);
            }
        }
    }

    /// Puts a slab at the head of its class's list.
    ///
    /// # Safety
    /// It is in no list.
    unsafe fn list(&mut self, slab: &mut Slab) {
        let Some(class) = slab.class else { return };
        let head = &mut self.lists[class.index()];
        slab.previous = ptr::null_mut();
        slab.next = *head;
        slab.listed = true;
        if !head.is_null() {
            // SAFETY: entries in lists are those of live chunks; no two are the same.
            unsafe { (**head).previous = slab };
        }
        *head = slab;
    }

    /// Takes a slab out of its class's list.
    ///
    /// # Safety
    /// It is in it.
    unsafe fn unlist(&mut self, slab: &mut Slab) {
        let Some(class) = slab.class else { return };
        // SAFETY: neighbours in a list are entries of live chunks, and other than `slab`.
        unsafe {
            if slab.previous.is_null() {
                self.lists[class.index()] = slab.next;
            } else {
                (*slab.previous).next = slab.next;
            }
            if !slab.next.is_null() {
                (*slab.next).previous = slab.previous;
            }
        }
        slab.next = ptr::null_mut();
        slab.previous = ptr::null_mut();
        slab.listed = false;
    }

    /// Makes a slab without blocks in use any class's; most such give their memory back.
    ///
    /// # Safety
    /// It is in no list and no block of it is in use.
    unsafe fn empty_slab(&mut self, slab: &mut Slab) {
        if self.warm < WARM_SLABS {
            self.warm += 1;
        } else {
            // SAFETY: promised by the caller; a slab is whole pages.
            unsafe { region::forget_pages(slab.end.sub(SLAB_SIZE), SLAB_SIZE) };
        }
        slab.next = self.empty;
        self.empty = slab;
    }

    #[cfg(test)]
    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// A slab for a class, listed; null when there is no memory.
    #[cold]
    fn add_slab(&mut self, class: Class) -> *mut Slab {
        let (entry, start) = if !self.empty.is_null() {
            let entry = self.empty;
            self.warm = self.warm.saturating_sub(1);
            // SAFETY: entries in the list of empty slabs are those of live chunks.
            unsafe {
                self.empty = (*entry).next;
                (entry, (*entry).end.sub(SLAB_SIZE))
            }
        } else {
            let Some(found) = self.untouched_slab() else { return ptr::null_mut() };
            found
        };
        // SAFETY: the entry lies in a chunk's table and the slab behind it is nobody's.
        unsafe {
            entry.write(Slab {
                free: ptr::null_mut(),
                fresh: start,
                end: start.add(SLAB_SIZE),
                next: ptr::null_mut(),
                previous: ptr::null_mut(),
                block_size: class.block_size() as u32,
                used: 0,
                class: Some(class),
                listed: false,
            });
            self.list(&mut *entry);
        }
        entry
    }

    /// Entry and first byte of a slab that was never used.
    fn untouched_slab(&mut self) -> Option<(*mut Slab, *mut u8)> {
        const { assert!(mem::size_of::<Slab>() * SLABS_PER_CHUNK <= TABLE_SIZE) };
        if self.untouched == 0 {
            let chunk = region::take_chunk()?;
            if self.chunks.len() >= CHUNKS_BEFORE_HUGE_PAGES {
                region::prefer_huge_page(chunk);
            }
            self.chunks.push(chunk);
            self.untouched = SLABS_PER_CHUNK - TABLE_SIZE / SLAB_SIZE;
        }
        let chunk = self.chunks.last()?.as_ptr();
        let index = SLABS_PER_CHUNK - self.untouched;
        self.untouched -= 1;
        // SAFETY: the index is below the number of slabs, so both lie in the chunk.
        unsafe { Some((chunk.cast::<Slab>().add(index), chunk.add(index * SLAB_SIZE))) }
    }
}

impl Slab {
    /// Whether no fresh block is left.
    fn is_used_up(&self) -> bool {
        self.end.addr() - self.fresh.addr() < self.block_size as usize
    }
}

impl Drop for Slabs {
    fn drop(&mut self) {
        for chunk in self.chunks.drain(..) {
            // SAFETY: each runtime holds the heap, so no block is in use any more.
            unsafe { region::give_chunk(chunk) };
        }
    }
}
