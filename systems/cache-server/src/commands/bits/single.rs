//! One bit.

use super::{bit, bit_offset, string};
use crate::commands::{
    call::Call,
    changes::EventClass,
    error::{Error, Outcome},
    number,
    strings::{length, overwrite},
};

pub(super) fn getbit(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let offset = bit_offset(number::integer(call.argument(2)?))?;
    let is_set = bit(string(call, &key)?, offset);
    call.out.flag(is_set);
    Ok(())
}

pub(super) fn setbit(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let offset = bit_offset(number::integer(call.argument(2)?))?;
    let value = match call.argument(3)? {
        b"0" => false,
        b"1" => true,
        _ => return Err(Error::text("ERR bit is not an integer or out of range")),
    };
    let length = length(call, &key)?;
    let item = call.shards.look(&key).peek(&key, call.now);
    let byte = item.and_then(|item| item.value.as_bytes()?.get(offset / 8)).copied();
    let mask = 0x80_u8 >> (offset % 8);
    let old = byte.unwrap_or(0);
    let new = if value { old | mask } else { old & !mask };
    if byte != Some(new) {
        overwrite(call, &key, length, offset / 8, &[new])?;
        call.changed(&key, EventClass::STRING, "setbit");
    }
    call.out.flag(old & mask != 0);
    Ok(())
}
