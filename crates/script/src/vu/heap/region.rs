//! The address space of all small blocks of the process, handed out in chunks.
//!
//! One reservation, so that an address alone tells whether a block is ours. Chunks of threads that
//! ended are used again.

use std::{
    ptr::{self, NonNull},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Bytes of a chunk, and its alignment: a huge page of the usual machines.
pub(super) const CHUNK_SIZE: usize = 2 * 1024 * 1024;

/// Address space of the region in bytes: half a million small VUs. It costs nothing until used.
const REGION_SIZE: usize = 64 * 1024 * 1024 * 1024;

/// Where the region begins; before it is made, an address that no block of a program is near.
static START: AtomicUsize = AtomicUsize::new(NOWHERE);
const NOWHERE: usize = 1 << (usize::BITS - 1);

/// Bytes handed out so far, from the start.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Chunks that came back, by address; their pages are the kernel's again.
static SPARE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Whether an address lies in the region.
pub(super) fn contains(address: *mut u8) -> bool {
    (address as usize).wrapping_sub(START.load(Ordering::Relaxed)) < REGION_SIZE
}

/// A chunk that reads as zero; `None` when the machine gives no more, or no region at all.
pub(super) fn take_chunk() -> Option<NonNull<u8>> {
    static RESERVE: Once = Once::new();
    RESERVE.call_once(reserve);
    let start = START.load(Ordering::Relaxed);
    if start == NOWHERE {
        return None;
    }
    if let Some(chunk) = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop() {
        return NonNull::new(ptr::with_exposed_provenance_mut(chunk));
    }
    let offset = TAKEN.fetch_add(CHUNK_SIZE, Ordering::Relaxed);
    if offset >= REGION_SIZE {
        TAKEN.fetch_sub(CHUNK_SIZE, Ordering::Relaxed);
        return None;
    }
    let chunk: *mut u8 = ptr::with_exposed_provenance_mut(start + offset);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: within the reservation, and nobody else's: each offset is handed out once.
    let failed = unsafe { libc::mprotect(chunk.cast(), CHUNK_SIZE, access) != 0 };
    if failed { None } else { NonNull::new(chunk) }
}

/// Gives a chunk back.
///
/// # Safety
/// It came from [`take_chunk`] and nothing in it is in use.
pub(super) unsafe fn give_chunk(chunk: NonNull<u8>) {
    // SAFETY: promised by the caller.
    if unsafe { forget_pages(chunk.as_ptr(), CHUNK_SIZE) } {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(chunk.as_ptr().expose_provenance());
    }
}

/// Gives memory back to the kernel: it reads as zero when touched again. False when it did not.
///
/// # Safety
/// A range of whole pages of a chunk, with nothing in use.
pub(super) unsafe fn forget_pages(from: *mut u8, length: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe { libc::madvise(from.cast(), length, libc::MADV_DONTNEED) == 0 }
}

/// Asks for a huge page under a chunk; where there are none, nothing happens.
pub(super) fn prefer_huge_page(chunk: NonNull<u8>) {
    #[cfg(target_os = "linux")]
    // SAFETY: advice about a chunk of ours; it changes no content.
    unsafe {
        libc::madvise(chunk.as_ptr().cast(), CHUNK_SIZE, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = chunk;
}

fn reserve() {
    let length = REGION_SIZE + CHUNK_SIZE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice, never given back.
    let start = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, flags, -1, 0) };
    if start != libc::MAP_FAILED {
        let start = start.expose_provenance().next_multiple_of(CHUNK_SIZE);
        START.store(start, Ordering::Relaxed);
    }
}
