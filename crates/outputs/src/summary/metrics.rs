//! Which metrics a summary shows, in which order and under which heading.

use std::cmp::Ordering;

use plimsoll_metrics::{Builtin, Origin, Totals, totals::Entry};

/// Metrics that the compact summary leaves out: the phases of a request.
const PHASES: [Builtin; 6] = [
    Builtin::HttpReqBlocked,
    Builtin::HttpReqConnecting,
    Builtin::HttpReqTlsHandshaking,
    Builtin::HttpReqSending,
    Builtin::HttpReqWaiting,
    Builtin::HttpReqReceiving,
];

/// A heading of the modern summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    Custom,
    Http,
    Execution,
    Network,
}

impl Heading {
    pub(super) const ALL: [Heading; 4] =
        [Heading::Custom, Heading::Http, Heading::Execution, Heading::Network];

    pub(super) fn title(self) -> &'static str {
        match self {
            Heading::Custom => "CUSTOM",
            Heading::Http => "HTTP",
            Heading::Execution => "EXECUTION",
            Heading::Network => "NETWORK",
        }
    }

    /// The heading of a metric; none for those that are shown in other ways.
    pub(super) fn of(name: &str, with_phases: bool) -> Option<Heading> {
        let Some(builtin) = Builtin::ALL.iter().find(|builtin| builtin.name() == name) else {
            return Some(Heading::Custom);
        };
        match builtin {
            Builtin::Checks | Builtin::GroupDuration => None,
            Builtin::DataSent | Builtin::DataReceived => Some(Heading::Network),
            builtin if PHASES.contains(builtin) && !with_phases => None,
            builtin if builtin.name().starts_with("http_") => Some(Heading::Http),
            _ => Some(Heading::Execution),
        }
    }
}

/// All metrics and sub-metrics by name, each metric followed by its sub-metrics.
pub(super) fn shown(totals: &Totals) -> Vec<&Entry> {
    let mut shown: Vec<&Entry> = totals.entries().iter().filter(|entry| is_shown(entry)).collect();
    sort(&mut shown);
    shown
}

/// By metric, then the metric itself before its sub-metrics.
pub(super) fn sort(entries: &mut [&Entry]) {
    entries.sort_by(|a, b| {
        let by_metric = collate(&a.metric.name, &b.metric.name);
        by_metric.then_with(|| collate(&a.name, &b.name))
    });
}

/// The order of a dictionary, as JavaScript's `localeCompare` has it: punctuation before digits before
/// letters, and small letters before capitals only where nothing else differs.
fn collate(a: &str, b: &str) -> Ordering {
    const PUNCTUATION: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    let weight = |char: char| match PUNCTUATION.find(char) {
        Some(at) => (0, at as u32),
        None => (1, char.to_lowercase().next().unwrap_or(char) as u32),
    };
    let rough = a.chars().map(weight).cmp(b.chars().map(weight));
    rough.then_with(|| a.chars().map(char::is_uppercase).cmp(b.chars().map(char::is_uppercase)))
}

/// What a sub-metric's key says between its braces; none for the metric itself, and none where that has no
/// line to stand below.
pub(super) fn suffix(entry: &Entry) -> Option<&str> {
    if entry.metric.origin == Origin::Watched {
        return None;
    }
    let rest = entry.name.strip_prefix(&*entry.metric.name)?;
    Some(rest.strip_prefix('{')?.strip_suffix('}')?.trim())
}

/// Whether it has a line. What is watched has a part of its own, and what schedules ask for is known.
fn is_shown(entry: &Entry) -> bool {
    let has_thresholds = !entry.thresholds.is_empty();
    let is_asked = entry.metric.id == Builtin::IterationsAsked.id();
    let is_watched = entry.metric.origin == Origin::Watched;
    !is_missing(entry) && (has_thresholds || !(is_watched || is_asked))
}

/// Whether it was to be watched and was not there: then no number stands for it. Of other metrics without
/// samples k6 says zero.
pub(super) fn is_missing(entry: &Entry) -> bool {
    entry.metric.origin == Origin::Watched && !entry.seen
}

/// Whether k6's summary would have it: what is watched beside the load only where a threshold names it.
pub(super) fn is_k6(entry: &Entry) -> bool {
    match entry.metric.origin {
        Origin::Load | Origin::Custom => true,
        Origin::Own => false,
        Origin::Watched => !entry.thresholds.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_dictionary_order() {
        let expected =
            ["_z", "a_1", "a_b", "a1", "aa", "aA", "Aa", "aa_b", "aab", "AB", "bb", "BB"];
        let mut names = expected;
        names.sort_unstable();
        names.sort_by(|a, b| collate(a, b));
        assert_eq!(names, expected);
    }

    #[test]
    fn headings() {
        let check = |name, full, heading| assert_eq!(Heading::of(name, full), heading, "{name}");
        check("http_reqs", false, Some(Heading::Http));
        check("http_req_blocked", false, None);
        check("http_req_blocked", true, Some(Heading::Http));
        check("iteration_lateness", false, Some(Heading::Execution));
        check("iteration_response_time", false, Some(Heading::Execution));
        check("data_sent", false, Some(Heading::Network));
        check("group_duration", true, None);
        check("http_mine", false, Some(Heading::Custom));
    }
}
