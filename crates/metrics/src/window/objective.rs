//! What a service should keep: `p(99)<200ms`, `errors<0.1%`, `p(95)<50ms over 10s`.

use std::time::Duration;

use super::condition::{ConditionError, Subject, Text};
use crate::{aggregation::Aggregation, threshold::Operator};

/// The figure that has a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Of all requests, this share (0..=1) must be faster.
    Quantile(f64),
    /// The mean.
    Mean,
    /// The share (0..=1) of requests that fail.
    Errors,
}

/// One objective. Made by [`Objective::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As the user wrote it.
    pub source: String,
    pub measure: Measure,
    /// Milliseconds of response time, or the share of failed requests.
    pub limit: f64,
    /// Whole seconds: every stretch so long must keep it; `None` for all of the time together.
    pub over: Option<Duration>,
}

impl Objective {
    /// `MEASURE < LIMIT [over WINDOW]`. Measures: `avg`, `med`, `max` and `p(N)` of the response time,
    /// with a limit in `ns`, `us`, `ms` (also without a unit), `s` or `m`; `errors` with a limit in `%`
    /// of all requests.
    ///
    /// # Errors
    /// With the column and what was expected there.
    pub fn parse(source: &str) -> Result<Objective, ConditionError> {
        let mut text = Text { source, at: 0 };
        text.blanks();
        let start = text.at;
        let subject = text.subject()?;
        text.blanks();
        let operator_at = text.at;
        if !matches!(text.operator()?, Operator::Less | Operator::LessOrEqual) {
            return text.fail_at(operator_at, "an objective is a limit from above: expected <");
        }
        text.blanks();
        let (subject, limit) = text.limit(subject)?;
        let Some(measure) = measure(&subject) else {
            return text.fail_at(start, "expected one of avg, med, max, p(N) or errors with a %");
        };
        text.blanks();
        let over = if text.takes("over") {
            text.blanks();
            Some(text.window()?)
        } else {
            None
        };
        text.blanks();
        if !text.rest().is_empty() {
            return text.fail("expected `over` and the length of a window, or nothing more");
        }
        Ok(Objective { source: source.trim().to_owned(), measure, limit, over })
    }
}

fn measure(subject: &Subject) -> Option<Measure> {
    match subject {
        Subject::ErrorShare => Some(Measure::Errors),
        Subject::Trend { metric: None, aggregation } => match aggregation {
            Aggregation::Avg => Some(Measure::Mean),
            Aggregation::Med => Some(Measure::Quantile(0.5)),
            Aggregation::Max => Some(Measure::Quantile(1.0)),
            Aggregation::Percentile(percent) => Some(Measure::Quantile(percent / 100.0)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives() {
        let check = |source: &str, measure, limit, over: Option<u64>| {
            let objective = Objective::parse(source).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((objective.measure, objective.limit), (measure, limit), "{source}");
            assert_eq!(objective.over, over.map(Duration::from_secs), "{source}");
        };
        check("p(99)<200ms", Measure::Quantile(0.99), 200.0, None);
        check(" avg <= 0.8s over 10s ", Measure::Mean, 800.0, Some(10));
        check("errors<0.1%", Measure::Errors, 0.001, None);
        check("max<3", Measure::Quantile(1.0), 3.0, None);
        check("med<1ms", Measure::Quantile(0.5), 1.0, None);
    }

    #[test]
    fn what_is_none_is_told_where() {
        for (source, column) in [
            ("p(99)>200ms", 6),
            ("rate<90%", 1),
            ("errors<5", 1),
            ("min<5", 1),
            ("http_req_duration:avg<5", 1),
            ("p(99)<200ms over", 17),
            ("p(99)<200ms for 5s", 13),
        ] {
            assert_eq!(Objective::parse(source).expect_err(source).column, column, "{source}");
        }
    }
}
