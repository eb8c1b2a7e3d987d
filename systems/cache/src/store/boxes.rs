//! Values outside of the log, by handle: large strings and collections.

use bytes::Bytes;
use memmap2::MmapMut;

use super::{
    Payload,
    log::{Kind, Record},
};

/// What a large string takes beside its bytes: its entry here and its allocation's head.
const LARGE_OVERHEAD: usize = size_of::<Option<Large>>() + 48;
/// What a collection takes beside what it tells: its entry here and its allocation's head.
const OBJECT_OVERHEAD: usize = 24;

/// Strings from this length on have pages of their own, so that what they leave behind goes back to
/// the system at once: sizes that vary this much would leave an allocator's pages half empty.
const MAPPED_BYTES_MIN: usize = 16 << 10;
/// Strings from this length on are kept in the buffer that they came in: to copy them costs more
/// than what an allocator may waste, which maps as much as that itself.
const ADOPTED_BYTES_MIN: usize = 1 << 20;
const PAGE_BYTES: usize = 4 << 10;

#[derive(Debug)]
struct Large {
    bytes: Bytes,
    /// Bytes of the buffer, which can be longer than the string.
    capacity: usize,
}

#[derive(Debug)]
pub(super) struct Boxes<O> {
    large: Slab<Large>,
    objects: Slab<Box<O>>,
    bytes: usize,
}

impl<O: Payload> Boxes<O> {
    pub(super) fn new() -> Boxes<O> {
        Boxes { large: Slab::new(), objects: Slab::new(), bytes: 0 }
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What bytes of this length would be counted as.
    pub(super) fn weight_of_large(len: usize) -> usize {
        let len = if len < MAPPED_BYTES_MIN { len } else { len.next_multiple_of(PAGE_BYTES) };
        len + LARGE_OVERHEAD
    }

    pub(super) fn weight_of_object(object: &O) -> usize {
        object.bytes() + OBJECT_OVERHEAD
    }

    /// Bytes that a record's value takes here.
    pub(super) fn weight(&self, record: &Record<'_>) -> usize {
        match record.kind() {
            Kind::Inline => 0,
            Kind::Large => self
                .large
                .get(record.handle())
                .map_or(0, |large| Self::weight_of_large(large.capacity)),
            Kind::Object => self.object(record.handle()).map_or(0, Self::weight_of_object),
        }
    }

    /// Copies bytes.
    pub(super) fn add_copy(&mut self, bytes: &[u8]) -> u32 {
        let copy = map(bytes).unwrap_or_else(|| Bytes::copy_from_slice(bytes));
        self.add_large(copy, bytes.len())
    }

    /// Keeps bytes, or a copy where their buffer would be worse for the memory.
    pub(super) fn adopt(&mut self, bytes: Bytes) -> u32 {
        let len = bytes.len();
        let copy = if len < ADOPTED_BYTES_MIN { map(&bytes) } else { None };
        self.add_large(copy.unwrap_or(bytes), len)
    }

    /// Keeps bytes of a buffer of `capacity`.
    pub(super) fn add_large(&mut self, bytes: Bytes, capacity: usize) -> u32 {
        let capacity = capacity.max(bytes.len());
        self.bytes += Self::weight_of_large(capacity);
        self.large.add(Large { bytes, capacity })
    }

    pub(super) fn add_object(&mut self, object: Box<O>) -> u32 {
        self.bytes += Self::weight_of_object(&object);
        self.objects.add(object)
    }

    pub(super) fn large(&self, handle: u32) -> Option<&Bytes> {
        self.large.get(handle).map(|large| &large.bytes)
    }

    /// Whether a large string can grow by so many bytes where it is.
    pub(super) fn has_room(&self, handle: u32, extra: usize) -> bool {
        self.large.get(handle).is_some_and(|large| {
            large.capacity >= large.bytes.len() + extra && large.bytes.is_unique()
        })
    }

    pub(super) fn object(&self, handle: u32) -> Option<&O> {
        self.objects.get(handle).map(|object| &**object)
    }

    pub(super) fn remove_large(&mut self, handle: u32) -> Option<Bytes> {
        let large = self.large.remove(handle)?;
        self.bytes -= Self::weight_of_large(large.capacity);
        Some(large.bytes)
    }

    pub(super) fn remove_object(&mut self, handle: u32) -> Option<Box<O>> {
        let object = self.objects.remove(handle)?;
        self.bytes -= Self::weight_of_object(&object);
        Some(object)
    }

    /// Takes out any object, of boxes that are used no more.
    pub(super) fn shed_object(&mut self) -> Option<Box<O>> {
        let object = self.objects.pop()?;
        self.bytes -= Self::weight_of_object(&object);
        Some(object)
    }

    /// Drops any large string; `false` when there is none left.
    pub(super) fn shed_large(&mut self) -> bool {
        let Some(large) = self.large.pop() else { return false };
        self.bytes -= Self::weight_of_large(large.capacity);
        true
    }

    /// Changes an object and counts it anew.
    pub(super) fn change_object<R>(
        &mut self,
        handle: u32,
        change: impl FnOnce(&mut O) -> R,
    ) -> Option<R> {
        let object = self.objects.get_mut(handle)?;
        self.bytes -= Self::weight_of_object(object);
        let answer = change(object);
        self.bytes += Self::weight_of_object(object);
        Some(answer)
    }
}

/// A copy of bytes in pages of its own, if they are many and the system has pages.
fn map(bytes: &[u8]) -> Option<Bytes> {
    if bytes.len() < MAPPED_BYTES_MIN {
        return None;
    }
    let mut pages = MmapMut::map_anon(bytes.len()).ok()?;
    pages.copy_from_slice(bytes);
    Some(Bytes::from_owner(pages))
}

const PAGE_SHIFT: u32 = 9;
const PAGE: usize = 1 << PAGE_SHIFT;

/// Things by number, in pages so that growth copies nothing.
#[derive(Debug)]
struct Slab<T> {
    pages: Vec<Vec<Option<T>>>,
    vacant: Vec<u32>,
    /// Numbers ever given out.
    end: usize,
}

impl<T> Slab<T> {
    fn new() -> Slab<T> {
        Slab { pages: Vec::new(), vacant: Vec::new(), end: 0 }
    }

    fn add(&mut self, thing: T) -> u32 {
        if let Some(number) = self.vacant.pop() {
            if let Some(spot) = self.spot(number) {
                *spot = Some(thing);
            }
            return number;
        }
        if self.end & (PAGE - 1) == 0 {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        if let Some(page) = self.pages.last_mut() {
            page.push(Some(thing));
        }
        self.end += 1;
        (self.end - 1) as u32
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.pages.get(number as usize >> PAGE_SHIFT)?.get(number as usize & (PAGE - 1))?.as_ref()
    }

    fn spot(&mut self, number: u32) -> Option<&mut Option<T>> {
        self.pages.get_mut(number as usize >> PAGE_SHIFT)?.get_mut(number as usize & (PAGE - 1))
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.spot(number)?.as_mut()
    }

    /// Takes out the last thing there is, of a slab that nothing is added to any more.
    fn pop(&mut self) -> Option<T> {
        loop {
            let page = self.pages.last_mut()?;
            match page.pop() {
                Some(Some(thing)) => return Some(thing),
                Some(None) => {}
                None => {
                    self.pages.pop();
                }
            }
        }
    }

    fn remove(&mut self, number: u32) -> Option<T> {
        let thing = self.spot(number)?.take()?;
        self.vacant.push(number);
        if self.vacant.len() == self.end {
            *self = Slab::new();
        }
        Some(thing)
    }
}
