//! What commands share that wait until a key holds something for them.

use super::{Block, Call, Error, Outcome, number};
use crate::store::{Key, Millis};

/// When the wait is over, by a timeout in seconds; `None` is never.
///
/// # Errors
/// When it is no number, is below zero or is beyond all time.
pub(super) fn until(timeout: &[u8], now: Millis) -> Result<Option<Millis>, Error> {
    let seconds = number::float(timeout).ok_or(Error::TimeoutNotFloat)?;
    if seconds < 0.0 {
        return Err(Error::TimeoutNegative);
    }
    let millis = (seconds * 1000.0).ceil();
    if millis >= i64::MAX as f64 {
        return Err(Error::TimeoutOutOfRange);
    }
    let until = now.0.checked_add(millis as u64).ok_or(Error::TimeoutOutOfRange)?;
    Ok((millis > 0.0).then_some(Millis(until)))
}

/// Takes from the first of the command's keys that has something for it: `take` says whether one had,
/// and has replied then. Whether any had.
///
/// # Errors
/// Those of `take`; but a command that waits already goes on waiting when a key has come to hold what is
/// not for it.
pub(super) fn take_first<'c>(
    call: &mut Call<'c, '_>,
    mut take: impl FnMut(&mut Call<'c, '_>, &Key<'c>) -> Result<bool, Error>,
) -> Result<bool, Error> {
    for key in call.keys {
        match take(call, key) {
            Ok(false) => {}
            Err(Error::WrongType) if call.is_retry => {}
            taken => return taken,
        }
    }
    Ok(false)
}

/// As [`take_first`], and waits until a key has something.
///
/// # Errors
/// As [`take_first`].
pub(super) fn take_or_wait<'c>(
    call: &mut Call<'c, '_>,
    until: Option<Millis>,
    take: impl FnMut(&mut Call<'c, '_>, &Key<'c>) -> Result<bool, Error>,
) -> Outcome {
    if !take_first(call, take)? {
        wait(call, until);
    }
    Ok(())
}

/// Nothing is there: waits, or replies that nothing came.
pub(super) fn wait(call: &mut Call<'_, '_>, until: Option<Millis>) {
    if call.may_block {
        call.block = Some(Block { until });
    } else {
        call.out.null_array();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        let now = Millis(1000);
        assert_eq!(until(b"0", now), Ok(None));
        assert_eq!(until(b"0.0001", now), Ok(Some(Millis(1001))));
        assert_eq!(until(b"2.5", now), Ok(Some(Millis(3500))));
        assert_eq!(until(b"-1", now), Err(Error::TimeoutNegative));
        assert_eq!(until(b"1e300", now), Err(Error::TimeoutOutOfRange));
        assert_eq!(until(b"inf", now), Err(Error::TimeoutOutOfRange));
        assert_eq!(until(b"soon", now), Err(Error::TimeoutNotFloat));
    }
}
