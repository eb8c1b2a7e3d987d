//! Whether what was named as the bottleneck is it: a quarter more of it is given, and capacity must follow.

use std::time::Duration;

use plimsoll_analysis::{
    bottleneck::{self, Intervention, Measured, Resource, intervened},
    capacity::{Finding, Search, Settings},
};
use plimsoll_engine::runner::Runner;
use plimsoll_monitor::{cgroups::Quota, own_host};
use plimsoll_runtime::workers;
use serde_json::{Value, json};

use super::undo::{self, Changed, Undo};
use crate::{
    args::CareFlags,
    commands::{
        capacity::hunt::Hunt,
        trials::{
            REST,
            figures::{number, percent},
            interrupt::Interrupt,
            shell,
        },
    },
    exit::Failure,
};

/// Of a quota, when there are not cores enough for more.
const LESS: f64 = 0.75;

/// How far beyond the expected the search looks, on either side.
const MARGIN: f64 = 1.3;

/// Trials of a search that knows about where to look: both sides, the way between, and one of twice the
/// length on either side.
const TRIALS: u32 = 14;

/// Of a quarter more: rates that differ by less are not told apart.
const PRECISION: f64 = 0.08;

/// For commands: how many times as much of the resource there is to be.
const FACTOR: &str = "PLIMSOLL_FACTOR";

/// What an intervention showed.
#[derive(Debug)]
pub(in crate::commands::capacity) struct Told {
    factor: f64,
    /// Cores before and after, of a quota.
    cores: Option<(f64, f64)>,
    before: Measured,
    after: Option<Measured>,
    judged: Option<Intervention>,
    /// Why it was not done, or not judged.
    reason: Option<String>,
    /// Why it could not be taken back, and what to do.
    pub(in crate::commands::capacity) left: Option<String>,
}

/// The time that an intervention is given.
pub(in crate::commands::capacity) fn reserve(settings: &Settings) -> Duration {
    (settings.short + REST) * TRIALS
}

/// What the flags ask to change.
enum Change {
    Quota(Quota, f64),
    Commands { change: String, undo: String, factor: f64 },
}

impl Change {
    /// In words why there is nothing to change.
    fn new(care: &CareFlags, verdict: &bottleneck::Verdict) -> Result<Change, String> {
        let (Some(change), undo) = (&care.intervene, &care.intervene_undo) else {
            return Err("it was not asked for".to_owned());
        };
        if let (false, Some(undo)) = (change.is_empty(), undo) {
            let (change, undo) = (change.clone(), undo.clone());
            return Ok(Change::Commands { change, undo, factor: care.intervene_factor });
        }
        let named = verdict.bottleneck.as_ref().map_err(|_| "nothing was identified".to_owned())?;
        let subject = &named.subject;
        let is_elsewhere = subject.place.host.as_ref().is_some_and(|host| *host != own_host());
        if subject.resource != Resource::CpuQuota || is_elsewhere {
            let words = bottleneck::subject(subject);
            return Err(format!(
                "{words} is no quota on this machine; name commands that change it"
            ));
        }
        let quota = Quota::find(&subject.place.name)?;
        let more = care.intervene_factor;
        let factor = if quota.cores() * more > workers::cores() as f64 { LESS } else { more };
        Ok(Change::Quota(quota, factor))
    }

    fn factor(&self) -> f64 {
        match self {
            Change::Quota(_, factor) | Change::Commands { factor, .. } => *factor,
        }
    }

    /// Makes it; it is taken back when the returned value goes.
    fn make(&self, interrupt: &Interrupt) -> Result<Changed, String> {
        match self {
            Change::Quota(quota, factor) => {
                let changed = Changed::guard(Undo::Quota(quota.clone()))?;
                undo::write(quota, &quota.times(*factor)).map_err(|error| {
                    format!("{} cannot be written: {error}", quota.file.display())
                })?;
                Ok(changed)
            }
            Change::Commands { change, undo, factor } => {
                let changed = Changed::guard(Undo::Command(undo.clone()))?;
                shell::run(change, &[(FACTOR, factor.to_string())], interrupt)
                    .map_err(|why| format!("{change:?}: {why}"))?;
                Ok(changed)
            }
        }
    }
}

/// Changes what `verdict` names, or what the commands of `care` change, searches around where capacity is
/// expected then, and takes the change back. `None` when `finding` has no capacity to compare with.
///
/// # Errors
/// When a trial cannot be run. What could not be taken back is in the answer.
pub(in crate::commands::capacity) fn intervene<R: Runner>(
    hunt: &mut Hunt<R>,
    care: &CareFlags,
    finding: &Finding,
    verdict: &bottleneck::Verdict,
) -> Result<Option<Told>, Failure> {
    let Some(value) = finding.capacity else { return Ok(None) };
    let before = Measured { value, interval: finding.interval };
    let mut told = Told {
        factor: care.intervene_factor,
        cores: None,
        before,
        after: None,
        judged: None,
        reason: None,
        left: None,
    };
    if finding.first_failing.is_none() {
        let reason = "every rate that counts was kept, so there is no limit to move".to_owned();
        return Ok(Some(Told { reason: Some(reason), ..told }));
    }
    let change = match Change::new(care, verdict) {
        Ok(change) => change,
        Err(reason) => return Ok(Some(Told { reason: Some(reason), ..told })),
    };
    let factor = change.factor();
    told.factor = factor;
    if let Change::Quota(quota, _) = &change {
        told.cores = Some((quota.cores(), quota.cores() * factor));
    }
    let changed = match change.make(hunt.laboratory.interrupt) {
        Ok(changed) => changed,
        Err(reason) => return Ok(Some(Told { reason: Some(reason), ..told })),
    };
    let words = told.changed();
    hunt.laboratory.screen.line(&format!("intervene: {words}"));
    let settings = around(hunt.search.settings(), value, factor, hunt.left());
    let after = hunt.aside(Search::new(settings), factor, &words);
    hunt.laboratory.screen.doing(&format!("taking back: {words}"), None);
    // Before anything else, also an error.
    told.left = changed.take_back().err();
    let back = if told.left.is_some() { "NOT taken back" } else { "taken back" };
    hunt.laboratory.screen.line(&format!("intervene: {back}"));
    let after = after.map_err(|failure| match &told.left {
        Some(left) => {
            Failure { message: format!("{}; NOT TAKEN BACK: {left}", failure.message), ..failure }
        }
        None => failure,
    })?;
    told.judge(&after);
    if hunt.laboratory.interrupt.is_set() {
        told.judged = None;
        told.reason = Some("it was interrupted".to_owned());
    }
    Ok(Some(told))
}

/// A short search where capacity was and where it is to be.
fn around(main: &Settings, capacity: f64, factor: f64, left: Duration) -> Settings {
    let low = capacity * factor.min(1.0) / MARGIN;
    let high = (capacity * factor.max(1.0) * MARGIN).min(main.ceiling.max(capacity));
    let settings = Settings::within(left, low, high);
    Settings {
        precision: main.precision.max(PRECISION),
        short: main.short,
        long: main.short * 2,
        confirmations: 1,
        needed: 1,
        characterizes: false,
        ..settings
    }
}

impl Told {
    fn judge(&mut self, found: &Finding) {
        let after = found.capacity.map(|value| Measured { value, interval: found.interval });
        let judged = after.and_then(|after| intervened(self.before, after, self.factor));
        // Whatever was not kept above is a limit; without one it may be anywhere above.
        let is_bounded = found.first_failing.is_some();
        self.after = after;
        self.judged =
            judged.filter(|judged| is_bounded || matches!(judged, Intervention::Confirmed { .. }));
        if self.judged.is_none() {
            self.reason = Some("the search around it found no capacity in its time".to_owned());
        }
    }

    /// `quota 0.25 -> 0.31`, `resource x1.25`
    pub(super) fn changed(&self) -> String {
        match self.cores {
            Some((from, to)) => format!("quota {from:.2} -> {to:.2}"),
            None => format!("resource x{}", self.factor),
        }
    }

    /// For people.
    pub(in crate::commands::capacity) fn words(&self) -> Vec<String> {
        let moved = self.after.map_or(String::new(), |after| {
            let by = after.value / self.before.value - 1.0;
            let sign = if by < 0.0 { "-" } else { "+" };
            let (before, value) = (number(self.before.value), number(after.value));
            format!(", capacity {before} -> {value} ({sign}{})", percent(by.abs()))
        });
        let what = format!("{}{moved}", self.changed());
        let first = match (&self.judged, &self.reason) {
            (Some(Intervention::Confirmed { .. }), _) => {
                format!("Confirmed by intervention: {what}.")
            }
            (Some(Intervention::Refuted { .. }), _) => {
                format!("Not confirmed by intervention: {what}; something else is the limit.")
            }
            (Some(Intervention::Unclear { .. }), _) => {
                format!("Not confirmed by intervention: {what}; too little or too unsure to tell.")
            }
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("it was not tried");
                format!("No intervention: {reason}.")
            }
        };
        let left = self.left.iter().map(|left| format!("NOT TAKEN BACK: {left}."));
        std::iter::once(first).chain(left).collect()
    }

    /// For machines.
    pub(in crate::commands::capacity) fn json(&self) -> Value {
        let (verdict, elasticity) = match self.judged {
            Some(Intervention::Confirmed { elasticity }) => ("confirmed", Some(elasticity)),
            Some(Intervention::Refuted { elasticity }) => ("refuted", Some(elasticity)),
            Some(Intervention::Unclear { elasticity }) => ("unclear", Some(elasticity)),
            None if self.after.is_some() => ("unclear", None),
            None => ("not done", None),
        };
        let measured = |measured: Measured| {
            let (low, high) =
                (measured.interval.map(|at| at.low), measured.interval.map(|at| at.high));
            json!({ "value": measured.value, "low": low, "high": high })
        };
        json!({
            "verdict": verdict,
            "reason": self.reason,
            "words": self.words(),
            "changed": if self.cores.is_some() { "cpu_quota" } else { "by command" },
            "factor": self.factor,
            "cores": self.cores.map(|(from, to)| json!({ "from": from, "to": to })),
            "before": measured(self.before),
            "after": self.after.map(measured),
            "elasticity": elasticity,
            "is_taken_back": self.left.is_none(),
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::stats::Interval;

    use super::*;
    use crate::commands::capacity::conclusion::tests::finding;

    fn told(cores: Option<(f64, f64)>) -> Told {
        let interval = Some(Interval { low: 400.0, high: 420.0 });
        let before = Measured { value: 410.0, interval };
        Told { factor: 1.25, cores, before, after: None, judged: None, reason: None, left: None }
    }

    #[track_caller]
    fn check(cores: Option<(f64, f64)>, after: Option<f64>, verdict: &str, words: &str) {
        let mut told = told(cores);
        let found = Finding {
            capacity: after,
            interval: after.map(|at| Interval { low: at * 0.98, high: at * 1.02 }),
            ..finding()
        };
        told.judge(&found);
        let first = told.words().remove(0);
        assert_eq!((told.json()["verdict"].as_str(), first.as_str()), (Some(verdict), words));
    }

    #[test]
    fn capacity_follows_or_something_else_is_the_limit() {
        let quota = Some((0.25, 0.3125));
        check(
            quota,
            Some(508.0),
            "confirmed",
            "Confirmed by intervention: quota 0.25 -> 0.31, capacity 410 -> 508 (+24 %).",
        );
        check(
            quota,
            Some(412.0),
            "refuted",
            "Not confirmed by intervention: quota 0.25 -> 0.31, capacity 410 -> 412 (+0.5 %); something \
             else is the limit.",
        );
        check(
            None,
            Some(440.0),
            "unclear",
            "Not confirmed by intervention: resource x1.25, capacity 410 -> 440 (+7.3 %); too little or too \
             unsure to tell.",
        );
        let none = "No intervention: the search around it found no capacity in its time.";
        check(quota, None, "not done", none);
    }

    #[test]
    fn what_is_left_is_told_with_what_to_do() {
        let left = Some("write \"2500\" to /sys/x".to_owned());
        let told = Told { left, reason: Some("no time".to_owned()), ..told(None) };
        assert_eq!(
            told.words(),
            ["No intervention: no time.", "NOT TAKEN BACK: write \"2500\" to /sys/x."]
        );
        assert_eq!(told.json()["is_taken_back"], false);
    }

    #[test]
    fn it_is_searched_where_capacity_is_to_be() {
        let main = Settings::within(Duration::from_secs(180), 100.0, 1e5);
        let check = |factor, low: f64, high: f64| {
            let around = around(&main, 400.0, factor, Duration::from_secs(40));
            assert!((around.start / low - 1.0).abs() < 0.01, "{}", around.start);
            assert!((around.ceiling / high - 1.0).abs() < 0.01, "{}", around.ceiling);
            assert!(around.longest() < Duration::from_secs(120), "{:?}", around.longest());
        };
        check(1.25, 307.7, 650.0);
        check(0.75, 230.8, 520.0);
    }
}
