//! Deadlines of keys, and how commands write them.

mod ask;
mod set;

use super::{
    call::Words,
    error::Error,
    key_rule::KeyRule,
    number,
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

/// A deadline as an argument says it; read only when it is needed, as Redis does.
#[derive(Clone, Copy, Debug)]
pub(super) struct When<'c> {
    pub(super) amount: &'c [u8],
    pub(super) unit: Unit,
    /// Since the epoch, not from now on.
    pub(super) is_absolute: bool,
}

impl<'c> When<'c> {
    /// Reads `EX`, `PX`, `EXAT` or `PXAT` with its amount; `None` when the next word is another one.
    pub(super) fn take(words: &mut Words<'c>) -> Result<Option<When<'c>>, Error> {
        let options = [
            ("ex", Unit::Seconds, false),
            ("px", Unit::Milliseconds, false),
            ("exat", Unit::Seconds, true),
            ("pxat", Unit::Milliseconds, true),
        ];
        for (word, unit, is_absolute) in options {
            if words.take(word) {
                return Ok(Some(When { amount: words.demand()?, unit, is_absolute }));
            }
        }
        Ok(None)
    }

    /// The moment that is meant, for the commands that take no amount below one.
    ///
    /// # Errors
    /// When the amount is no integer, not positive, or too large for 64 bits of milliseconds.
    pub(super) fn resolve(self, command: &'static str, now: Millis) -> Result<Millis, Error> {
        let at = self.milliseconds(command, now)?;
        let is_positive = number::integer(self.amount).is_some_and(|amount| amount > 0);
        let at = u64::try_from(at).ok().filter(|_| is_positive);
        at.map(Millis).ok_or(Error::ExpireTime(command))
    }

    /// Milliseconds since the epoch, perhaps below 0.
    fn milliseconds(self, command: &'static str, now: Millis) -> Result<i64, Error> {
        let amount = number::integer(self.amount).ok_or(Error::NotInteger)?;
        let factor = match self.unit {
            Unit::Seconds => 1000,
            Unit::Milliseconds => 1,
        };
        let start = if self.is_absolute { 0 } else { i64::try_from(now.0).unwrap_or(i64::MAX) };
        let at = amount.checked_mul(factor).and_then(|amount| amount.checked_add(start));
        at.ok_or(Error::ExpireTime(command))
    }
}
