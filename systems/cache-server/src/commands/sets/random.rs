//! `SPOP` and `SRANDMEMBER`.

use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        collections::{Changed, Kind, change, find, positive_count, tell},
        draw::{self, Draw},
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
        let left = is_all.then(|| std::mem::take(set));
        // By name: a removal changes the indexes of others.
        taken.iter().for_each(|member| {
            set.remove(member);
        });
        (indexes.len(), left)
    })?;
    match (changed, count) {
        (Some(Changed { answer: (taken, left), emptied }), _) => {
            if let Some(left) = left {
                call.shards.drop_bit_by_bit(left.into_object());
            }
            if taken > 0 {
                tell::<Set>(call, &key, "spop", emptied);
            }
        }
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
    let Some(count) = count else {
        let set: Option<&Set> = find(call.shards, &call.key(), call.now)?;
        let drawn = draw::indexes(Draw::Distinct(1), set.map_or(0, Set::len), call.random);
        match set.zip(drawn.first()).and_then(|(set, index)| set.nth(*index)) {
            Some(member) => call.out.bulk(&member),
            None => call.out.null(),
        }
        return Ok(());
    };
    draw::reply(call, count, Reply::array, |out, set: &Set, index| {
        if let Some(member) = set.nth(index) {
            out.bulk(&member);
        }
    })
}
