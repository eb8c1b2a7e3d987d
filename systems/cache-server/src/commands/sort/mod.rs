//! SORT: the elements of a list, a set or a sorted set in order, perhaps by what other keys hold.
//!
//! The elements are copied; they are sorted with nothing locked, and the other keys looked up one by
//! one, so that others wait for none of it. Only within a transaction all stays locked.

mod lookup;
mod options;
mod order;
mod sorting;
mod strings;

use plimsoll_wire::resp::Command;

pub(crate) use self::sorting::Sorting;
use self::{lookup::Pattern, options::Options};
use super::{
    call::{Call, is},
    collections::store,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
    steps::{Steps, is_long},
};
use crate::{store::Key, values::Object};

const MOVABLE: Flags = Flags::MOVABLE_KEYS.and(Flags::DANGEROUS);

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("sort", -2, Flags::GROW.and(MOVABLE), KeyRule::Sort, Group::Generic, "Sorts elements, and gives or stores them.", sort).complexity("O(N+M*log(M))"),
    Spec::new("sort_ro", -2, Flags::READONLY.and(MOVABLE), KeyRule::Sort, Group::Generic, "Sorts elements and gives them.", sort).since("7.0.0").complexity("O(N+M*log(M))"),
];

/// Whether a SORT looks at keys that only the elements tell.
pub(super) fn looks_at_other_keys(command: Command<'_>) -> bool {
    let is_pattern = |at: usize| command.get(at).is_some_and(|word| word.contains(&b'*'));
    let mut words = command.iter().enumerate().skip(2);
    words.any(|(at, word)| (is(word, "by") || is(word, "get")) && is_pattern(at + 1))
}

fn sort(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let may_store = !call.spec.has(Flags::READONLY);
    let options = Options::parse(call.words(2), may_store)?;
    let Some(mut steps) = resume(call, &key, &options)? else { return Ok(()) };
    if !sorting::copy(call, &key, &mut steps)? {
        steps.put_off(call);
        return Ok(());
    }
    steps.let_go_of_keys();
    call.shards.let_go();
    let protocol = call.out.protocol();
    if !sorting::step(call.shards, &mut steps, &options, protocol, call.now)? {
        steps.put_off(call);
        return Ok(());
    }
    let Some(destination) = options.destination else {
        call.out.array(steps.made.parts.count);
        steps.made.parts.finish(call.out);
        return Ok(());
    };
    let destination = call.shards.store().key(destination);
    call.shards.lock_keys(&[destination]);
    if !steps.has_room(call, &destination, steps.made.list.heap_bytes()) {
        steps.put_off(call);
        return Ok(());
    }
    let count = steps.made.list.len();
    store(call, &destination, steps.made.list, "sortstore")?;
    call.out.count(count);
    Ok(())
}

/// Goes on with the command, or begins it, which counts as a use of the key; `None` when it has to wait for
/// its first step.
fn resume(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    options: &Options<'_>,
) -> Result<Option<Steps<Sorting>>, Error> {
    let mut length = 0;
    if call.walk.is_none()
        && let Some(item) = call.shards.of(key).find(key, call.now)
    {
        length = match item.value.as_object().ok_or(Error::WrongType)? {
            Object::Hash(_) => return Err(Error::WrongType),
            object => object.len(),
        };
    }
    let looked_at = length.saturating_mul(1 + options.gets.len());
    Ok(Steps::start(call, &[*key], is_long(looked_at)))
}
