//! `LPOS`.

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{find, peek},
        number,
        steps::{Steps, cost, is_long},
    },
    values::List,
};

/// Elements that are compared together.
const TOGETHER: usize = 128;

struct Options {
    /// Which match comes first, from 1 on; negative from the back.
    rank: i64,
    /// `None` asks for one place; 0 for all.
    count: Option<usize>,
    /// How many elements are compared at most; 0 is all.
    compared: usize,
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Places {
    compared: usize,
    matches: usize,
    places: Vec<usize>,
}

pub(super) fn find_places(call: &mut Call<'_, '_>) -> Outcome {
    let (key, element) = (call.key(), call.argument(2)?);
    let options = read(call)?;
    let compared = if options.compared == 0 { usize::MAX } else { options.compared };
    let is_long = call.walk.is_some() || {
        let list: Option<&List> = find(call.shards, &key, call.now)?;
        is_long(list.map_or(0, List::len).min(compared))
    };
    let Some(mut steps) = Steps::<Places>::start(call, &[key], is_long) else { return Ok(()) };
    let list: Option<&List> = peek(call.shards, &key, call.now)?;
    let is_over = list.is_none_or(|list| {
        steps.work(|places, budget| places.step(list, element, &options, budget))
    });
    if !is_over {
        steps.put_off(call);
        return Ok(());
    }
    let places = &steps.made.places;
    match (options.count, places.first()) {
        (None, Some(place)) => call.out.count(*place),
        (None, None) => call.out.null(),
        (Some(_), _) => {
            call.out.array(places.len());
            places.iter().for_each(|place| call.out.count(*place));
        }
    }
    Ok(())
}

impl Places {
    /// Compares the next elements, for about `budget`; what is left of that, which is something once all that
    /// are asked for are found, or compared.
    fn step(&mut self, list: &List, element: &[u8], options: &Options, budget: usize) -> usize {
        let skipped = usize::try_from(options.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
        let wanted = match options.count {
            None => 1,
            Some(0) => usize::MAX,
            Some(count) => count,
        };
        let total = if options.compared == 0 { usize::MAX } else { options.compared };
        let total = total.min(list.len());
        let mut left = budget;
        while left > 0 && self.compared < total && self.places.len() < wanted {
            let count = TOGETHER.min(total - self.compared);
            let range = if options.rank > 0 {
                self.compared..self.compared + count
            } else {
                let end = list.len() - self.compared;
                end - count..end
            };
            let (start, mut bytes) = (range.start, 0);
            let elements = list.range(range).inspect(|other| bytes += other.len()).enumerate();
            let is_it = elements.filter(|(_, other)| *other == element);
            let mut found: Vec<usize> = is_it.map(|(at, _)| start + at).collect();
            if options.rank < 0 {
                found.reverse();
            }
            for place in found {
                self.matches += 1;
                if self.matches > skipped && self.places.len() < wanted {
                    self.places.push(place);
                }
            }
            self.compared += count;
            left = left.saturating_sub(count + cost(bytes));
        }
        left
    }
}

fn read(call: &Call<'_, '_>) -> Result<Options, Error> {
    let mut options = Options { rank: 1, count: None, compared: 0 };
    let mut words = call.words(3);
    while words.left() > 0 {
        if words.take("rank") {
            options.rank = words.integer()?;
            if options.rank == 0 {
                return Err(Error::text(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the \
                     second ... or use negative to start from the end of the list",
                ));
            }
            if options.rank == i64::MIN {
                return Err(Error::text(
                    "ERR value is out of range, value must between -9223372036854775807 and \
                     9223372036854775807",
                ));
            }
        } else if words.take("count") {
            let refused = Error::text("ERR COUNT can't be negative");
            options.count = Some(positive(words.demand()?, refused)?);
        } else if words.take("maxlen") {
            let refused = Error::text("ERR MAXLEN can't be negative");
            options.compared = positive(words.demand()?, refused)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(options)
}

/// Whatever is no integer from 0 on is refused in the same words.
fn positive(argument: &[u8], refused: Error) -> Result<usize, Error> {
    number::integer(argument).and_then(|count| usize::try_from(count).ok()).ok_or(refused)
}
