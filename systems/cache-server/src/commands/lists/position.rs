//! `LPOS`.

use crate::{
    commands::{Call, Error, Outcome, collections::find, number},
    values::List,
};

struct Options {
    /// Which match comes first, from 1 on; negative from the back.
    rank: i64,
    /// `None` asks for one place; 0 for all.
    count: Option<usize>,
    /// How many elements are compared at most; 0 is all.
    compared: usize,
}

pub(super) fn find_places(call: &mut Call<'_, '_>) -> Outcome {
    let element = call.argument(2)?;
    let options = read(call)?;
    let list: Option<&List> = find(call.shards, &call.key(), call.now)?;
    let skipped = usize::try_from(options.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let wanted = match options.count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => count,
    };
    let compared = if options.compared == 0 { usize::MAX } else { options.compared };
    let mut places = Vec::new();
    if let Some(list) = list {
        let last = list.len().saturating_sub(1);
        let is_it = |(_, other): &(usize, &[u8])| *other == element;
        if options.rank > 0 {
            let matches = list.iter().enumerate().take(compared).filter(is_it);
            places.extend(matches.skip(skipped).take(wanted).map(|(place, _)| place));
        } else {
            let matches = list.iter().rev().enumerate().take(compared).filter(is_it);
            places.extend(matches.skip(skipped).take(wanted).map(|(back, _)| last - back));
        }
    }
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
