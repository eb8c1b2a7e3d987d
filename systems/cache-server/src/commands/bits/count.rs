//! Counting and finding bits.

use std::ops::Range;

use super::string;
use crate::commands::{
    call::Call,
    error::{Error, Outcome},
    number,
    strings::range,
};

/// What START and END count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Byte,
    Bit,
}

/// The argument of that index, if there is one.
fn unit(call: &Call<'_, '_>, index: usize) -> Result<Unit, Error> {
    let mut words = call.words(index);
    let unit = if words.peek().is_none() || words.take("byte") {
        Unit::Byte
    } else if words.take("bit") {
        Unit::Bit
    } else {
        return Err(Error::Syntax);
    };
    if words.peek().is_some() { Err(Error::Syntax) } else { Ok(unit) }
}

/// The bits from `start` to `end`.
fn bits(start: i64, end: i64, unit: Unit, length: usize) -> Range<usize> {
    match unit {
        Unit::Bit => range(start, end, length * 8),
        Unit::Byte => {
            let bytes = range(start, end, length);
            bytes.start * 8..bytes.end * 8
        }
    }
}

/// The bytes that the bits are in, with those outside of the range cleared by masks: the whole bytes
/// between, and the first and last when only a part of them counts.
struct Cut<'a> {
    first: Option<(usize, u8)>,
    whole: &'a [u8],
    whole_at: usize,
    last: Option<(usize, u8)>,
}

impl<'a> Cut<'a> {
    /// `fill` is what the bits outside of the range count as.
    fn new(bytes: &'a [u8], bits: &Range<usize>, fill: bool) -> Cut<'a> {
        let masked = |at: usize, mask: u8| {
            let byte = bytes.get(at).copied().unwrap_or(0);
            (at, if fill { byte | !mask } else { byte & mask })
        };
        let (head, tail) = (bits.start % 8, bits.end % 8);
        let (mut from, to) = (bits.start / 8, bits.end / 8);
        let head_mask = 0xff_u8 >> head;
        let tail_mask = !(0xff_u8 >> tail);
        if from == to {
            let first = (head < tail).then(|| masked(from, head_mask & tail_mask));
            return Cut { first, whole: &[], whole_at: to, last: None };
        }
        let first = (head != 0).then(|| masked(from, head_mask));
        from += usize::from(first.is_some());
        let last = (tail != 0).then(|| masked(to, tail_mask));
        Cut { first, whole: bytes.get(from..to).unwrap_or_default(), whole_at: from, last }
    }

    fn count(&self) -> usize {
        let (words, rest) = self.whole.as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_ne_bytes(*word).count_ones());
        let ends = self.first.iter().chain(&self.last).map(|(_, byte)| byte);
        let bytes = rest.iter().chain(ends).map(|byte| byte.count_ones());
        words.chain(bytes).map(|count| count as usize).sum()
    }

    /// The first bit of that value; the others are what `fill` made them.
    fn find(&self, value: bool) -> Option<usize> {
        let none = if value { 0x00 } else { 0xff };
        let place = |(at, byte): (usize, u8)| {
            let zeros = if value { byte.leading_zeros() } else { byte.leading_ones() };
            (byte != none).then_some(at * 8 + zeros as usize)
        };
        let (words, _) = self.whole.as_chunks::<8>();
        let skipped = words.iter().take_while(|word| **word == [none; 8]).count() * 8;
        let rest = self.whole.iter().copied().enumerate().skip(skipped);
        let whole = rest.map(|(at, byte)| (self.whole_at + at, byte));
        self.first.into_iter().chain(whole).chain(self.last).find_map(place)
    }
}

pub(super) fn bitcount(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let (start, end, unit) = match call.arguments.len() {
        2 => (0, -1, Unit::Byte),
        3 => return Err(Error::Syntax),
        _ => (call.integer(2)?, call.integer(3)?, unit(call, 4)?),
    };
    let bytes = string(call, &key)?;
    let count = Cut::new(bytes, &bits(start, end, unit, bytes.len()), false).count();
    call.out.count(count);
    Ok(())
}

pub(super) fn bitpos(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let value = match number::integer(call.argument(2)?).ok_or(Error::NotInteger)? {
        0 => false,
        1 => true,
        _ => return Err(Error::text("ERR The bit argument must be 1 or 0.")),
    };
    let length = call.arguments.len();
    let start = if length > 3 { call.integer(3)? } else { 0 };
    let end = if length > 4 { Some(call.integer(4)?) } else { None };
    let unit = unit(call, 5)?;
    if call.shards.of(&key).find(&key, call.now).is_none() {
        call.out.integer(if value { -1 } else { 0 });
        return Ok(());
    }
    let bytes = string(call, &key)?;
    let bits = bits(start, end.unwrap_or(-1), unit, bytes.len());
    let found = Cut::new(bytes, &bits, !value).find(value);
    let place = match found {
        Some(place) => Some(place),
        // Behind a string of ones the zeros begin, unless an end was given.
        None if !value && end.is_none() && !bits.is_empty() => Some(bits.end),
        None => None,
    };
    call.out.integer(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::commands::bits::bit;

    proptest! {
        #[test]
        fn cuts_count_and_find_as_single_bits_do(
            bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..40),
            a in 0_usize..330,
            b in 0_usize..330,
        ) {
            let length = bytes.len() * 8;
            let range = a.min(b).min(length)..a.max(b).min(length);
            let count = range.clone().filter(|at| bit(&bytes, *at)).count();
            prop_assert_eq!(Cut::new(&bytes, &range, false).count(), count);
            for value in [false, true] {
                let found = range.clone().find(|at| bit(&bytes, *at) == value);
                prop_assert_eq!(Cut::new(&bytes, &range, !value).find(value), found);
            }
        }
    }
}
