//! Threshold expressions in k6's grammar: parse, check against a metric's kind, evaluate on a sink.
//!
//! Messages follow k6's word for word, its misspelling included: scripts around it look for them.
//! What k6 does not know is `p(95)<200ms over 10s`: it must hold in every window of the run, and its
//! limit may have a unit.

mod float;
mod key;
#[cfg(test)]
mod tests;
mod windowed;

use std::time::Duration;

pub use key::parse_key;

use crate::{aggregation::Aggregation, registry::MetricKind, sink::Sink, tags::TagSet};
use float::parse_float;
use windowed::LimitError;

pub use windowed::has_window;

/// One expression, e.g. `p(95)<200`. Made by [`Threshold::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As the user wrote it.
    pub source: String,
    pub abort_on_fail: bool,
    /// From the start of the run; before it `abort_on_fail` has no effect.
    pub delay_abort_eval: Duration,
    pub aggregation: Aggregation,
    pub operator: Operator,
    /// What the aggregate is compared with.
    pub limit: f64,
    /// In every window so long it must hold, of whole seconds; `None`: over all of the run.
    pub over: Option<Duration>,
}

/// How the aggregate and the limit are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `==` and `===`
    Equal,
    NotEqual,
}

/// In the order in which k6 looks for them: the first that occurs anywhere splits the expression.
const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
];

impl Operator {
    /// The one that holds when this does not.
    pub(crate) fn opposite(self) -> Operator {
        match self {
            Operator::Less => Operator::GreaterOrEqual,
            Operator::LessOrEqual => Operator::Greater,
            Operator::Greater => Operator::LessOrEqual,
            Operator::GreaterOrEqual => Operator::Less,
            Operator::Equal => Operator::NotEqual,
            Operator::NotEqual => Operator::Equal,
        }
    }

    /// Whether `value` is further to the side on which this does not hold. Of equality none is.
    pub(crate) fn is_worse(self, value: f64, other: f64) -> bool {
        match self {
            Operator::Less | Operator::LessOrEqual => value > other,
            Operator::Greater | Operator::GreaterOrEqual => value < other,
            Operator::Equal | Operator::NotEqual => false,
        }
    }

    pub(crate) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Operator::Less => value < limit,
            Operator::LessOrEqual => value <= limit,
            Operator::Greater => value > limit,
            Operator::GreaterOrEqual => value >= limit,
            Operator::Equal => value == limit,
            Operator::NotEqual => value != limit,
        }
    }
}

/// `metric` or `metric{tag:value,...}` with its expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdGroup {
    /// The key as written: also the name of the sub-metric.
    pub key: String,
    pub metric: String,
    pub tags: TagSet,
    pub thresholds: Vec<Threshold>,
}

/// Why an expression or key is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ThresholdError {
    pub message: String,
    /// Byte offset in the expression or key.
    pub offset: usize,
}

impl Threshold {
    /// Parses one expression, with `abort_on_fail` unset.
    ///
    /// # Errors
    /// With k6's whole message, e.g. `failed parsing threshold expression "x"; reason: ...`.
    pub fn parse(source: &str) -> Result<Threshold, ThresholdError> {
        let (expression, over) = windowed::split(source)?;
        let split = OPERATORS.iter().find_map(|&(text, operator)| {
            let at = expression.find(text)?;
            Some((expression.get(..at)?, operator, expression.get(at + text.len()..)?))
        });
        let Some((left, operator, right)) = split.filter(|(_, _, right)| !right.is_empty()) else {
            return Err(ThresholdError {
                message: format!(
                    "failed parsing threshold expression {source:?}; reason: malformed threshold expression"
                ),
                offset: source.trim_end().len(),
            });
        };
        let aggregation = method(left.trim()).map_err(|reason| ThresholdError {
            message: format!(
                "failed parsing threshold expression's {source:?} left hand side; reason: {reason}"
            ),
            offset: left.len() - left.trim_start().len(),
        })?;
        let limit = match over {
            Some(_) => windowed::parse_limit(right.trim(), &aggregation),
            None => parse_float(right.trim()).map_err(LimitError::from),
        };
        let limit = limit.map_err(|error| ThresholdError {
            message: format!(
                "failed parsing threshold expresion's {source:?} right hand side; reason: {error}"
            ),
            offset: expression.len() - right.trim_start().len(),
        })?;
        Ok(Threshold {
            source: source.to_owned(),
            abort_on_fail: false,
            delay_abort_eval: Duration::ZERO,
            aggregation,
            operator,
            limit,
            over,
        })
    }

    /// Whether the aggregation method exists for metrics of `kind`.
    ///
    /// # Errors
    /// With the part of k6's message that follows `invalid threshold "..." applied on metric ...; reason: `.
    pub fn check_kind(&self, kind: MetricKind) -> Result<(), ThresholdError> {
        if self.aggregation.is_threshold_method(kind) {
            return Ok(());
        }
        let methods = match kind {
            MetricKind::Counter => "count, rate",
            MetricKind::Gauge => "value",
            MetricKind::Rate => "rate",
            MetricKind::Trend => "avg, min, max, med, p",
        };
        Err(ThresholdError {
            message: format!(
                "unsupported aggregation method {} on metric of type {kind}. \
                 supported aggregation methods for this metric are: {methods}",
                self.aggregation.name()
            ),
            offset: self.source.len() - self.source.trim_start().len(),
        })
    }

    /// Whether the threshold holds on `sink`, the samples of `elapsed`.
    ///
    /// Without samples the aggregates are 0, as in k6, so `count>0` and even `avg<0` fail; a rate
    /// without samples has none, so every threshold on it holds.
    pub fn holds(&self, sink: &Sink, elapsed: Duration) -> bool {
        self.aggregation
            .of(sink, elapsed)
            .is_none_or(|value| self.operator.holds(value, self.limit))
    }
}

/// The left-hand side of an expression.
fn method(text: &str) -> Result<Aggregation, String> {
    let Some(percent) = text.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')')) else {
        return Aggregation::from_name(text)
            .ok_or_else(|| "failed parsing method from expression".to_owned());
    };
    let malformed = |error: String| format!("malformed percentile value; reason: {error}");
    let percent = parse_float(percent).map_err(|error| malformed(error.to_string()))?;
    // k6 takes any number here and crashes when it evaluates it.
    if !(0.0..=100.0).contains(&percent) {
        return Err(malformed(format!("{percent} is not within 0 and 100")));
    }
    Ok(Aggregation::Percentile(percent))
}
