//! Deadlines of keys, and how commands write them.

mod ask;
mod set;

use super::{
    call::Words,
    error::Error,
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};
use crate::store::Millis;

const READ: Flags = Flags::READ_FAST;
const WRITE: Flags = Flags::WRITE_FAST;
const ONE: KeyRule = KeyRule::ONE;
const GROUP: Group = Group::Generic;

#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("expire", -3, WRITE, ONE, GROUP, "Lets a key expire after some seconds.", set::expire),
    Spec::new("pexpire", -3, WRITE, ONE, GROUP, "Lets a key expire after some milliseconds.", set::pexpire).since("2.6.0"),
    Spec::new("expireat", -3, WRITE, ONE, GROUP, "Lets a key expire at a Unix time in seconds.", set::expireat).since("1.2.0"),
    Spec::new("pexpireat", -3, WRITE, ONE, GROUP, "Lets a key expire at a Unix time in milliseconds.", set::pexpireat).since("2.6.0"),
    Spec::new("persist", 2, WRITE, ONE, GROUP, "Takes a key's deadline away.", set::persist).since("2.2.0"),
    Spec::new("ttl", 2, READ, ONE, GROUP, "Gives the seconds that a key has left.", ask::ttl),
    Spec::new("pttl", 2, READ, ONE, GROUP, "Gives the milliseconds that a key has left.", ask::pttl).since("2.6.0"),
    Spec::new("expiretime", 2, READ, ONE, GROUP, "Gives the Unix time in seconds at which a key expires.", ask::expiretime).since("7.0.0"),
    Spec::new("pexpiretime", 2, READ, ONE, GROUP, "Gives the Unix time in milliseconds at which a key expires.", ask::pexpiretime).since("7.0.0"),
];

/// The unit of an amount of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// A deadline as an argument says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) amount: i64,
    pub(super) unit: Unit,
    /// Since the epoch, not from now on.
    pub(super) is_absolute: bool,
}

impl When {
    /// Reads `EX`, `PX`, `EXAT` or `PXAT` with its amount; `None` when the next word is another one.
    pub(super) fn take(words: &mut Words<'_>) -> Result<Option<When>, Error> {
        let options = [
            ("ex", Unit::Seconds, false),
            ("px", Unit::Milliseconds, false),
            ("exat", Unit::Seconds, true),
            ("pxat", Unit::Milliseconds, true),
        ];
        for (word, unit, is_absolute) in options {
            if words.take(word) {
                return Ok(Some(When { amount: words.integer()?, unit, is_absolute }));
            }
        }
        Ok(None)
    }

    /// The moment that is meant, for the commands that take no time in the past by amount.
    ///
    /// # Errors
    /// When the amount is not positive, or too large for 64 bits of milliseconds.
    pub(super) fn resolve(self, command: &'static str, now: Millis) -> Result<Millis, Error> {
        let at = self.milliseconds(now).filter(|_| self.amount > 0);
        at.and_then(|at| u64::try_from(at).ok()).map(Millis).ok_or(Error::ExpireTime(command))
    }

    /// Milliseconds since the epoch, perhaps below 0; `None` when too many.
    fn milliseconds(self, now: Millis) -> Option<i64> {
        let factor = match self.unit {
            Unit::Seconds => 1000,
            Unit::Milliseconds => 1,
        };
        let amount = self.amount.checked_mul(factor)?;
        if self.is_absolute {
            return Some(amount);
        }
        amount.checked_add(i64::try_from(now.0).ok()?)
    }
}
