//! Numbers in fields.

use crate::{
    commands::{
        Call, Error, EventClass, Outcome,
        collections::grow,
        number::{self, extended::Extended},
    },
    values::Hash,
};

pub(super) fn add_integer(call: &mut Call<'_, '_>) -> Outcome {
    let (key, field, amount) = (call.key(), call.argument(2)?, call.integer(3)?);
    let sum = grow(call, &key, |hash: &mut Hash| {
        let value = match hash.get(field) {
            None => 0,
            Some(text) => {
                number::integer(text).ok_or(Error::text("ERR hash value is not an integer"))?
            }
        };
        let sum = value.checked_add(amount).ok_or(Error::CounterOverflow)?;
        hash.set(field, itoa::Buffer::new().format(sum).as_bytes());
        Ok::<_, Error>(sum)
    })??;
    call.changed(&key, EventClass::HASH, "hincrby");
    call.out.integer(sum);
    Ok(())
}

pub(super) fn add_float(call: &mut Call<'_, '_>) -> Outcome {
    let (key, field) = (call.key(), call.argument(2)?);
    let amount = Extended::parse(call.argument(3)?).ok_or(Error::NotFloat)?;
    if !amount.is_finite() {
        return Err(Error::text("ERR value is NaN or Infinity"));
    }
    let text = grow(call, &key, |hash: &mut Hash| {
        let value = match hash.get(field) {
            None => Extended::ZERO,
            Some(text) => {
                Extended::parse(text).ok_or(Error::text("ERR hash value is not a float"))?
            }
        };
        let text = value.sum(amount).ok_or(Error::CounterNotFinite)?.to_text();
        hash.set(field, text.as_bytes());
        Ok::<_, Error>(text)
    })??;
    call.changed(&key, EventClass::HASH, "hincrbyfloat");
    call.out.bulk(text.as_bytes());
    Ok(())
}
