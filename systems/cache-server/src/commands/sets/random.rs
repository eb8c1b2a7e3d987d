//! `SPOP` and `SRANDMEMBER`.

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{Changed, change, find, positive_count, tell},
        draw::{self, Draw, REPEATED_BYTES_LIMIT},
    },
    values::Set,
};

pub(super) fn pop(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let count = match call.arguments.len() {
        2 => None,
        3 => Some(positive_count(call.argument(2)?)?),
        _ => return Err(Error::Syntax),
    };
    let (out, random) = (&mut *call.out, &mut *call.random);
    let changed = change(call.shards, &key, call.now, |set: &mut Set| {
        let indexes = draw::indexes(Draw::Distinct(count.unwrap_or(1)), set.len(), random);
        if count.is_some() {
            out.set(indexes.len());
        }
        let is_all = indexes.len() == set.len();
        let mut taken = Vec::new();
        for member in indexes.iter().filter_map(|index| set.nth(*index)) {
            out.bulk(&member);
            if !is_all {
                taken.push(member.to_vec());
            }
        }
        if is_all {
            *set = Set::new();
        }
        // By name: a removal changes the indexes of others.
        taken.iter().for_each(|member| {
            set.remove(member);
        });
        indexes.len()
    })?;
    match (changed, count) {
        (Some(Changed { answer: 0, .. }), _) => {}
        (Some(Changed { emptied, .. }), _) => tell::<Set>(call, &key, "spop", emptied),
        (None, None) => call.out.null(),
        (None, Some(_)) => call.out.set(0),
    }
    Ok(())
}

pub(super) fn draw(call: &mut Call<'_, '_>) -> Outcome {
    let count = match call.arguments.len() {
        2 => None,
        3 => Some(draw::count(call.argument(2)?)?),
        _ => return Err(Error::Syntax),
    };
    let set: Option<&Set> = find(call.shards, &call.key(), call.now)?;
    let length = set.map_or(0, Set::len);
    let indexes = draw::indexes(count.unwrap_or(Draw::Distinct(1)), length, call.random);
    let mut members = indexes.iter().filter_map(|index| set?.nth(*index));
    match count {
        None => match members.next() {
            Some(member) => call.out.bulk(&member),
            None => call.out.null(),
        },
        Some(count) => {
            call.out.array(indexes.len());
            for member in members {
                call.out.bulk(&member);
                if matches!(count, Draw::Repeated(_)) && call.out.len() > REPEATED_BYTES_LIMIT {
                    return Err(Error::OutOfRange);
                }
            }
        }
    }
    Ok(())
}
