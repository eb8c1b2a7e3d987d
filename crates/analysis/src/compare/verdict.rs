//! From two groups of values to a word.

use super::{Figure, Run, Scale};
use crate::stats::{self, Interval, Shift};

/// A ratio below it is told as if it were none: figures are rounded to it long before.
const LEAST: f64 = 1e-9;

/// What counts as a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The chance, over all figures together, of a difference being found where there is none.
    pub level: f64,
    /// The ratio within which two groups are the same: 0.03.
    pub margin: f64,
    /// The same for shares, in percentage points / 100.
    pub margin_points: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { level: 0.05, margin: 0.03, margin_points: 0.001 }
    }
}

/// By how much the second group differs from the first: 0.1 is 10 % more, or for shares 10 points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub estimate: f64,
    /// At 95 %; `None` with too few runs for any.
    pub interval: Option<Interval>,
}

/// What can be said of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Better,
    Worse,
    /// The difference is within the margin, with confidence.
    Same,
    /// Neither a difference nor the absence of one can be told; differences from this size on would have been.
    Unclear {
        detectable: f64,
    },
    /// So many runs of each are needed.
    TooFew {
        needed: usize,
    },
    /// A group has runs without the figure.
    Missing,
}

/// One figure of both groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub figure: Figure,
    pub left: Vec<f64>,
    pub right: Vec<f64>,
    pub change: Option<Change>,
    /// Of the rank-sum test, before and after Holm's adjustment for all figures.
    pub p_value: f64,
    pub p_adjusted: f64,
    /// From -1 (all of the second below the first) to 1.
    pub cliffs_delta: f64,
    pub verdict: Verdict,
    /// The fewest requests of a run are too few for the figure.
    pub is_supported: bool,
}

/// Compares every figure that all runs have.
pub fn compare(left: &[Run], right: &[Run], settings: &Settings) -> Vec<Row> {
    let mut rows: Vec<Row> =
        Figure::ALL.iter().filter_map(|&figure| row(figure, left, right, settings)).collect();
    let p_values: Vec<f64> = rows.iter().map(|row| row.p_value).collect();
    let asked = rows.len();
    for (row, adjusted) in rows.iter_mut().zip(stats::holm(&p_values)) {
        row.p_adjusted = adjusted;
        row.verdict = verdict(row, asked, settings);
    }
    rows
}

/// Runs of each group from which on a difference of one of so many figures can be told at all.
pub fn runs_needed(figures: usize, level: f64) -> usize {
    let is_enough = |runs: &usize| stats::smallest_p_value(*runs, *runs) * figures as f64 <= level;
    (1..=stats::EXACT_LIMIT).find(is_enough).unwrap_or(stats::EXACT_LIMIT)
}

/// `None` when no run has the figure.
fn row(figure: Figure, left: &[Run], right: &[Run], settings: &Settings) -> Option<Row> {
    let values = |runs: &[Run]| runs.iter().map(|run| figure.of(run)).collect::<Option<Vec<f64>>>();
    if left.iter().chain(right).all(|run| figure.of(run).is_none()) {
        return None;
    }
    let (left_values, right_values) =
        (values(left).unwrap_or_default(), values(right).unwrap_or_default());
    let requests = left.iter().chain(right).map(|run| run.load.requests as u64).min();
    let of_groups = change(figure, &left_values, &right_values, settings.level);
    Some(Row {
        figure,
        change: of_groups,
        p_value: stats::p_value(&left_values, &right_values),
        p_adjusted: 1.0,
        cliffs_delta: stats::cliffs_delta(&left_values, &right_values),
        verdict: Verdict::Missing,
        is_supported: requests.is_some_and(|count| count >= figure.requests_needed()),
        left: left_values,
        right: right_values,
    })
}

/// Ratios are shifts of logarithms, which no zero has.
fn change(figure: Figure, left: &[f64], right: &[f64], level: f64) -> Option<Change> {
    match figure.scale() {
        Scale::Points => {
            let Shift { estimate, interval } = stats::shift(left, right, 1.0 - level)?;
            Some(Change { estimate, interval })
        }
        Scale::Ratio => {
            let logs =
                |values: &[f64]| values.iter().map(|v| v.max(LEAST).ln()).collect::<Vec<_>>();
            let Shift { estimate, interval } =
                stats::shift(&logs(left), &logs(right), 1.0 - level)?;
            let ratio = |log: f64| log.exp_m1();
            let interval =
                interval.map(|range| Interval { low: ratio(range.low), high: ratio(range.high) });
            Some(Change { estimate: ratio(estimate), interval })
        }
    }
}

fn verdict(row: &Row, asked: usize, settings: &Settings) -> Verdict {
    let Some(change) = row.change else { return Verdict::Missing };
    let fewest = row.left.len().min(row.right.len());
    let smallest = stats::smallest_p_value(row.left.len(), row.right.len());
    let needed = runs_needed(asked, settings.level);
    let margin = match row.figure.scale() {
        Scale::Ratio => settings.margin,
        Scale::Points => settings.margin_points,
    };
    // All runs of both alike to the last digit, as when nothing ever fails.
    let is_constant =
        row.left.iter().chain(&row.right).all(|value| row.left.first() == Some(value));
    if fewest >= needed && is_constant {
        return Verdict::Same;
    }
    if smallest * asked as f64 > settings.level && fewest < needed {
        return Verdict::TooFew { needed };
    }
    if row.p_adjusted <= settings.level {
        return match (change.estimate > 0.0) == row.figure.more_is_better() {
            true => Verdict::Better,
            false => Verdict::Worse,
        };
    }
    match change.interval {
        Some(range) if range.low >= -margin && range.high <= margin => Verdict::Same,
        Some(range) => Verdict::Unclear { detectable: (range.high - range.low) / 2.0 },
        None => Verdict::TooFew { needed },
    }
}
