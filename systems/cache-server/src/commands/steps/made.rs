//! What commands in steps make.

use bytes::Bytes;

use super::{Steps, Walk};
use crate::{
    commands::{collections::Kind, draw, dump, hyperloglog, lists, reply::Reply, sort},
    values::{Hash, List, Object, Set, SortedSet},
};

/// Bytes of encoded entries that stand in one piece.
const PART_BYTES: usize = 256 << 10;

/// Something that is made in steps.
pub(crate) trait Made: Default {
    fn walk_of(steps: Steps<Self>) -> Walk;

    /// `None` when the walk is of something else.
    fn steps_of(walk: Walk) -> Option<Steps<Self>>;

    /// Takes out the collection that may have become large.
    fn object(&mut self) -> Option<Object> {
        None
    }
}

macro_rules! made {
    ($made:ty, $variant:ident $(, $object:expr)?) => {
        impl Made for $made {
            fn walk_of(steps: Steps<Self>) -> Walk {
                Walk::$variant(steps)
            }

            fn steps_of(walk: Walk) -> Option<Steps<Self>> {
                if let Walk::$variant(steps) = walk { Some(steps) } else { None }
            }

            $(fn object(&mut self) -> Option<Object> {
                let object: fn(&mut $made) -> Option<Object> = $object;
                object(self)
            })?
        }
    };
}

made!(Parts, Read);
made!(Product<Hash>, Hash, take_object);
made!(Product<List>, List, take_object);
made!(Product<Set>, Set, take_object);
made!(Product<SortedSet>, SortedSet, take_object);
made!(Option<Object>, Copy, Option::take);
made!(draw::Drawn, Draw);
made!(lists::Places, Find);
made!(sort::Sorting, Sort);
made!(dump::Payload, Dump);
made!(dump::Restoring, Restore, dump::Restoring::take);
made!(hyperloglog::Registers, Count);

/// Entries of a reply, encoded in the client's protocol, and how many they are.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    whole: Vec<Bytes>,
    last: Vec<u8>,
    pub(in crate::commands) count: usize,
}

impl Parts {
    /// Writes what counts as so many; how many bytes it was.
    pub(in crate::commands) fn write(
        &mut self,
        count: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let before = self.last.len();
        write(&mut self.last);
        let bytes = self.last.len() - before;
        self.count += count;
        if self.last.len() >= PART_BYTES {
            self.whole.push(Bytes::from(std::mem::take(&mut self.last)));
        }
        bytes
    }

    /// All of them, behind the head that the command writes.
    pub(in crate::commands) fn finish(self, out: &mut Reply) {
        self.whole.iter().for_each(|part| out.encoded(part));
        out.raw().extend_from_slice(&self.last);
    }
}

/// A collection, and with it a reply.
#[derive(Debug, Default)]
pub(crate) struct Product<K> {
    pub(in crate::commands) result: K,
    pub(in crate::commands) parts: Parts,
}

impl<K: Default> Product<K> {
    pub(in crate::commands) fn take(&mut self) -> K {
        std::mem::take(&mut self.result)
    }
}

/// By its bytes: what is being copied may have memory before it has an entry.
fn take_object<K: Kind>(product: &mut Product<K>) -> Option<Object> {
    (product.result.bytes() > 0).then(|| product.take().into_object())
}
