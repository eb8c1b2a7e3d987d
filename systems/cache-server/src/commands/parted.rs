//! Commands that do the same with each of very many keys, some of them at a time, so that others are served in
//! between. Others see what they have come to: only so many keys, and transactions, are of one moment.

use bytes::Bytes;
use plimsoll_wire::resp::Command;

use super::{
    call::Call,
    key_rule::Places,
    reply::Reply,
    spec::{Flags, Spec},
    steps::Walk,
};

/// Commands with more keys than that come in parts.
const KEYS_MAX: usize = 4096;
/// Keys of one part: less than a millisecond.
const PART_KEYS: usize = 2048;

/// How far a command is that comes in parts.
#[derive(Debug, Default)]
pub(crate) struct Parted {
    /// Keys that are done with.
    done: usize,
    /// Of these, those that count.
    pub(super) count: i64,
    /// What they are replied.
    pieces: Vec<Bytes>,
}

/// Whether the command comes in parts, if it may.
#[inline]
pub(super) fn is_long(spec: &Spec, command: Command<'_>) -> bool {
    command.len() > KEYS_MAX && spec.has(Flags::PARTED)
}

/// Those of a command's keys that are next.
pub(super) fn part(keys: Places, walk: Option<&Walk>) -> Places {
    let done = if let Some(Walk::Parted(parted)) = walk { parted.done } else { 0 };
    keys.part(done, PART_KEYS)
}

impl Parted {
    /// Goes on with the call's keys, or begins with them.
    pub(super) fn resume(call: &mut Call<'_, '_>) -> Parted {
        match call.walk.take().map(|walk| *walk) {
            Some(Walk::Parted(parted)) => parted,
            _ => Parted::default(),
        }
    }

    /// Behind the call's keys: gives itself back after the last of all. Before that the command comes back.
    pub(super) fn end(mut self, call: &mut Call<'_, '_>) -> Option<Parted> {
        self.done += call.keys.len();
        if self.done >= call.spec.keys.places(call.arguments).size_hint().0 {
            return Some(self);
        }
        *call.walk = Some(Box::new(Walk::Parted(self)));
        None
    }

    /// What is replied of the call's keys comes behind that of those before.
    pub(super) fn keep(&mut self, part: Reply) {
        part.into_pieces(&mut self.pieces);
    }

    /// All that was kept.
    pub(super) fn reply(&self, out: &mut Reply) {
        self.pieces.iter().for_each(|piece| out.encoded(piece));
    }
}
