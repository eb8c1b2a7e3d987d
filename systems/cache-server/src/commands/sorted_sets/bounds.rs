//! The bounds of ranges by score and by bytes.

use std::ops::Range;

use crate::{
    commands::{Error, number},
    values::SortedSet,
};

/// Scores from one bound to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScoreRange {
    min: ScoreBound,
    max: ScoreBound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct ScoreBound {
    score: f64,
    is_open: bool,
}

impl ScoreBound {
    fn read(argument: &[u8]) -> Result<ScoreBound, Error> {
        let (number, is_open) = match argument {
            [b'(', number @ ..] => (number, true),
            number => (number, false),
        };
        let score = bound(number).ok_or(Error::BoundNotFloat)?;
        Ok(ScoreBound { score, is_open })
    }
}

/// More is a bound than is a score: nothing is zero, and what is too large is infinite.
fn bound(text: &[u8]) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let lenient = || std::str::from_utf8(text).ok()?.parse().ok();
    number::float(text).or_else(lenient).filter(|score: &f64| !score.is_nan())
}

impl ScoreRange {
    /// # Errors
    /// When a bound is no number.
    pub(super) fn read(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
        Ok(ScoreRange { min: ScoreBound::read(min)?, max: ScoreBound::read(max)? })
    }

    /// The ranks of the members within.
    pub(super) fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let (min, max) = (self.min, self.max);
        let start =
            set.count_before(
                |score, _| {
                    if min.is_open { score <= min.score } else { score < min.score }
                },
            );
        let end =
            set.count_before(
                |score, _| {
                    if max.is_open { score < max.score } else { score <= max.score }
                },
            );
        start..end.max(start)
    }
}

/// Members from one bound to the other, of a sorted set whose scores are all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LexRange<'a> {
    min: LexBound<'a>,
    max: LexBound<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LexBound<'a> {
    Lowest,
    Highest,
    Closed(&'a [u8]),
    Open(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn read(argument: &'a [u8]) -> Result<LexBound<'a>, Error> {
        match argument {
            b"-" => Ok(LexBound::Lowest),
            b"+" => Ok(LexBound::Highest),
            [b'[', member @ ..] => Ok(LexBound::Closed(member)),
            [b'(', member @ ..] => Ok(LexBound::Open(member)),
            _ => Err(Error::BoundNotString),
        }
    }
}

impl<'a> LexRange<'a> {
    /// # Errors
    /// When a bound is none.
    pub(super) fn read(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
        Ok(LexRange { min: LexBound::read(min)?, max: LexBound::read(max)? })
    }

    /// The ranks of the members within.
    pub(super) fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let start = set.count_before(|_, member| match self.min {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Closed(min) => member < min,
            LexBound::Open(min) => member <= min,
        });
        let end = set.count_before(|_, member| match self.max {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Closed(max) => member <= max,
            LexBound::Open(max) => member < max,
        });
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(members: &[(&str, f64)]) -> SortedSet {
        let mut set = SortedSet::new();
        for (member, score) in members {
            set.insert(member.as_bytes(), *score);
        }
        set
    }

    #[test]
    fn score_ranges() {
        let set = set(&[("a", -1.0), ("b", 0.0), ("c", 0.0), ("d", 2.5), ("e", f64::INFINITY)]);
        for (min, max, expected) in [
            ("-inf", "+inf", 0..5),
            ("0", "0", 1..3),
            ("(0", "2.5", 3..4),
            ("(0", "(2.5", 3..3),
            ("3", "1", 4..4),
            ("(-inf", "(inf", 0..4),
            ("", "(", 1..1),
            ("-1e400", "1e400", 0..5),
        ] {
            let range = ScoreRange::read(min.as_bytes(), max.as_bytes()).unwrap();
            assert_eq!(range.ranks(&set), expected, "{min} {max}");
        }
        for bad in ["nan", "(nan", "((1", "1 "] {
            assert_eq!(ScoreRange::read(bad.as_bytes(), b"1"), Err(Error::BoundNotFloat), "{bad}");
        }
    }

    #[test]
    fn lex_ranges() {
        let set = set(&[("a", 0.0), ("b", 0.0), ("c", 0.0)]);
        for (min, max, expected) in [
            ("-", "+", 0..3),
            ("+", "-", 3..3),
            ("[a", "[b", 0..2),
            ("(a", "(c", 1..2),
            ("[bb", "+", 2..3),
            ("[", "(", 0..0),
        ] {
            let range = LexRange::read(min.as_bytes(), max.as_bytes()).unwrap();
            assert_eq!(range.ranks(&set), expected, "{min} {max}");
        }
        for bad in ["", "a", "--"] {
            assert_eq!(LexRange::read(bad.as_bytes(), b"+"), Err(Error::BoundNotString), "{bad}");
        }
    }
}
