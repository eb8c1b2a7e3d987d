//! `ZRANGE` in all its forms, its older names, and `ZRANGESTORE`.

use std::ops::Range;

use super::{
    INSERT_COST,
    bounds::{LexRange, ScoreRange},
    write_head, write_member, write_members,
};
use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        collections::{find, index_range, peek, put_off, store_made},
        steps::{Parts, Product, Steps, cost, is_long},
    },
    values::SortedSet,
};

/// What a range is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

#[derive(Debug)]
enum Bounds<'c> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'c>),
}

#[derive(Debug)]
struct Request<'c> {
    bounds: Bounds<'c>,
    is_reverse: bool,
    offset: i64,
    /// Below zero: all.
    count: i64,
    with_scores: bool,
}

pub(super) fn range(call: &mut Call<'_, '_>) -> Outcome {
    let request = read(call, 2)?;
    let key = call.key();
    if call.walk.is_none() {
        let set: Option<&SortedSet> = find(call.shards, &key, call.now)?;
        if !set.is_some_and(|set| is_long(request.ranks(set).len())) {
            request.write(set, call.out);
            return Ok(());
        }
    }
    let Some(mut steps) = Steps::<Parts>::resume(call, &[key]) else { return Ok(()) };
    let set: Option<&SortedSet> = peek(call.shards, &key, call.now)?;
    let mut one = Reply::new(call.out.protocol());
    let write = |parts: &mut Parts, (member, score)| {
        one.clear();
        write_member(&mut one, member, score, request.with_scores);
        cost(parts.write(1, |part| part.extend_from_slice(one.buffer())))
    };
    let ranks = set.map_or(0..0, |set| request.ranks(set));
    let taken = steps.place.1.min(ranks.len());
    let members = |ranks| set.into_iter().flat_map(move |set| set.range(Range::clone(&ranks)));
    let is_over = match request.is_reverse {
        true => steps.each(members(ranks.start..ranks.end - taken).rev(), write),
        false => steps.each(members(ranks.start + taken..ranks.end), write),
    };
    if is_over {
        write_head(call.out, steps.made.count, request.with_scores);
        steps.made.finish(call.out);
    } else {
        steps.put_off(call);
    }
    Ok(())
}

pub(super) fn store_range(call: &mut Call<'_, '_>) -> Outcome {
    let request = read(call, 3)?;
    let (target, sources) = call.keys.split_first().ok_or(Error::Syntax)?;
    let [source] = sources else { return Err(Error::Syntax) };
    let is_long = call.walk.is_some() || {
        let set: Option<&SortedSet> = find(call.shards, source, call.now)?;
        set.is_some_and(|set| is_long(request.ranks(set).len()))
    };
    let Some(mut steps) = Steps::start(call, sources, is_long) else { return Ok(()) };
    let set: Option<&SortedSet> = peek(call.shards, source, call.now)?;
    let ranks = set.map_or(0..0, |set| request.ranks(set));
    let rest = (ranks.start + steps.place.1).min(ranks.end)..ranks.end;
    let members = set.into_iter().flat_map(|set| set.range(rest.clone()));
    let is_over = steps.each(members, |product: &mut Product<SortedSet>, (member, score)| {
        product.result.insert(member, score);
        INSERT_COST * cost(member.len())
    });
    if !is_over {
        return put_off(call, target, steps);
    }
    store_made(call, target, steps, "zrangestore")
}

/// What the command's name says; `None` where options may.
fn named(name: &str) -> (Option<By>, Option<bool>) {
    match name {
        "zrevrange" => (Some(By::Rank), Some(true)),
        "zrangebyscore" => (Some(By::Score), Some(false)),
        "zrevrangebyscore" => (Some(By::Score), Some(true)),
        "zrangebylex" => (Some(By::Lex), Some(false)),
        "zrevrangebylex" => (Some(By::Lex), Some(true)),
        _ => (None, None),
    }
}

/// The bounds stand at index `at` and behind it, and then the options.
fn read<'c>(call: &Call<'c, '_>, at: usize) -> Result<Request<'c>, Error> {
    let (mut by, mut is_reverse) = named(call.spec.name);
    let (takes_by, takes_reverse) = (by.is_none(), is_reverse.is_none());
    let takes_scores = call.spec.name != "zrangestore";
    let (mut offset, mut count, mut with_scores) = (0, -1, false);
    let mut words = call.words(at + 2);
    while words.left() > 0 {
        if takes_scores && words.take("withscores") {
            with_scores = true;
        } else if words.left() > 2 && words.take("limit") {
            (offset, count) = (words.integer()?, words.integer()?);
        } else if takes_reverse && words.take("rev") {
            is_reverse = Some(true);
        } else if takes_by && words.take("bylex") {
            by = Some(By::Lex);
        } else if takes_by && words.take("byscore") {
            by = Some(By::Score);
        } else {
            return Err(Error::Syntax);
        }
    }
    let (by, is_reverse) = (by.unwrap_or(By::Rank), is_reverse.unwrap_or(false));
    if count != -1 && by == By::Rank {
        return Err(Error::text(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        ));
    }
    if with_scores && by == By::Lex {
        return Err(Error::text(
            "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
        ));
    }
    // Backwards, the upper bound is given first.
    let (min, max) = if is_reverse { (at + 1, at) } else { (at, at + 1) };
    let bounds = match by {
        By::Rank => Bounds::Rank(call.integer(at)?, call.integer(at + 1)?),
        By::Score => Bounds::Score(ScoreRange::read(call.argument(min)?, call.argument(max)?)?),
        By::Lex => Bounds::Lex(LexRange::read(call.argument(min)?, call.argument(max)?)?),
    };
    Ok(Request { bounds, is_reverse, offset, count, with_scores })
}

impl Request<'_> {
    fn write(&self, set: Option<&SortedSet>, out: &mut Reply) {
        let Some(set) = set else { return out.array(0) };
        let ranks = self.ranks(set);
        let (count, members) = (ranks.len(), set.range(ranks));
        match self.is_reverse {
            true => write_members(out, members.rev(), count, self.with_scores),
            false => write_members(out, members, count, self.with_scores),
        }
    }

    /// The ranks of the members that are asked for.
    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let ranks = match &self.bounds {
            Bounds::Rank(start, stop) => {
                let range = index_range(*start, *stop, set.len());
                return match self.is_reverse {
                    true => set.len() - range.end..set.len() - range.start,
                    false => range,
                };
            }
            Bounds::Score(range) => range.ranks(set),
            Bounds::Lex(range) => range.ranks(set),
        };
        let Ok(offset) = usize::try_from(self.offset) else { return 0..0 };
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let skipped = offset.min(ranks.len());
        if self.is_reverse {
            let end = ranks.end - skipped;
            end.saturating_sub(count).max(ranks.start)..end
        } else {
            let start = ranks.start + skipped;
            start..start.saturating_add(count).min(ranks.end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_cut_from_the_end_that_comes_first() {
        let mut set = SortedSet::new();
        for number in 0..10_u8 {
            set.insert(&[number], f64::from(number));
        }
        for (is_reverse, offset, count, expected) in [
            (false, 0, -1, 2..8),
            (false, 1, 2, 3..5),
            (false, 9, 2, 8..8),
            (true, 1, 2, 5..7),
            (true, 9, 2, 2..2),
            (false, -1, 5, 0..0),
            (false, i64::MAX, i64::MAX, 8..8),
            (true, 0, i64::MIN, 2..8),
        ] {
            let bounds = Bounds::Score(ScoreRange::read(b"2", b"(8").unwrap());
            let request = Request { bounds, is_reverse, offset, count, with_scores: false };
            assert_eq!(request.ranks(&set), expected, "{is_reverse} {offset} {count}");
        }
        let bounds = Bounds::Rank(0, 2);
        let request =
            Request { bounds, is_reverse: true, offset: 0, count: -1, with_scores: false };
        assert_eq!(request.ranks(&set), 7..10);
    }
}
