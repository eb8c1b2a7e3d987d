//! KEYS: all keys, a step at a time, so that others are served in between.

use bytes::Bytes;
use plimsoll_wire::resp::write_bulk;

use crate::{
    commands::{call::Call, error::Outcome, held::Held, steps::Walk},
    glob,
    store::Millis,
};

/// Keys that one step looks at: less than a millisecond.
const STEP_KEYS: usize = 2048;
/// How often the walk of a shard begins anew before it is done in one go.
const RESTARTS_MAX: u32 = 3;

/// How far a KEYS is.
#[derive(Debug, Default)]
pub(crate) struct KeysWalk {
    shard: usize,
    /// Where in the shard; 0 is its beginning.
    cursor: u64,
    /// See [`crate::store::Shard::joins`].
    joins: u64,
    restarts: u32,
    /// Keys that were found, encoded, and how many they are.
    parts: Vec<Bytes>,
    count: usize,
    /// The same when the walk of this shard began.
    before: (usize, usize),
}

impl KeysWalk {
    /// Goes on; `false` when it has been everywhere.
    fn step(&mut self, held: &mut Held<'_>, pattern: &[u8], now: Millis) -> bool {
        let limit = if self.restarts < RESTARTS_MAX { STEP_KEYS } else { usize::MAX };
        let (mut part, mut found) = (Vec::new(), 0);
        let walked = held.nth(self.shard, |shard| {
            let joins = shard.joins();
            if self.cursor != 0 && self.joins != joins {
                return None;
            }
            self.joins = joins;
            Some(shard.scan(self.cursor, limit, now, |item| {
                if glob::matches(pattern, item.key) {
                    write_bulk(&mut part, item.key);
                    found += 1;
                }
            }))
        });
        match walked {
            None => return false,
            // It has shrunk: what was given already could come again.
            Some(None) => {
                let (parts, count) = self.before;
                self.parts.truncate(parts);
                (self.count, self.cursor) = (count, 0);
                self.restarts += 1;
            }
            Some(Some(cursor)) => {
                if !part.is_empty() {
                    self.parts.push(Bytes::from(part));
                }
                self.count += found;
                self.cursor = cursor;
                if cursor == 0 {
                    self.shard += 1;
                    self.restarts = 0;
                    self.before = (self.parts.len(), self.count);
                }
            }
        }
        true
    }
}

pub(super) fn keys(call: &mut Call<'_, '_>) -> Outcome {
    let pattern = call.argument(1)?;
    let mut walk = match call.walk.take().map(|walk| *walk) {
        Some(Walk::Keys(walk)) => walk,
        _ => KeysWalk::default(),
    };
    while walk.step(call.shards, pattern, call.now) {
        if call.is_patient {
            *call.walk = Some(Box::new(Walk::Keys(walk)));
            return Ok(());
        }
    }
    call.out.array(walk.count);
    walk.parts.iter().for_each(|part| call.out.encoded(part));
    Ok(())
}
