//! The order of SORT's elements.

use std::cmp::Ordering;

use super::Options;
use crate::commands::{error::Error, number};

const NOT_NUMBERS: Error = Error::text("ERR One or more scores can't be converted into double");

/// What an element is sorted by; missing values come first, and among numbers count as 0.
enum Weight {
    Number(f64),
    Text(Option<Vec<u8>>),
}

/// Sorts by what `weight_of` finds for an element.
pub(super) fn sort<'a>(
    elements: Vec<&'a [u8]>,
    options: &Options<'_>,
    mut weight_of: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Result<Vec<&'a [u8]>, Error> {
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements {
        let text = weight_of(element);
        let weight = if options.is_text {
            Weight::Text(text)
        } else {
            Weight::Number(match text {
                Some(text) => weight(&text).ok_or(NOT_NUMBERS)?,
                None => 0.0,
            })
        };
        weighed.push((weight, element));
    }
    weighed.sort_by(|a, b| directed(compare(a, b), options.is_descending));
    Ok(weighed.into_iter().map(|(_, element)| element).collect())
}

/// A number as C reads it: behind blanks, up to a zero byte, and 0 when nothing is there.
fn weight(text: &[u8]) -> Option<f64> {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    match text.get(..end)? {
        b"" => Some(0.0),
        text => number::float(text.trim_ascii_start()),
    }
}

/// Sorts by the elements' own bytes.
pub(super) fn by_text(elements: &mut [&[u8]], is_descending: bool) {
    elements.sort_by(|a, b| directed(a.cmp(b), is_descending));
}

fn compare(a: &(Weight, &[u8]), b: &(Weight, &[u8])) -> Ordering {
    match (&a.0, &b.0) {
        // Equal numbers are in the order of the elements.
        (Weight::Number(x), Weight::Number(y)) => {
            x.partial_cmp(y).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(b.1))
        }
        (Weight::Text(x), Weight::Text(y)) => x.cmp(y),
        _ => Ordering::Equal,
    }
}

fn directed(order: Ordering, is_descending: bool) -> Ordering {
    if is_descending { order.reverse() } else { order }
}
