//! Reads of entries of one key by their names, of which there may be very many.

use super::{
    call::Call,
    collections::{Kind, find, peek},
    error::Outcome,
    reply::Reply,
    steps::{Parts, Steps, cost, is_long},
};

/// Replies an array of what `answer` writes for each name from index 2 on. Of very many, some per call: what is
/// replied is of one moment all the same.
///
/// # Errors
/// When the key holds something else.
pub(super) fn each<K: Kind>(
    call: &mut Call<'_, '_>,
    mut answer: impl FnMut(Option<&K>, &[u8], &mut Reply),
) -> Outcome {
    let (key, arguments) = (call.key(), call.arguments);
    let count = arguments.len() - 2;
    if call.walk.is_none() {
        let collection: Option<&K> = find(call.shards, &key, call.now)?;
        if !is_long(count) {
            call.out.array(count);
            arguments.iter().skip(2).for_each(|name| answer(collection, name, call.out));
            return Ok(());
        }
    }
    let Some(mut steps) = Steps::<Parts>::resume(call, &[key]) else { return Ok(()) };
    let collection: Option<&K> = peek(call.shards, &key, call.now)?;
    let mut part = Reply::new(call.out.protocol());
    let is_over = steps.each(steps.place.1..count, |_, at| {
        let before = part.buffer().len();
        answer(collection, arguments.get(2 + at).unwrap_or_default(), &mut part);
        cost(part.buffer().len() - before)
    });
    steps.made.write(0, |whole| whole.extend_from_slice(part.buffer()));
    if is_over {
        call.out.array(count);
        steps.made.finish(call.out);
    } else {
        steps.put_off(call);
    }
    Ok(())
}
