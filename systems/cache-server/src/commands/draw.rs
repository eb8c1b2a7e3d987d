//! Members drawn by chance: `HRANDFIELD`, `SRANDMEMBER`, `SPOP` and `ZRANDMEMBER`.

use hashbrown::HashSet;
use plimsoll_runtime::random::Random;

use super::{
    call::Call,
    collections::{Kind, find, peek},
    error::{Error, Outcome},
    number,
    reply::Reply,
    steps::{Parts, Steps, cost, is_long},
};

/// Most members that are drawn where the same may come again; a negative count asks for that many.
/// Redis writes as many as a client dares to ask for.
const REPEATED_LIMIT: usize = 1 << 20;
/// Most bytes of such a reply.
const REPEATED_BYTES_LIMIT: usize = 512 << 20;
/// What it costs to look at a member that stands anywhere, in those that stand in a row.
const ANYWHERE_COST: usize = 4;

/// What a count asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    /// Up to that many, none twice.
    Distinct(usize),
    /// That many, each drawn from all.
    Repeated(usize),
}

/// What has been drawn, and the reply as far as it is written.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    lots: Lots,
    parts: Parts,
    bytes: usize,
}

/// Indexes that are drawn.
#[derive(Debug, Default)]
struct Lots {
    indexes: Vec<usize>,
    /// The first index that may still be taken, where each is taken or not in its turn.
    next: usize,
    /// All that are taken, where each index is drawn from all.
    seen: HashSet<usize>,
}

/// Replies members of the call's key: what `head` writes for their number, and then what `write` writes for
/// each, by its index. In steps where they are many.
///
/// # Errors
/// When the key holds something else, or the reply would be too long.
pub(super) fn reply<K: Kind>(
    call: &mut Call<'_, '_>,
    count: Draw,
    head: impl FnOnce(&mut Reply, usize),
    write: impl Fn(&mut Reply, &K, usize),
) -> Outcome {
    let key = call.key();
    let is_long = call.walk.is_some() || {
        let length = find::<K>(call.shards, &key, call.now)?.map_or(0, K::count);
        is_long(match count {
            Draw::Distinct(count) => count.min(length),
            Draw::Repeated(count) => count,
        })
    };
    let Some(mut steps) = Steps::<Drawn>::start(call, &[key], is_long) else { return Ok(()) };
    let collection = peek::<K>(call.shards, &key, call.now)?;
    if steps.place.0 == 0 {
        let length = collection.map_or(0, K::count);
        let draw = |drawn: &mut Drawn, budget| drawn.lots.step(count, length, call.random, budget);
        if !steps.work(draw) {
            steps.put_off(call);
            return Ok(());
        }
        steps.next_place();
    }
    let indexes = std::mem::take(&mut steps.made.lots.indexes);
    let mut one = Reply::new(call.out.protocol());
    let rest = indexes.get(steps.place.1..).unwrap_or_default();
    let is_over = steps.each(rest.iter(), |drawn, index| {
        one.clear();
        if let Some(collection) = collection {
            write(&mut one, collection, *index);
        }
        let bytes = drawn.parts.write(1, |part| part.extend_from_slice(one.buffer()));
        drawn.bytes += bytes;
        ANYWHERE_COST * cost(bytes)
    });
    if matches!(count, Draw::Repeated(_)) && steps.made.bytes > REPEATED_BYTES_LIMIT {
        return Err(Error::OutOfRange);
    }
    if is_over {
        head(call.out, indexes.len());
        steps.made.parts.finish(call.out);
    } else {
        steps.made.lots.indexes = indexes;
        steps.put_off(call);
    }
    Ok(())
}

/// # Errors
/// When it is no integer, or asks for too many.
pub(super) fn count(argument: &[u8]) -> Result<Draw, Error> {
    let count = number::integer(argument).ok_or(Error::NotInteger)?;
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 {
        return Ok(Draw::Distinct(wanted));
    }
    if wanted > REPEATED_LIMIT { Err(Error::OutOfRange) } else { Ok(Draw::Repeated(wanted)) }
}

/// Indexes below `len`. Never more of them than `len`, or than [`REPEATED_LIMIT`].
pub(super) fn indexes(draw: Draw, len: usize, random: &mut Random) -> Vec<usize> {
    let mut lots = Lots::default();
    lots.step(draw, len, random, usize::MAX);
    lots.indexes
}

impl Lots {
    /// Goes on drawing, for about `budget`; what is left of that, which is something once all are drawn.
    fn step(&mut self, draw: Draw, len: usize, random: &mut Random, budget: usize) -> usize {
        let count = match draw {
            _ if len == 0 => 0,
            Draw::Repeated(count) => count,
            Draw::Distinct(count) => count.min(len),
        };
        self.indexes.reserve_exact(count.saturating_sub(self.indexes.len()));
        let mut left = budget;
        while left > 0 && self.indexes.len() < count {
            let cost = match draw {
                Draw::Repeated(_) => self.take(random.below(len)),
                Draw::Distinct(_) if count == len => self.take(self.indexes.len()),
                // Most of them: each is taken with the chance that is right for those still to be taken.
                Draw::Distinct(_) if count > len / 4 => {
                    let (index, missing) = (self.next, count - self.indexes.len());
                    self.next += 1;
                    if random.below(len - index) < missing { self.take(index) } else { 1 }
                }
                // Few of them: Floyd's way, which costs as much as is drawn.
                Draw::Distinct(_) => {
                    if self.indexes.is_empty() {
                        self.seen.reserve(count);
                    }
                    let last = len - count + self.indexes.len();
                    let index = random.below(last + 1);
                    let index = if self.seen.insert(index) { index } else { last };
                    self.seen.insert(index);
                    self.take(index) * ANYWHERE_COST
                }
            };
            left = left.saturating_sub(cost);
        }
        left
    }

    /// What that costs, in members that stand in a row.
    fn take(&mut self, index: usize) -> usize {
        self.indexes.push(index);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_indexes_are_distinct_and_each_as_likely() {
        let mut random = Random::seeded(7);
        for (len, count) in [(1, 1), (10, 3), (10, 2), (100, 5), (100, 60), (7, 9)] {
            let mut hits = vec![0_u32; len];
            for _ in 0..2000 {
                let mut drawn = indexes(Draw::Distinct(count), len, &mut random);
                drawn.sort_unstable();
                drawn.dedup();
                assert_eq!(drawn.len(), count.min(len));
                drawn.iter().for_each(|index| hits[*index] += 1);
            }
            let expected = 2000.0 * count.min(len) as f64 / len as f64;
            let far =
                hits.iter().map(|hits| (f64::from(*hits) - expected).abs()).fold(0.0, f64::max);
            assert!(far < 6.0 * expected.sqrt(), "{count} of {len}: off by {far} from {expected}");
        }
    }

    #[test]
    fn repeated_indexes_are_limited() {
        let mut random = Random::seeded(7);
        assert_eq!(indexes(Draw::Repeated(9), 2, &mut random).len(), 9);
        assert_eq!(indexes(Draw::Repeated(9), 0, &mut random).len(), 0);
        assert_eq!(count(b"-1048576"), Ok(Draw::Repeated(REPEATED_LIMIT)));
        assert_eq!(count(b"-9223372036854775808"), Err(Error::OutOfRange));
        assert_eq!(count(b"5"), Ok(Draw::Distinct(5)));
        assert_eq!(count(b"1e3"), Err(Error::NotInteger));
    }
}
