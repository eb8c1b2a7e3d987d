//! Numbers in strings.

use super::put;
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
        number::{self, extended::Extended},
    },
    store::{Deadline, NewValue},
};

pub(super) fn incr(call: &mut Call<'_, '_>) -> Outcome {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_, '_>) -> Outcome {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_, '_>) -> Outcome {
    let amount = call.integer(2)?;
    add(call, amount)
}

pub(super) fn decrby(call: &mut Call<'_, '_>) -> Outcome {
    let amount = call.integer(2)?;
    let amount = amount.checked_neg().ok_or(Error::text("ERR decrement would overflow"))?;
    add(call, amount)
}

fn add(call: &mut Call<'_, '_>, amount: i64) -> Outcome {
    let key = call.key();
    let value = match call.shards.of(&key).peek(&key, call.now) {
        None => 0,
        Some(item) => {
            let text = item.value.as_bytes().ok_or(Error::WrongType)?;
            number::integer(text).ok_or(Error::NotInteger)?
        }
    };
    let sum = value.checked_add(amount).ok_or(Error::CounterOverflow)?;
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(sum).as_bytes();
    put(call, &key, NewValue::Bytes(text), Deadline::Keep, "incrby")?;
    call.out.integer(sum);
    Ok(())
}

pub(super) fn incrbyfloat(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let value = match call.shards.of(&key).peek(&key, call.now) {
        None => Extended::ZERO,
        Some(item) => {
            let text = item.value.as_bytes().ok_or(Error::WrongType)?;
            Extended::parse(text).ok_or(Error::NotFloat)?
        }
    };
    let amount = Extended::parse(call.argument(2)?).ok_or(Error::NotFloat)?;
    let text = value.sum(amount).ok_or(Error::CounterNotFinite)?.to_text();
    put(call, &key, NewValue::Bytes(text.as_bytes()), Deadline::Keep, "incrbyfloat")?;
    call.out.bulk(text.as_bytes());
    Ok(())
}
