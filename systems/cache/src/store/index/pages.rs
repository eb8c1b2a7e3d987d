//! Buckets in pages, so that the table grows without being copied.

use super::bucket::Bucket;
use crate::store::PAGE_BYTES;

/// Buckets of a page. One fewer than would fit: an allocator may need that much to begin at a line.
const PAGE: usize = PAGE_BYTES / size_of::<Bucket>() - 1;

#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Vec<Bucket>>,
    len: usize,
}

impl Pages {
    pub(super) fn with_len(len: usize) -> Pages {
        let mut pages = Pages::default();
        (0..len).for_each(|_| pages.push());
        pages
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<Bucket>()
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &Bucket {
        &self.pages[at / PAGE][at % PAGE]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> &mut Bucket {
        &mut self.pages[at / PAGE][at % PAGE]
    }

    /// Adds an empty bucket.
    pub(super) fn push(&mut self) {
        if self.len.is_multiple_of(PAGE) {
            // Reserved at once, so that no bucket is ever copied; memory comes as it is touched.
            self.pages.push(Vec::with_capacity(PAGE));
        }
        if let Some(page) = self.pages.last_mut() {
            page.push(Bucket::default());
        }
        self.len += 1;
    }

    /// Removes the last page; `false` when there is none.
    pub(super) fn shed(&mut self) -> bool {
        let Some(page) = self.pages.pop() else { return false };
        self.len -= page.len();
        true
    }

    /// Removes the last bucket.
    pub(super) fn pop(&mut self) {
        let Some(page) = self.pages.last_mut() else { return };
        page.pop();
        self.len -= 1;
        if page.is_empty() {
            self.pages.pop();
        }
    }
}
