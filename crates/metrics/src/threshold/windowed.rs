//! Thresholds on every window of a run: `p(95)<200ms over 10s`.

use std::time::Duration;

use super::{
    ThresholdError,
    float::{FloatError, parse_float},
};
use crate::{
    aggregation::Aggregation,
    window::{TIMES, window_of},
};

/// The word before the length of the window.
const OVER: &str = "over";

/// Whether an expression names a window, well or badly.
pub fn has_window(source: &str) -> bool {
    position(source).is_some()
}

/// Where the word is, as one of its own.
fn position(source: &str) -> Option<usize> {
    let is_word = |at: &usize| {
        let (before, behind) = (source.get(..*at), source.get(*at + OVER.len()..));
        before.is_some_and(|text| text.ends_with(char::is_whitespace))
            && behind.is_some_and(|text| text.is_empty() || text.starts_with(char::is_whitespace))
    };
    source.match_indices(OVER).map(|(at, _)| at).find(is_word)
}

/// The expression without its window, and that.
pub(super) fn split(source: &str) -> Result<(&str, Option<Duration>), ThresholdError> {
    let Some(at) = position(source) else { return Ok((source, None)) };
    let (expression, rest) = source.split_at_checked(at).unwrap_or((source, ""));
    let window = rest.get(OVER.len()..).unwrap_or_default();
    let over = window_of(window).map_err(|error| ThresholdError {
        message: format!(
            "failed parsing threshold expression {source:?}; reason: {}",
            error.message
        ),
        offset: source.len() - window.trim_start().len(),
    })?;
    Ok((expression, Some(over)))
}

/// Why what follows the operator is no limit of a threshold with a window.
#[derive(Debug, thiserror::Error)]
pub(super) enum LimitError {
    #[error(transparent)]
    Number(#[from] FloatError),
    #[error("{0} is no time: write its limit without {1:?}")]
    NoTime(&'static str, &'static str),
    #[error("{0} is no share: write its limit without \"%\"")]
    NoShare(&'static str),
}

/// A limit, which may have a unit of time (it is then in milliseconds) or be in percent, where what it
/// limits can be so.
pub(super) fn parse_limit(text: &str, aggregation: &Aggregation) -> Result<f64, LimitError> {
    if let Some(percent) = text.strip_suffix('%') {
        let share = parse_float(percent.trim_end())? / 100.0;
        let is_share = matches!(aggregation, Aggregation::Rate);
        return if is_share { Ok(share) } else { Err(LimitError::NoShare(aggregation.name())) };
    }
    let time = TIMES.iter().find_map(|(unit, milliseconds)| {
        let number = parse_float(text.strip_suffix(unit)?.trim_end()).ok()?;
        Some((*unit, number * milliseconds))
    });
    match (time, aggregation) {
        (Some((unit, _)), Aggregation::Count | Aggregation::Rate) => {
            Err(LimitError::NoTime(aggregation.name(), unit))
        }
        (Some((_, milliseconds)), _) => Ok(milliseconds),
        (None, _) => Ok(parse_float(text)?),
    }
}
