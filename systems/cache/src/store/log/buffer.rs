//! The memory of a segment: pages of its own, which go back to the system when it is freed. An
//! allocator between would keep them for sizes that are not asked for again.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

/// Bytes that are filled from the front, up to a fixed capacity.
#[derive(Debug)]
pub(super) struct Buffer {
    memory: Memory,
    len: usize,
}

#[derive(Debug)]
enum Memory {
    Pages(MmapMut),
    /// Where the system gives no pages of their own to so many.
    Heap(Box<[u8]>),
}

impl Buffer {
    pub(super) fn nothing() -> Buffer {
        Buffer { memory: Memory::Heap(Box::default()), len: 0 }
    }

    pub(super) fn with_capacity(bytes: usize) -> Buffer {
        let memory = match MmapMut::map_anon(bytes) {
            Ok(pages) => Memory::Pages(pages),
            Err(_) => Memory::Heap(vec![0; bytes].into_boxed_slice()),
        };
        Buffer { memory, len: 0 }
    }

    pub(super) fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Pages(pages) => pages.len(),
            Memory::Heap(bytes) => bytes.len(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// The next `len` bytes, for which there is room.
    pub(super) fn extend(&mut self, len: usize) -> &mut [u8] {
        let start = self.len;
        self.len += len;
        match &mut self.memory {
            Memory::Pages(pages) => &mut pages[start..start + len],
            Memory::Heap(bytes) => &mut bytes[start..start + len],
        }
    }

    /// Appends some of its own bytes.
    pub(super) fn extend_from_within(&mut self, range: std::ops::Range<usize>) {
        let start = self.len;
        self.extend(range.len());
        self.copy_within(range, start);
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Pages(pages) => &pages[..self.len],
            Memory::Heap(bytes) => &bytes[..self.len],
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Pages(pages) => &mut pages[..self.len],
            Memory::Heap(bytes) => &mut bytes[..self.len],
        }
    }
}
