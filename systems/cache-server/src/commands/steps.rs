//! Reads of large collections, a step at a time, so that others are served in between. What is read is of
//! one moment all the same: when one of the keys changes meanwhile, the read begins anew.

use bytes::Bytes;

use super::{call::Call, keys::KeysWalk, reply::Reply, watch::Watching};

/// Entries that one step looks at: less than a millisecond.
const STEP_ENTRIES: usize = 2048;
/// Bytes of the reply behind which a step ends.
const STEP_BYTES: usize = 256 << 10;
/// How often a read begins anew before it is done in one go.
const RESTARTS_MAX: u32 = 3;
/// Commands with more keys are done in one go.
pub(super) const KEYS_MAX: usize = 8;

/// How far a command is that comes in steps.
#[derive(Debug)]
pub(crate) enum Walk {
    Keys(KeysWalk),
    Read(ReadWalk),
}

/// How far a read of collections is.
#[derive(Debug)]
pub(crate) struct ReadWalk {
    /// The keys, from when the read began.
    watching: Watching,
    restarts: u32,
    /// Which of the collections comes next, and the entry in it.
    pub(super) place: (usize, usize),
    /// Entries for the reply, encoded, and how many they are.
    parts: Vec<Bytes>,
    pub(super) count: usize,
}

/// Whether a read of so many entries is worth steps.
pub(super) fn is_long(entries: usize) -> bool {
    entries > STEP_ENTRIES
}

impl ReadWalk {
    /// Goes on with a read of the call's keys, or begins one. `None` when it is to be done in one go: it must
    /// not come back, or has begun anew too often.
    ///
    /// `walk` is what the call had.
    pub(super) fn resume(call: &mut Call<'_, '_>, walk: Option<Box<Walk>>) -> Option<ReadWalk> {
        if !call.is_patient || call.keys.len() > KEYS_MAX {
            return None;
        }
        let restarts = match walk.map(|walk| *walk) {
            Some(Walk::Read(walk)) if !walk.watching.is_broken(call.shards, call.now) => {
                return Some(walk);
            }
            Some(Walk::Read(walk)) => walk.restarts + 1,
            _ => 0,
        };
        if restarts > RESTARTS_MAX {
            return None;
        }
        let mut watching = call.shards.watching();
        for key in call.keys {
            let exists = call.shards.of(key).peek(key, call.now).is_some();
            watching.add(key, call.shards.index(key), exists);
        }
        Some(ReadWalk { watching, restarts, place: (0, 0), parts: Vec::new(), count: 0 })
    }

    /// The command comes back for the next step.
    pub(super) fn put_off(self, call: &mut Call<'_, '_>) {
        *call.walk = Some(Box::new(Walk::Read(self)));
    }

    /// Writes the entries of the next step, which `entries` hands out with how many values each is; whether
    /// it came to their end. The place is moved on by as many as were taken.
    pub(super) fn step<E>(
        &mut self,
        entries: impl Iterator<Item = E>,
        mut write: impl FnMut(E, &mut Vec<u8>) -> usize,
    ) -> bool {
        let mut part = Vec::new();
        let (mut looked_at, mut is_over) = (0, true);
        for entry in entries {
            self.count += write(entry, &mut part);
            looked_at += 1;
            if looked_at == STEP_ENTRIES || part.len() >= STEP_BYTES {
                is_over = false;
                break;
            }
        }
        self.place.1 += looked_at;
        if !part.is_empty() {
            self.parts.push(Bytes::from(part));
        }
        is_over
    }

    /// All entries, behind the head that the command writes.
    pub(super) fn finish(&self, out: &mut Reply) {
        self.parts.iter().for_each(|part| out.encoded(part));
    }
}
