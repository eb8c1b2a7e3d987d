//! What a search raises, and how its levels are told: a rate, virtual users or connections.

use super::figures::{number, rate};
use crate::args::Dimension;

/// What must be known of a number that a closed model gave.
pub(in crate::commands) const CLOSED: &str = "A closed model: each sends the next when the last was answered, so a slow \
                                 service is asked less, and what would have waited for it is not seen \
                                 (coordinated omission).";

/// The dimension with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) struct Unit {
    pub(in crate::commands) dimension: Dimension,
    /// What is sent: `requests`.
    pub(in crate::commands) noun: &'static str,
}

impl Unit {
    /// For machines.
    pub(in crate::commands) fn dimension(self) -> &'static str {
        match self.dimension {
            Dimension::Rate => "rate",
            Dimension::Vus => "vus",
            Dimension::Connections => "connections",
        }
    }

    /// Of a level, for machines: `requests/s`, `VUs`.
    pub(in crate::commands) fn name(self) -> String {
        match self.dimension {
            Dimension::Rate => format!("{}/s", self.noun),
            Dimension::Vus => "VUs".to_owned(),
            Dimension::Connections => "connections".to_owned(),
        }
    }

    /// A level: `1,840/s`, `500 VUs`.
    pub(in crate::commands) fn level(self, level: f64) -> String {
        match self.dimension {
            Dimension::Rate => rate(level),
            _ => self.whole(level),
        }
    }

    /// With what is sent: `1,840 requests/s`, `500 VUs`.
    pub(in crate::commands) fn full(self, level: f64) -> String {
        match self.dimension {
            Dimension::Rate => format!("{} {}/s", number(level), self.noun),
            _ => self.whole(level),
        }
    }

    /// What a level is: `rate`, `number of VUs`.
    pub(in crate::commands) fn kind(self) -> &'static str {
        match self.dimension {
            Dimension::Rate => "rate",
            Dimension::Vus => "number of VUs",
            Dimension::Connections => "number of connections",
        }
    }

    /// Whether levels are whole numbers.
    pub(in crate::commands) fn is_whole(self) -> bool {
        self.dimension != Dimension::Rate
    }

    fn whole(self, level: f64) -> String {
        let unit = match (self.dimension, level) {
            (Dimension::Vus, 1.0) => "VU",
            (Dimension::Vus, _) => "VUs",
            (_, 1.0) => "connection",
            _ => "connections",
        };
        format!("{} {unit}", number(level))
    }
}

/// How many virtual users or connections a flag asks for: `500`, `500 VUs`, `2,000 connections`.
///
/// # Errors
/// With what was expected.
pub(in crate::commands) fn whole(text: &str, dimension: Dimension) -> Result<f64, String> {
    let (units, example): (&[&str], &str) = match dimension {
        Dimension::Vus => (&["vu", "vus"], "500 or '500 vus'"),
        _ => (&["connection", "connections"], "500 or '500 connections'"),
    };
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let level = digits.replace(',', "").parse::<u32>().ok().filter(|level| *level > 0);
    match level {
        Some(level) if unit.is_empty() || units.contains(&unit.as_str()) => Ok(f64::from(level)),
        _ => Err(format!("expected a whole number above 0, such as {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_whole_numbers_with_or_without_their_unit() {
        let check = |text, dimension, expected: Option<f64>| {
            assert_eq!(whole(text, dimension).ok(), expected, "{text:?}");
        };
        check("500", Dimension::Vus, Some(500.0));
        check("500 vus", Dimension::Vus, Some(500.0));
        check("1 VU", Dimension::Vus, Some(1.0));
        check("2,000 connections", Dimension::Connections, Some(2000.0));
        check("500 vus", Dimension::Connections, None);
        check("500/s", Dimension::Vus, None);
        check("0", Dimension::Vus, None);
        check("1.5", Dimension::Vus, None);
        check("", Dimension::Vus, None);
    }

    #[test]
    fn levels_have_their_unit() {
        let check = |dimension, level, short: &str, full: &str| {
            let unit = Unit { dimension, noun: "requests" };
            assert_eq!((unit.level(level), unit.full(level)), (short.to_owned(), full.to_owned()));
        };
        check(Dimension::Rate, 1840.2, "1,840/s", "1,840 requests/s");
        check(Dimension::Vus, 1.0, "1 VU", "1 VU");
        check(Dimension::Vus, 1500.0, "1,500 VUs", "1,500 VUs");
        check(Dimension::Connections, 12.0, "12 connections", "12 connections");
    }
}
