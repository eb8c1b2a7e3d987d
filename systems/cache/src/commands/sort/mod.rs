//! SORT: the elements of a list, a set or a sorted set in order, perhaps by what other keys hold.

mod lookup;
mod options;
mod order;

use plimsoll_wire::resp::Command;

use self::{lookup::Pattern, options::Options};
use super::{
    call::{Call, is},
    changes::EventClass,
    error::{Error, Outcome},
    held::Held,
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};
use crate::{
    store::{Deadline, Key, Millis, NewValue},
    values::{Element, List, Object},
};

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
    let results = results(call.shards, &key, &options, call.now)?;
    let Some(destination) = options.destination else {
        call.out.array(results.len());
        for result in &results {
            match result {
                Some(bytes) => call.out.bulk(bytes),
                None => call.out.null(),
            }
        }
        return Ok(());
    };
    let destination = call.shards.store().key(destination);
    let mut list = List::new();
    for result in &results {
        list.push_back(result.as_deref().unwrap_or_default());
    }
    let count = list.len();
    let shard = call.shards.of(&destination);
    if count > 0 {
        let value = NewValue::Object(Box::new(Object::List(list)));
        shard.set(&destination, value, Deadline::None, call.now)?;
        call.changed(&destination, EventClass::LIST, "sortstore");
    } else if shard.remove(&destination, call.now) {
        call.changed(&destination, EventClass::GENERIC, "del");
    }
    call.out.count(count);
    Ok(())
}

/// What is given for each element: itself, or what each GET finds for it.
fn results(
    held: &mut Held<'_>,
    key: &Key<'_>,
    options: &Options<'_>,
    now: Millis,
) -> Result<Vec<Option<Vec<u8>>>, Error> {
    // Counts as a use; the elements are then borrowed from shards that nothing changes.
    let is_there = held.of(key).find(key, now).is_some();
    let held = &*held;
    let item = if is_there { held.look(key).peek(key, now) } else { None };
    let elements = match item {
        Some(item) => ordered(held, item.value.as_object().ok_or(Error::WrongType)?, options, now)?,
        None => Vec::new(),
    };
    let chosen = elements.get(options.chosen(elements.len())).unwrap_or_default();
    let mut results = Vec::with_capacity(chosen.len() * options.gets.len().max(1));
    for element in chosen {
        if options.gets.is_empty() {
            results.push(Some(element.to_vec()));
        }
        for get in &options.gets {
            results.push(get.find(held, element, now));
        }
    }
    Ok(results)
}

fn ordered<'a>(
    held: &'a Held<'_>,
    object: &'a Object,
    options: &Options<'_>,
    now: Millis,
) -> Result<Vec<Element<'a>>, Error> {
    let mut elements: Vec<Element<'a>> = match object {
        Object::List(list) => list.iter().map(Element::Bytes).collect(),
        Object::Set(set) => set.iter().collect(),
        Object::SortedSet(members) => {
            let members = members.iter().map(|(member, _)| Element::Bytes(member));
            members.collect()
        }
        Object::Hash(_) => return Err(Error::WrongType),
    };
    let is_set = matches!(object, Object::Set(_));
    match &options.by {
        // A pattern that is the same for all elements keeps the order there is; a set, which has none,
        // gets one where the result is to be kept.
        Some(by) if !by.depends_on_element() => {
            if is_set && options.destination.is_some() {
                order::by_text(&mut elements, options.is_descending);
            } else if matches!(object, Object::SortedSet(_)) && options.is_descending {
                elements.reverse();
            }
            Ok(elements)
        }
        by => order::sort(elements, options, |element| match by {
            Some(by) => by.find(held, element, now),
            None => Some(element.to_vec()),
        }),
    }
}
