//! What a record holds outside of the log: putting it there, reading it, taking it out.

use bytes::Bytes;

use super::Shard;
use crate::store::{
    NewValue, OwnedValue, Payload, ValueRef,
    boxes::Boxes,
    log::{Kind, Record},
};

/// Strings longer than this are [`ValueRef::Large`], in shards whose segments are not small.
const LARGE_BYTES: usize = 16 << 10;
/// A string in the log takes at most this part of a segment, so that little of it stays empty.
const PARTS_OF_SEGMENT: usize = 16;

/// Bytes of a handle in a record.
pub(super) const HANDLE_BYTES: usize = size_of::<u32>();

/// What goes into a record's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'a> {
    Inline(&'a [u8]),
    Handle(Kind, [u8; HANDLE_BYTES]),
}

impl Body<'_> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Body::Inline(_) => Kind::Inline,
            Body::Handle(kind, _) => *kind,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Body::Inline(bytes) => bytes,
            Body::Handle(_, handle) => handle,
        }
    }
}

impl<O: Payload> Shard<O> {
    pub(super) fn is_large(&self, len: usize) -> bool {
        len > LARGE_BYTES.min(self.log.segment_bytes() / PARTS_OF_SEGMENT)
    }

    /// Bytes that a value takes in its record, and outside.
    pub(super) fn weigh(&self, value: &NewValue<'_, O>) -> (usize, usize) {
        let len = match value {
            NewValue::Object(object) => {
                return (HANDLE_BYTES, Boxes::<O>::weight_of_object(object));
            }
            NewValue::Bytes(bytes) => bytes.len(),
            NewValue::Large(bytes) => bytes.len(),
        };
        self.weigh_string(len)
    }

    pub(super) fn weigh_string(&self, len: usize) -> (usize, usize) {
        match self.is_large(len) {
            true => (HANDLE_BYTES, Boxes::<O>::weight_of_large(len)),
            false => (len, 0),
        }
    }

    /// Puts a value outside of the log if that is where it belongs; `buffer` keeps it otherwise.
    pub(super) fn box_up<'a>(&mut self, value: NewValue<'a, O>, buffer: &'a mut Bytes) -> Body<'a> {
        let (kind, handle) = match value {
            NewValue::Object(object) => (Kind::Object, self.boxes.add_object(object)),
            NewValue::Bytes(bytes) if !self.is_large(bytes.len()) => return Body::Inline(bytes),
            NewValue::Large(bytes) if !self.is_large(bytes.len()) => {
                *buffer = bytes;
                return Body::Inline(buffer);
            }
            NewValue::Bytes(bytes) => (Kind::Large, self.boxes.add_copy(bytes)),
            NewValue::Large(bytes) => (Kind::Large, self.boxes.adopt(bytes)),
        };
        Body::Handle(kind, handle.to_le_bytes())
    }

    /// The value of a record that has it outside. A handle always leads to something.
    pub(super) fn boxed<'a>(&'a self, record: &Record<'a>) -> ValueRef<'a, O> {
        let value = match record.kind() {
            Kind::Inline => Some(ValueRef::Bytes(record.value)),
            Kind::Large => self.boxes.large(record.handle()).map(ValueRef::Large),
            Kind::Object => self.boxes.object(record.handle()).map(ValueRef::Object),
        };
        debug_assert!(value.is_some(), "a handle that leads nowhere");
        value.unwrap_or(ValueRef::Bytes(&[]))
    }

    /// Takes out what a record has outside.
    pub(super) fn unbox(&mut self, kind: Kind, handle: u32) -> Option<OwnedValue<O>> {
        match kind {
            Kind::Inline => None,
            Kind::Large => self.boxes.remove_large(handle).map(OwnedValue::Bytes),
            Kind::Object => self.boxes.remove_object(handle).map(OwnedValue::Object),
        }
    }
}
