//! Whether keys are there, what they hold, and removing them.

use super::type_name;
use crate::commands::{
    call::Call, changes::EventClass, error::Outcome, held::Held, parted::Parted,
};

pub(super) fn del(call: &mut Call<'_, '_>) -> Outcome {
    let mut parted = Parted::resume(call);
    for part in Held::parts(call.keys) {
        call.shards.load(part);
        for key in part {
            if call.shards.of(key).remove(key, call.now) {
                call.changed(key, EventClass::GENERIC, "del");
                parted.count += 1;
            } else {
                call.shards.overtake(key);
            }
        }
    }
    if let Some(parted) = parted.end(call) {
        call.out.integer(parted.count);
    }
    Ok(())
}

pub(super) fn exists(call: &mut Call<'_, '_>) -> Outcome {
    count(call)
}

pub(super) fn touch(call: &mut Call<'_, '_>) -> Outcome {
    count(call)
}

fn count(call: &mut Call<'_, '_>) -> Outcome {
    let mut parted = Parted::resume(call);
    for part in Held::parts(call.keys) {
        call.shards.load(part);
        for key in part {
            parted.count += i64::from(call.shards.of(key).find(key, call.now).is_some());
        }
    }
    if let Some(parted) = parted.end(call) {
        call.out.integer(parted.count);
    }
    Ok(())
}

pub(super) fn type_of(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let item = call.shards.of(&key).peek(&key, call.now);
    call.out.simple(item.map_or("none", |item| type_name(item.value)));
    Ok(())
}
