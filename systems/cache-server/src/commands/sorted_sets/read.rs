//! Commands that look at a sorted set.

use super::bounds::{LexRange, ScoreRange};
use crate::{
    commands::{Call, Error, Outcome, asked, collections::find, is, number, scan},
    values::SortedSet,
};

pub(super) fn length(call: &mut Call<'_, '_>) -> Outcome {
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    call.out.count(set.map_or(0, SortedSet::len));
    Ok(())
}

pub(super) fn score(call: &mut Call<'_, '_>) -> Outcome {
    let member = call.argument(2)?;
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    match set.and_then(|set| set.score(member)) {
        Some(score) => call.out.double(score),
        None => call.out.null(),
    }
    Ok(())
}

pub(super) fn scores(call: &mut Call<'_, '_>) -> Outcome {
    asked::each(call, |set: Option<&SortedSet>, member, out| {
        match set.and_then(|set| set.score(member)) {
            Some(score) => out.double(score),
            None => out.null(),
        }
    })
}

/// `ZRANK` and `ZREVRANK`.
pub(super) fn rank(call: &mut Call<'_, '_>) -> Outcome {
    let member = call.argument(2)?;
    let with_score = match (call.arguments.len(), call.arguments.get(3)) {
        (3, _) => false,
        (4, Some(word)) if is(word, "withscore") => true,
        _ => return Err(Error::Syntax),
    };
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    let found = set.and_then(|set| {
        let rank = set.rank(member)?;
        let rank = if call.spec.name == "zrank" { rank } else { set.len() - 1 - rank };
        Some((rank, set.score(member)?))
    });
    match (found, with_score) {
        (Some((rank, _)), false) => call.out.count(rank),
        (Some((rank, score)), true) => {
            call.out.array(2);
            call.out.count(rank);
            call.out.double(score);
        }
        (None, false) => call.out.null(),
        (None, true) => call.out.null_array(),
    }
    Ok(())
}

pub(super) fn count_by_score(call: &mut Call<'_, '_>) -> Outcome {
    let range = ScoreRange::read(call.argument(2)?, call.argument(3)?)?;
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    call.out.count(set.map_or(0, |set| range.ranks(set).len()));
    Ok(())
}

pub(super) fn count_by_lex(call: &mut Call<'_, '_>) -> Outcome {
    let range = LexRange::read(call.argument(2)?, call.argument(3)?)?;
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    call.out.count(set.map_or(0, |set| range.ranks(set).len()));
    Ok(())
}

pub(super) fn scan(call: &mut Call<'_, '_>) -> Outcome {
    let (cursor, options) = (scan::cursor(call)?, scan::options_without_values(call.words(3)));
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    let Some(set) = set else { return scan::nothing(call.out) };
    let options = options?;
    let mut text = Vec::new();
    scan::reply(call.out, |out| {
        let mut count = 0;
        let next = set.scan(cursor, options.count, |member, score| {
            if options.matches(member) {
                text.clear();
                number::write_double(&mut text, score);
                out.bulk(member);
                // A string in RESP3 too.
                out.bulk(&text);
                count += 2;
            }
        });
        (next, count)
    });
    Ok(())
}
