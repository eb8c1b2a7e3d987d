//! `ZADD` and `ZINCRBY`.

use crate::{
    commands::{
        Call, Error, EventClass, Outcome,
        built::{self, Built},
        collections::{grow, pairs},
        number,
    },
    values::{SortedSet, TOGETHER},
};

/// Which members are touched, and what is replied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    only_new: bool,
    only_existing: bool,
    only_greater: bool,
    only_less: bool,
    counts_changes: bool,
    increments: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Added {
    added: usize,
    updated: usize,
    /// Of the last member; `None` when the options kept it from being touched.
    score: Option<f64>,
}

pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome {
    let mut options = Options::default();
    let mut words = call.words(2);
    loop {
        let option = match () {
            () if words.take("nx") => &mut options.only_new,
            () if words.take("xx") => &mut options.only_existing,
            () if words.take("ch") => &mut options.counts_changes,
            () if words.take("incr") => &mut options.increments,
            () if words.take("gt") => &mut options.only_greater,
            () if words.take("lt") => &mut options.only_less,
            () => break,
        };
        *option = true;
    }
    let left = words.left();
    if left == 0 || !left.is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    if options.only_new && options.only_existing {
        return Err(Error::text("ERR XX and NX options at the same time are not compatible"));
    }
    let bounds = [options.only_greater, options.only_less, options.only_new];
    if bounds.iter().filter(|is_set| **is_set).count() > 1 {
        let text = "ERR GT, LT, and/or NX options at the same time are not compatible";
        return Err(Error::text(text));
    }
    if options.increments && left > 2 {
        return Err(Error::text("ERR INCR option supports a single increment-element pair"));
    }
    run(call, words.place(), options)
}

/// `ZINCRBY`.
pub(super) fn increment(call: &mut Call<'_, '_>) -> Outcome {
    run(call, 2, Options { increments: true, ..Options::default() })
}

/// Scores and members stand from index `at` on.
fn run(call: &mut Call<'_, '_>, at: usize, options: Options) -> Outcome {
    if options == Options::default() {
        match build(call, at)? {
            Built::Not => {}
            Built::PutOff => return Ok(()),
            Built::Whole(set) => return put(call, set),
        }
    }
    let (key, arguments) = (call.key(), call.arguments);
    // All are read before any is added.
    let members = pairs(arguments, at)
        .map(|(score, member)| Some((number::float(score)?, member)))
        .collect::<Option<Vec<_>>>()
        .ok_or(Error::NotFloat)?;
    let result = grow(call, &key, |set: &mut SortedSet| apply(set, &members, options))??;
    if result.added + result.updated > 0 {
        let event = if options.increments { "zincr" } else { "zadd" };
        call.changed(&key, EventClass::SORTED_SET, event);
    }
    match (options.increments, result.score) {
        (true, Some(score)) => call.out.double(score),
        (true, None) => call.out.null(),
        (false, _) if options.counts_changes => call.out.count(result.added + result.updated),
        (false, _) => call.out.count(result.added),
    }
    Ok(())
}

/// Without options, very many members.
fn build(call: &mut Call<'_, '_>, at: usize) -> Result<Built<SortedSet>, Error> {
    let arguments = call.arguments;
    built::build_named(call, (at, 2), |set: &mut SortedSet, at| {
        let score = arguments.get(at).and_then(number::float).ok_or(Error::NotFloat)?;
        set.insert(arguments.get(at + 1).unwrap_or_default(), score);
        Ok(())
    })
}

fn put(call: &mut Call<'_, '_>, set: SortedSet) -> Outcome {
    let key = call.key();
    let added = built::put(call, &key, set)?;
    call.changed(&key, EventClass::SORTED_SET, "zadd");
    call.out.count(added);
    Ok(())
}

fn apply(set: &mut SortedSet, members: &[(f64, &[u8])], options: Options) -> Result<Added, Error> {
    let mut result = Added::default();
    for members in members.chunks(TOGETHER) {
        set.warm(members.iter().map(|(_, member)| *member));
        for (score, member) in members {
            apply_one(set, *score, member, options, &mut result)?;
        }
    }
    Ok(result)
}

fn apply_one(
    set: &mut SortedSet,
    mut score: f64,
    member: &[u8],
    options: Options,
    result: &mut Added,
) -> Outcome {
    result.score = None;
    let old = set.score(member);
    if (options.only_new && old.is_some()) || (options.only_existing && old.is_none()) {
        return Ok(());
    }
    if let Some(old) = old {
        if options.increments {
            score += old;
            if score.is_nan() {
                return Err(Error::text("ERR resulting score is not a number (NaN)"));
            }
        }
        if (options.only_less && score >= old) || (options.only_greater && score <= old) {
            return Ok(());
        }
    }
    result.score = Some(score);
    match old {
        None => result.added += 1,
        Some(old) => result.updated += usize::from(score != old),
    }
    set.insert(member, score);
    Ok(())
}
