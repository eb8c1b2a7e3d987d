//! SORT: the elements of a list, a set or a sorted set in order, perhaps by what other keys hold.
//!
//! The elements are copied; they are sorted with nothing locked, and the other keys looked up one by
//! one, so that others wait for none of it. Only within a transaction all stays locked.

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
    values::{List, Object},
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
    let copy = Elements::of(call.shards, &key, call.now)?;
    call.shards.let_go();
    let results = results(call.shards, &copy, &options, call.now)?;
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
    call.shards.lock_keys(&[destination]);
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

/// The elements of a key, in their order.
#[derive(Default)]
struct Elements {
    bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    ends: Vec<usize>,
    is_set: bool,
    is_sorted_set: bool,
}

impl Elements {
    /// Counts as a use of the key. There are no elements where it is not there.
    fn of(held: &mut Held<'_>, key: &Key<'_>, now: Millis) -> Result<Elements, Error> {
        let mut copy = Elements::default();
        let Some(item) = held.of(key).find(key, now) else { return Ok(copy) };
        match item.value.as_object().ok_or(Error::WrongType)? {
            Object::List(list) => list.iter().for_each(|element| copy.push(element)),
            Object::Set(set) => {
                copy.is_set = true;
                set.iter().for_each(|element| copy.push(&element));
            }
            Object::SortedSet(members) => {
                copy.is_sorted_set = true;
                members.iter().for_each(|(member, _)| copy.push(member));
            }
            Object::Hash(_) => return Err(Error::WrongType),
        }
        Ok(copy)
    }

    fn push(&mut self, element: &[u8]) {
        self.bytes.extend_from_slice(element);
        self.ends.push(self.bytes.len());
    }

    fn slices(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let ranges = starts.zip(&self.ends).map(|(start, end)| *start..*end);
        ranges.filter_map(|range| self.bytes.get(range)).collect()
    }
}

/// What is given for each element: itself, or what each GET finds for it.
fn results(
    held: &mut Held<'_>,
    copy: &Elements,
    options: &Options<'_>,
    now: Millis,
) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let elements = ordered(held, copy, options, now)?;
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
    held: &mut Held<'_>,
    copy: &'a Elements,
    options: &Options<'_>,
    now: Millis,
) -> Result<Vec<&'a [u8]>, Error> {
    let mut elements = copy.slices();
    match &options.by {
        // A pattern that is the same for all elements keeps the order there is; a set, which has none,
        // gets one where the result is to be kept.
        Some(by) if !by.depends_on_element() => {
            if copy.is_set && options.destination.is_some() {
                order::by_text(&mut elements, options.is_descending);
            } else if copy.is_sorted_set && options.is_descending {
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
