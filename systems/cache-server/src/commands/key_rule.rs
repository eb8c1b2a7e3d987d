//! Which of a command's arguments are keys.

use plimsoll_wire::resp::Command;

use super::{call::is, number};
use crate::store::{Key, Store};

/// Where a command's keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// There is none.
    None,
    /// From `first` to `last`, each `step`; a negative `last` counts from the end, -1 being it.
    Range { first: u8, last: i8, step: u8 },
    /// Behind the argument of index `at`, which says how many there are.
    Counted {
        at: u8,
        /// The first argument is a key as well, and comes first.
        has_destination: bool,
    },
    /// The first argument and what follows the last `STORE`.
    Sort,
}

impl KeyRule {
    /// The first argument.
    pub const ONE: KeyRule = KeyRule::Range { first: 1, last: 1, step: 1 };
    /// The first two.
    pub const TWO: KeyRule = KeyRule::Range { first: 1, last: 2, step: 1 };
    /// All arguments.
    pub const ALL: KeyRule = KeyRule::Range { first: 1, last: -1, step: 1 };
    /// All but the last argument, which is a timeout.
    pub const ALL_BUT_LAST: KeyRule = KeyRule::Range { first: 1, last: -2, step: 1 };
    /// Each other argument, from the first on.
    pub const PAIRS: KeyRule = KeyRule::Range { first: 1, last: -1, step: 2 };
    /// The argument behind a subcommand.
    pub const SECOND: KeyRule = KeyRule::Range { first: 2, last: 2, step: 1 };
    /// How many, and as many keys.
    pub const COUNTED: KeyRule = KeyRule::Counted { at: 1, has_destination: false };
    /// A timeout, how many, and as many keys.
    pub const COUNTED_SECOND: KeyRule = KeyRule::Counted { at: 2, has_destination: false };
    /// A destination, how many, and as many keys.
    pub const STORE_COUNTED: KeyRule = KeyRule::Counted { at: 2, has_destination: true };

    /// The indexes of the keys among the arguments, in order; none when the count is not one that
    /// the arguments bear out, which the handler then finds too.
    pub fn places(self, command: Command<'_>) -> Places {
        let length = command.len();
        match self {
            KeyRule::None => Places::new(None, 0, 0, 1),
            KeyRule::Range { first, last, step } => {
                let end = match usize::try_from(last) {
                    Ok(last) => last.saturating_add(1).min(length),
                    Err(_) => (length + 1).saturating_sub(usize::from(last.unsigned_abs())),
                };
                Places::new(None, usize::from(first), end, usize::from(step))
            }
            KeyRule::Counted { at, has_destination } => {
                let at = usize::from(at);
                let count = command.get(at).and_then(number::integer);
                let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
                let end = (at + 1).saturating_add(count);
                if count == 0 || end > length {
                    return Places::new(None, 0, 0, 1);
                }
                Places::new(has_destination.then_some(1), at + 1, end, 1)
            }
            KeyRule::Sort => match destination_of_sort(command) {
                Some(at) => Places::new(Some(1), at, at + 1, 1),
                None => Places::new(Some(1), 0, 0, 1),
            },
        }
    }

    /// The keys, hashed.
    #[inline]
    pub(super) fn keys<'c>(self, command: Command<'c>, store: &Store) -> KeyList<'c> {
        if let KeyRule::Range { first, last, .. } = self
            && i16::from(last) == i16::from(first)
        {
            let key = command.get(usize::from(first));
            return key.map_or(KeyList::None, |bytes| KeyList::One([store.key(bytes)]));
        }
        KeyList::at(self.places(command), command, store)
    }
}

/// The argument behind the last `STORE` of a SORT that is an option, and not what another option is told.
fn destination_of_sort(command: Command<'_>) -> Option<usize> {
    let (mut at, mut destination) = (2, None);
    while let Some(word) = command.get(at) {
        at += match word {
            word if is(word, "limit") => 3,
            word if is(word, "by") || is(word, "get") => 2,
            word if is(word, "store") => {
                destination = Some(at + 1);
                2
            }
            _ => 1,
        };
    }
    destination.filter(|at| *at < command.len())
}

/// Indexes of keys among a command's arguments.
#[derive(Clone, Debug)]
pub struct Places {
    before: Option<usize>,
    at: usize,
    end: usize,
    step: usize,
}

impl Places {
    fn new(before: Option<usize>, at: usize, end: usize, step: usize) -> Places {
        Places { before, at, end, step: step.max(1) }
    }

    /// Up to `count` of them behind the first `skipped`. For those that stand in a row.
    pub(super) fn part(self, skipped: usize, count: usize) -> Places {
        let at = self.at.saturating_add(skipped.saturating_mul(self.step)).min(self.end);
        let end = at.saturating_add(count.saturating_mul(self.step)).min(self.end);
        Places { at, end, ..self }
    }
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if let Some(before) = self.before.take() {
            return Some(before);
        }
        let at = self.at;
        self.at += self.step;
        (at < self.end).then_some(at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.at).div_ceil(self.step);
        let left = left + usize::from(self.before.is_some());
        (left, Some(left))
    }
}

/// A command's keys; most have one, which costs no allocation.
pub(crate) enum KeyList<'c> {
    None,
    One([Key<'c>; 1]),
    Many(Vec<Key<'c>>),
}

impl<'c> KeyList<'c> {
    /// The keys at those places, hashed.
    pub(super) fn at(mut places: Places, command: Command<'c>, store: &Store) -> KeyList<'c> {
        let mut next = || Some(store.key(command.get(places.next()?)?));
        let Some(first) = next() else { return KeyList::None };
        let Some(second) = next() else { return KeyList::One([first]) };
        let mut keys = Vec::with_capacity(2 + places.size_hint().0);
        keys.extend([first, second]);
        keys.extend(places.map_while(|place| Some(store.key(command.get(place)?))));
        KeyList::Many(keys)
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Key<'c>] {
        match self {
            KeyList::None => &[],
            KeyList::One(key) => key,
            KeyList::Many(keys) => keys,
        }
    }
}
