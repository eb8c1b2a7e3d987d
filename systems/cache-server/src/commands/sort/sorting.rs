//! The steps of a SORT: copying the elements, finding what they are sorted by, sorting them, and finding
//! what is given for them.

use plimsoll_wire::resp::{Protocol, write_bulk, write_null};

use super::{
    Options, Pattern,
    order::{MergeSort, Weights, weight},
    strings::Strings,
};
use crate::{
    commands::{
        call::Call,
        error::Error,
        held::Held,
        steps::{Parts, Steps, cost},
    },
    store::{Key, Millis},
    values::{List, Object},
};

const NOT_NUMBERS: Error = Error::text("ERR One or more scores can't be converted into double");
/// What it costs to look up another key, in elements that are looked at.
const LOOKUP_COST: usize = 4;

/// How far a SORT is.
#[derive(Debug, Default)]
pub(crate) struct Sorting {
    stage: Stage,
    elements: Strings,
    is_set: bool,
    is_sorted_set: bool,
    weights: Weights,
    order: MergeSort,
    /// What is replied, or else stored.
    pub(super) parts: Parts,
    pub(super) list: List,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Copying,
    Weighing,
    Ordering,
    Giving,
}

/// Goes on copying the elements of the key; whether they are all there.
pub(super) fn copy(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    steps: &mut Steps<Sorting>,
) -> Result<bool, Error> {
    if steps.made.stage != Stage::Copying {
        return Ok(true);
    }
    let item = call.shards.look(key).peek(key, call.now);
    let object = item.map(|item| item.value.as_object().ok_or(Error::WrongType)).transpose()?;
    let from = steps.place.1;
    let push = |sorting: &mut Sorting, element: &[u8]| {
        sorting.elements.push(Some(element));
        cost(element.len())
    };
    if let Some(object) = object.filter(|_| from == 0) {
        steps.made.elements.reserve(object.len());
    }
    let is_over = match object {
        None => true,
        Some(Object::List(list)) => steps.each(list.range(from..list.len()), push),
        Some(Object::Set(set)) => {
            steps.made.is_set = true;
            steps.each(set.iter_from(from), |sorting, member| push(sorting, &member))
        }
        Some(Object::SortedSet(members)) => {
            steps.made.is_sorted_set = true;
            let members = members.range(from..members.len());
            steps.each(members, |sorting, (member, _)| push(sorting, member))
        }
        Some(Object::Hash(_)) => return Err(Error::WrongType),
    };
    if is_over {
        steps.made.stage = Stage::Weighing;
        steps.next_place();
    }
    Ok(is_over)
}

/// Goes on with the copied elements; whether what is to be replied or stored is whole.
pub(super) fn step(
    held: &mut Held<'_>,
    steps: &mut Steps<Sorting>,
    options: &Options<'_>,
    protocol: Protocol,
    now: Millis,
) -> Result<bool, Error> {
    loop {
        let is_over = match steps.made.stage {
            Stage::Copying => return Ok(false),
            Stage::Weighing => weigh(held, steps, options, now)?,
            Stage::Ordering => sort(steps, options),
            Stage::Giving => return Ok(give(held, steps, options, protocol, now)),
        };
        if !is_over {
            return Ok(false);
        }
        steps.made.stage =
            if steps.made.stage == Stage::Weighing { Stage::Ordering } else { Stage::Giving };
        steps.next_place();
    }
}

/// Finds what the elements are sorted by.
fn weigh(
    held: &mut Held<'_>,
    steps: &mut Steps<Sorting>,
    options: &Options<'_>,
    now: Millis,
) -> Result<bool, Error> {
    let by = match &options.by {
        Some(by) if !by.depends_on_element() => return Ok(true),
        None if options.is_text => return Ok(true),
        by => by.as_ref(),
    };
    let count = steps.made.elements.len();
    if steps.place.1 == 0 {
        steps.made.weights = if options.is_text {
            let mut texts = Strings::default();
            texts.reserve(count);
            Weights::Texts(texts)
        } else {
            Weights::Numbers(Vec::with_capacity(count))
        };
    }
    let mut is_refused = false;
    let is_over = steps.each(steps.place.1..count, |sorting, at| {
        let Sorting { elements, weights, .. } = sorting;
        let element = elements.get(at as u32).unwrap_or_default();
        let found = by.map(|by| by.find(held, element, now));
        let text = match &found {
            Some(found) => found.as_deref(),
            None => Some(element),
        };
        match weights {
            Weights::Themselves => {}
            Weights::Texts(texts) => texts.push(text),
            Weights::Numbers(numbers) => {
                let number = text.map_or(Some(0.0), weight);
                is_refused |= number.is_none();
                numbers.push(number.unwrap_or_default());
            }
        }
        let lookup = if by.is_some() { LOOKUP_COST } else { 0 };
        lookup + cost(text.map_or(0, <[u8]>::len))
    });
    if is_refused { Err(NOT_NUMBERS) } else { Ok(is_over) }
}

fn sort(steps: &mut Steps<Sorting>, options: &Options<'_>) -> bool {
    if keeps_order(&steps.made, options) {
        return true;
    }
    steps.work(|sorting, budget| {
        let Sorting { elements, weights, order, .. } = sorting;
        let compare = |a, b| weights.compare(elements, options.is_descending, a, b);
        // There are no more of them than a collection may have.
        order.step(elements.len() as u32, budget, &compare)
    })
}

/// A pattern that is the same for all elements keeps the order there is; a set, which has none, gets one
/// where the result is to be kept.
fn keeps_order(sorting: &Sorting, options: &Options<'_>) -> bool {
    let is_same = options.by.as_ref().is_some_and(|by| !by.depends_on_element());
    is_same && !(sorting.is_set && options.destination.is_some())
}

/// Finds what is given for each chosen element: itself, or what each GET finds for it.
fn give(
    held: &mut Held<'_>,
    steps: &mut Steps<Sorting>,
    options: &Options<'_>,
    protocol: Protocol,
    now: Millis,
) -> bool {
    let keeps_order = keeps_order(&steps.made, options);
    let count = steps.made.elements.len();
    let chosen = options.chosen(count);
    let from = (chosen.start + steps.place.1).min(chosen.end);
    steps.each(from..chosen.end, |sorting, at| {
        let Sorting { elements, order, is_sorted_set, parts, list, .. } = sorting;
        let number = match keeps_order {
            false => order.sorted().get(at).copied().unwrap_or_default(),
            true if *is_sorted_set && options.is_descending => (count - 1 - at) as u32,
            true => at as u32,
        };
        let element = elements.get(number).unwrap_or_default();
        let mut give_one = |result: Option<&[u8]>| {
            match (options.destination, result) {
                (Some(_), result) => list.push_back(result.unwrap_or_default()),
                (None, Some(bytes)) => _ = parts.write(1, |part| write_bulk(part, bytes)),
                (None, None) => _ = parts.write(1, |part| write_null(part, protocol)),
            }
            cost(result.map_or(0, <[u8]>::len))
        };
        if options.gets.is_empty() {
            return give_one(Some(element));
        }
        let find =
            |get: &Pattern<'_>| LOOKUP_COST + give_one(get.find(held, element, now).as_deref());
        options.gets.iter().map(find).sum()
    })
}
