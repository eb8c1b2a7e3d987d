//! Stacks for virtual users, carved from large slabs.
//!
//! One `mmap` serves many stacks; each has a guard page below it and is touched lazily, so a VU
//! costs only the pages it ever used. A slab lives on one thread and is reused for new VUs there.

use std::{
    cell::RefCell,
    io,
    ptr::{self, NonNull},
    rc::Rc,
};

use corosensei::stack::{Stack, StackPointer};

/// Address space of one VU's stack, its guard page included.
pub(super) const STACK_SIZE: usize = 256 * 1024;

/// What a script may use of it; the rest is for host functions, which check nothing.
pub(super) const SCRIPT_STACK_LIMIT: usize = STACK_SIZE - 64 * 1024;

/// Stacks in a slab: 16 MiB of address space per `mmap`.
const STACKS_PER_SLAB: usize = 64;

/// The largest page size of the targets that we build for; the guard is one such page.
const GUARD_SIZE: usize = 16 * 1024;

struct Slab {
    start: NonNull<u8>,
    free: RefCell<Vec<u16>>,
}

impl Slab {
    fn new() -> io::Result<Slab> {
        let length = STACK_SIZE * STACKS_PER_SLAB;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        #[expect(unsafe_code, reason = "stacks come from the kernel")]
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            return Err(io::ErrorKind::OutOfMemory.into());
        };
        let slab = Slab { start, free: RefCell::new((0..STACKS_PER_SLAB as u16).rev().collect()) };
        for index in 0..STACKS_PER_SLAB {
            #[expect(unsafe_code, reason = "the guard page of each stack")]
            // SAFETY: within the mapping made above, page aligned, not in use yet.
            let failed = unsafe {
                libc::mprotect(slab.at(index).as_ptr().cast(), GUARD_SIZE, libc::PROT_NONE) != 0
            };
            if failed {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(slab)
    }

    /// The lowest address of a stack: that of its guard.
    fn at(&self, index: usize) -> NonNull<u8> {
        debug_assert!(index < STACKS_PER_SLAB);
        #[expect(unsafe_code, reason = "address arithmetic in the slab")]
        // SAFETY: `index` is below the number of stacks, so the result is inside the mapping.
        unsafe {
            self.start.add(index * STACK_SIZE)
        }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "gives the mapping back")]
        // SAFETY: made by `new`; each stack holds the slab in an `Rc`, so none is in use.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), STACK_SIZE * STACKS_PER_SLAB);
        }
    }
}

thread_local! {
    static SLABS: RefCell<Vec<Rc<Slab>>> = const { RefCell::new(Vec::new()) };
}

/// One stack; goes back to its slab when dropped.
pub(super) struct SlabStack {
    slab: Rc<Slab>,
    index: u16,
}

impl SlabStack {
    /// A stack of this thread's slabs, from a new slab when all are taken.
    pub(super) fn take() -> io::Result<SlabStack> {
        SLABS.with_borrow_mut(|slabs| {
            for slab in slabs.iter().rev() {
                if let Some(index) = slab.free.borrow_mut().pop() {
                    return Ok(SlabStack { slab: slab.clone(), index });
                }
            }
            let slab = Rc::new(Slab::new()?);
            let index = slab.free.borrow_mut().pop().unwrap_or_default();
            slabs.push(slab.clone());
            Ok(SlabStack { slab, index })
        })
    }

    fn bottom(&self) -> NonNull<u8> {
        self.slab.at(usize::from(self.index))
    }

    /// The address of the first byte above the guard page.
    pub(super) fn usable_from(&self) -> usize {
        self.bottom().as_ptr() as usize + GUARD_SIZE
    }
}

/// The kernel's page size in bytes, at most [`GUARD_SIZE`].
fn page_size() -> usize {
    #[expect(unsafe_code, reason = "asks the kernel")]
    // SAFETY: no pointers involved.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(GUARD_SIZE)
}

/// Gives the pages in `from..to` of a stack back to the kernel; they read as zero when touched again.
///
/// # Safety
/// Both addresses belong to one stack and nothing between them is in use.
#[expect(unsafe_code, reason = "the caller knows what part of the stack is dead")]
pub(super) unsafe fn release_pages(from: usize, to: usize) {
    let page = page_size();
    let to = to & !(page - 1);
    if to > from {
        // SAFETY: promised by the caller; the range is page aligned.
        unsafe {
            libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_DONTNEED);
        }
    }
}

impl Drop for SlabStack {
    fn drop(&mut self) {
        let from = self.usable_from();
        #[expect(unsafe_code, reason = "memory of finished VUs goes back to the kernel")]
        // SAFETY: the coroutine that ran on this stack is gone.
        unsafe {
            release_pages(from, self.bottom().as_ptr() as usize + STACK_SIZE);
        }
        self.slab.free.borrow_mut().push(self.index);
    }
}

#[expect(unsafe_code, reason = "a contract of corosensei")]
// SAFETY: the range is mapped, has a guard page at its low end and is owned by `self`.
unsafe impl Stack for SlabStack {
    fn base(&self) -> StackPointer {
        let base = self.bottom().as_ptr() as usize + STACK_SIZE;
        StackPointer::new(base).expect("a mapping does not end at address zero")
    }

    fn limit(&self) -> StackPointer {
        let limit = self.bottom().as_ptr() as usize;
        StackPointer::new(limit).expect("a mapping does not start at address zero")
    }
}
