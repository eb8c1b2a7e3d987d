//! `plimsoll compare`: groups of runs beside each other, with what can be said of their differences.

mod group;
mod json;
mod table;
mod words;

use plimsoll_analysis::compare::{Difference, Row, Rule, Settings, compare, differences};
use plimsoll_runtime::log::{Level, Log};

use crate::{
    Session,
    args::{CompareArgs, CompareFormat},
    exit::{Exit, Failure},
    terminal,
};
use group::Group;

/// Everything that is printed.
struct Comparison {
    groups: Vec<Group>,
    /// Of each group but the first: how it differs from the first.
    pairs: Vec<Vec<Row>>,
    /// What the groups were asked differently.
    differences: Vec<Difference>,
    settings: Settings,
}

/// Whether the flags make sense, for whoever runs something long before.
pub(super) fn check_flags(args: &CompareArgs) -> Result<(), Failure> {
    args.fail_if.iter().try_for_each(|text| rule(text).map(drop))?;
    margin(&args.margin).map(drop)
}

/// Reads the records, compares every group with the first, and judges by the rules.
pub(crate) fn run(args: &CompareArgs, session: &Session) -> Result<Exit, Failure> {
    let rules = args.fail_if.iter().map(|text| rule(text)).collect::<Result<Vec<_>, _>>()?;
    let settings = Settings { margin: margin(&args.margin)?, ..Settings::default() };
    let groups = group::read_all(&args.groups)?;
    let differences = unlike(&groups);
    check(&groups, &differences, args.anyway, session.log)?;
    let first = groups.first().map(|group| group.runs.as_slice()).unwrap_or_default();
    let pairs = groups.iter().skip(1).map(|group| compare(first, &group.runs, &settings)).collect();
    let comparison = Comparison { groups, pairs, differences, settings };
    terminal::print(&match args.format {
        CompareFormat::Text => table::text(&comparison),
        CompareFormat::Markdown => table::markdown(&comparison),
        CompareFormat::Json => json::json(&comparison),
    })?;
    Ok(judge(&comparison, &rules, session.log))
}

fn rule(text: &str) -> Result<Rule, Failure> {
    text.parse().map_err(|error| {
        Failure::new(Exit::Other, format!("--fail-if {text:?}: {error}"))
            .with_hint("for example --fail-if 'p99 worse 5%'")
    })
}

fn margin(text: &str) -> Result<f64, Failure> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    match number {
        Ok(percent) if (0.0..100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(Failure::new(Exit::Other, format!("--margin {text}: not a percentage below 100"))),
    }
}

/// Everything by which any run differs from the very first, each once; of what is harmless between some and
/// not between others, both.
fn unlike(groups: &[Group]) -> Vec<Difference> {
    let mut all: Vec<Difference> = Vec::new();
    let mut runs = groups.iter().flat_map(|group| &group.runs);
    let Some(first) = runs.next() else { return all };
    for run in runs {
        for difference in differences(first, run) {
            let is_known = |known: &Difference| {
                (&known.what, known.is_harmless) == (&difference.what, difference.is_harmless)
            };
            if !all.iter().any(is_known) {
                all.push(difference);
            }
        }
    }
    all
}

/// Refuses what cannot be compared, unless it shall be all the same.
fn check(
    groups: &[Group],
    differences: &[Difference],
    anyway: bool,
    log: &Log,
) -> Result<(), Failure> {
    let runs = groups.iter().flat_map(|group| &group.runs);
    let invalid =
        runs.filter_map(|run| run.invalid.first().map(|reason| format!("{}: {reason}", run.name)));
    let asked = differences.iter().filter(|difference| !difference.is_harmless).map(|difference| {
        format!("{}: {} and {}", difference.what, difference.left, difference.right)
    });
    let reasons: Vec<String> = invalid.chain(asked).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    // One line each: there may be many, and long ones.
    let level = if anyway { Level::Warning } else { Level::Error };
    reasons.iter().for_each(|reason| log.write(level, reason, &[]));
    if anyway {
        return Ok(());
    }
    Err(Failure::new(Exit::Other, "these runs were asked different things, or are not valid")
        .with_hint("--anyway compares them all the same"))
}

fn judge(comparison: &Comparison, rules: &[Rule], log: &Log) -> Exit {
    let mut exit = Exit::Success;
    for (group, rows) in comparison.groups.iter().skip(1).zip(&comparison.pairs) {
        for rule in rules {
            for row in rule.broken_by(rows) {
                let verdict = words::verdict(row, &comparison.settings);
                let message = format!("{}: {} is {verdict}", group.name, row.figure.name());
                log.write(Level::Error, &message, &[("rule", rule.text())]);
                exit = Exit::Worse;
            }
        }
    }
    exit
}
