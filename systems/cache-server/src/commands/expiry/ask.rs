//! When a key expires.

use super::Unit;
use crate::{
    commands::{call::Call, error::Outcome},
    store::Millis,
};

/// Replies of the commands here for a key that is not there, and for one that does not expire.
const MISSING: i64 = -2;
const NEVER: i64 = -1;

pub(super) fn ttl(call: &mut Call<'_, '_>) -> Outcome {
    tell(call, Unit::Seconds, left)
}

pub(super) fn pttl(call: &mut Call<'_, '_>) -> Outcome {
    tell(call, Unit::Milliseconds, left)
}

pub(super) fn expiretime(call: &mut Call<'_, '_>) -> Outcome {
    tell(call, Unit::Seconds, |deadline, _| deadline.0)
}

pub(super) fn pexpiretime(call: &mut Call<'_, '_>) -> Outcome {
    tell(call, Unit::Milliseconds, |deadline, _| deadline.0)
}

fn left(deadline: Millis, now: Millis) -> u64 {
    deadline.0.saturating_sub(now.0)
}

fn tell(call: &mut Call<'_, '_>, unit: Unit, of: fn(Millis, Millis) -> u64) -> Outcome {
    let key = call.key();
    let found = call.shards.of(&key).peek(&key, call.now).map(|item| item.deadline);
    call.out.integer(match found {
        None => MISSING,
        Some(None) => NEVER,
        Some(Some(deadline)) => {
            let time = i64::try_from(of(deadline, call.now)).unwrap_or(i64::MAX);
            match unit {
                // To the nearest second.
                Unit::Seconds => time.saturating_add(500) / 1000,
                Unit::Milliseconds => time,
            }
        }
    });
    Ok(())
}
