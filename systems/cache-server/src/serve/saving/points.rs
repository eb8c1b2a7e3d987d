//! `save`: when items are saved without being asked for.

use std::fmt::Write as _;

/// So many modifications, and so many seconds since the last save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    seconds: u64,
    changes: u64,
}

/// A value of `save`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Points {
    points: Vec<Point>,
    /// Saved when the server stops. Any point means that too.
    at_stop: bool,
}

/// The value for saving at the stop and at no other time.
const AT_STOP: &str = "stop";
/// Most points: Redis's own.
const POINTS_MAX: usize = 64;

impl Points {
    /// From pairs of seconds and changes, `stop`, or nothing at all.
    pub(crate) fn read(text: &str) -> Option<Points> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words == [AT_STOP] {
            return Some(Points { points: Vec::new(), at_stop: true });
        }
        let (pairs, rest) = words.as_chunks::<2>();
        if !rest.is_empty() || pairs.len() > POINTS_MAX {
            return None;
        }
        let point = |[seconds, changes]: &[&str; 2]| {
            let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
            Some(Point { seconds, changes: changes.parse().ok()? })
        };
        let points: Option<Vec<Point>> = pairs.iter().map(point).collect();
        points.map(|points| Points { at_stop: !points.is_empty(), points })
    }

    /// As CONFIG GET shows it; [`Points::read`] reads the same.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for Point { seconds, changes } in &self.points {
            let space = if text.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            write!(text, "{space}{seconds} {changes}").ok();
        }
        if text.is_empty() && self.at_stop { AT_STOP.to_owned() } else { text }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.at_stop
    }

    /// Whether it is time, so long and so many modifications after the last save.
    pub(crate) fn is_due(&self, seconds: u64, changes: u64) -> bool {
        let is_met = |point: &Point| seconds >= point.seconds && changes >= point.changes.max(1);
        self.points.iter().any(is_met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_read() {
        for (text, shown, is_on) in [
            ("", Some(""), false),
            ("  ", Some(""), false),
            ("stop", Some("stop"), true),
            ("900 1", Some("900 1"), true),
            (" 3600  1 300 100 ", Some("3600 1 300 100"), true),
            ("900", None, false),
            ("0 1", None, false),
            ("900 -1", None, false),
            ("stop 900 1", None, false),
        ] {
            let points = Points::read(text);
            assert_eq!(points.as_ref().map(Points::text).as_deref(), shown, "{text:?}");
            assert_eq!(points.is_some_and(|points| points.is_on()), is_on, "{text:?}");
        }
    }

    #[test]
    fn a_point_needs_its_time_and_its_changes() {
        let points = Points::read("60 1000 3600 1").unwrap();
        for (seconds, changes, is_due) in [
            (59, 100_000, false),
            (60, 999, false),
            (60, 1_000, true),
            (3_599, 1, false),
            (3_600, 0, false),
            (3_600, 1, true),
        ] {
            assert_eq!(points.is_due(seconds, changes), is_due, "{seconds} {changes}");
        }
        assert!(!Points::read("stop").unwrap().is_due(1 << 40, 1 << 40));
    }
}
