//! Conditions on a window in words: `p(99)>500ms over 10s`, `errors>5% over 5s`, `rate<90% over 10s`.

use std::time::Duration;

use crate::{aggregation::Aggregation, threshold::Operator};

/// The longest window: a sink for each of its seconds is kept.
pub const WINDOW_MAX: Duration = Duration::from_secs(600);

/// Units of time and their milliseconds; of two that begin alike the longer comes first.
pub(crate) const TIMES: [(&str, f64); 7] =
    [("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6)];

const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
];

/// What is compared with the limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    /// Of a trend, in milliseconds; without a name, of the response time.
    Trend { metric: Option<String>, aggregation: Aggregation },
    /// Failed among all, 0..=1.
    ErrorShare,
    /// Number of failed.
    Errors,
    /// Started among those asked for, usually 0..=1.
    RateShare,
    /// Started per second.
    Rate,
}

/// One condition. Made by [`Condition::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As the user wrote it.
    pub source: String,
    pub(super) subject: Subject,
    pub(super) operator: Operator,
    /// In the subject's unit.
    pub(super) limit: f64,
    /// Whole seconds.
    pub(super) over: Duration,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("condition {source_text:?}, column {column}: {message}")]
pub struct ConditionError {
    pub source_text: String,
    pub message: String,
    /// Of the first character that does not fit, from 1.
    pub column: usize,
}

impl Condition {
    /// `SUBJECT OPERATOR LIMIT over WINDOW`, with or without blanks around the operator.
    ///
    /// Subjects: `avg`, `min`, `max`, `med` and `p(N)` of the response time, or of another trend
    /// with its name before a colon, with a limit in `ns`, `us`, `ms` (also without a unit), `s` or
    /// `m`; `errors` with a limit in `%` of all or as a number; `rate`, what was started, with a
    /// limit in `%` of what was asked for or in `/s`. Operators: `<`, `<=`, `>`, `>=`.
    ///
    /// # Errors
    /// With the column and what was expected there.
    pub fn parse(source: &str) -> Result<Condition, ConditionError> {
        let mut text = Text { source, at: 0 };
        text.blanks();
        let subject = text.subject()?;
        text.blanks();
        let operator = text.operator()?;
        text.blanks();
        let (subject, limit) = text.limit(subject)?;
        text.blanks();
        if !text.takes("over") {
            return text.fail("expected `over` and the length of the window, as in `over 10s`");
        }
        text.blanks();
        let over = text.window()?;
        text.blanks();
        if !text.rest().is_empty() {
            return text.fail("expected nothing more");
        }
        Ok(Condition { source: source.trim().to_owned(), subject, operator, limit, over })
    }

    /// What is so when this is not: what must be kept, as a condition that says when it was not.
    #[must_use]
    pub fn opposite(self) -> Condition {
        Condition { operator: self.operator.opposite(), ..self }
    }

    /// Whether it is about the share of what was asked for, which only a schedule of arrivals asks for.
    pub fn is_of_what_was_asked(&self) -> bool {
        self.subject == Subject::RateShare
    }

    /// The length of the window.
    pub fn over(&self) -> Duration {
        self.over
    }
}

/// The length of a window: whole seconds, up to [`WINDOW_MAX`], and nothing behind it.
pub(crate) fn window_of(source: &str) -> Result<Duration, ConditionError> {
    let mut text = Text { source, at: 0 };
    text.blanks();
    let over = text.window()?;
    text.blanks();
    if text.rest().is_empty() { Ok(over) } else { text.fail("expected nothing more") }
}

/// A text on its way through the parser.
pub(super) struct Text<'a> {
    pub(super) source: &'a str,
    /// In bytes.
    pub(super) at: usize,
}

impl<'a> Text<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T, ConditionError> {
        self.fail_at(self.at, message)
    }

    pub(super) fn fail_at<T>(
        &self,
        at: usize,
        message: impl Into<String>,
    ) -> Result<T, ConditionError> {
        let before = self.source.get(..at).unwrap_or_default();
        Err(ConditionError {
            source_text: self.source.to_owned(),
            message: message.into(),
            column: before.chars().count() + 1,
        })
    }

    pub(super) fn takes(&mut self, word: &str) -> bool {
        let takes = self.rest().starts_with(word);
        if takes {
            self.at += word.len();
        }
        takes
    }

    fn while_is(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn blanks(&mut self) {
        self.while_is(char::is_whitespace);
    }

    fn word(&mut self) -> &'a str {
        self.while_is(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    pub(super) fn subject(&mut self) -> Result<Subject, ConditionError> {
        let start = self.at;
        let word = self.word();
        match word {
            "errors" => return Ok(Subject::ErrorShare),
            "rate" => return Ok(Subject::RateShare),
            _ => {}
        }
        let (metric, method_at, method) = if !word.is_empty() && self.takes(":") {
            (Some(word.to_owned()), self.at, self.word())
        } else {
            (None, start, word)
        };
        let aggregation = match Aggregation::from_name(method) {
            _ if method == "p" => self.percentile()?,
            Some(
                known @ (Aggregation::Avg | Aggregation::Min | Aggregation::Max | Aggregation::Med),
            ) => known,
            _ => {
                let expected = if metric.is_some() { "" } else { "errors, rate, " };
                let message = format!("expected one of {expected}avg, min, max, med, p(N)");
                return self.fail_at(method_at, message);
            }
        };
        Ok(Subject::Trend { metric, aggregation })
    }

    fn percentile(&mut self) -> Result<Aggregation, ConditionError> {
        if !self.takes("(") {
            return self.fail("expected a percentile in parentheses, as in p(99)");
        }
        let start = self.at;
        let percent = self.number()?;
        if percent > 100.0 {
            return self.fail_at(start, "a percentile is within 0 and 100");
        }
        if !self.takes(")") {
            return self.fail("expected `)`");
        }
        Ok(Aggregation::Percentile(percent))
    }

    pub(super) fn operator(&mut self) -> Result<Operator, ConditionError> {
        match OPERATORS.iter().find(|(word, _)| self.takes(word)) {
            Some((_, operator)) => Ok(*operator),
            None => self.fail("expected one of <, <=, >, >="),
        }
    }

    /// Without a sign.
    fn number(&mut self) -> Result<f64, ConditionError> {
        let start = self.at;
        let digits = self.while_is(|c| c.is_ascii_digit() || c == '.');
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => self.fail_at(start, "expected a number"),
        }
    }

    pub(super) fn limit(&mut self, subject: Subject) -> Result<(Subject, f64), ConditionError> {
        let number = self.number()?;
        Ok(match subject {
            Subject::Trend { .. } => (subject, number * self.time().unwrap_or(1.0)),
            Subject::ErrorShare | Subject::Errors if self.takes("%") => {
                (Subject::ErrorShare, number / 100.0)
            }
            Subject::ErrorShare | Subject::Errors => (Subject::Errors, number),
            Subject::RateShare | Subject::Rate if self.takes("%") => {
                (Subject::RateShare, number / 100.0)
            }
            Subject::RateShare | Subject::Rate if self.takes("/s") => (Subject::Rate, number),
            Subject::RateShare | Subject::Rate => {
                return self.fail("expected `%` of the rate asked for, or `/s`");
            }
        })
    }

    /// A unit of time, in milliseconds.
    fn time(&mut self) -> Option<f64> {
        TIMES.iter().find(|(unit, _)| self.takes(unit)).map(|(_, milliseconds)| *milliseconds)
    }

    pub(super) fn window(&mut self) -> Result<Duration, ConditionError> {
        let start = self.at;
        let number = self.number()?;
        let Some(unit) = self.time() else {
            return self.fail("expected a unit of time: s or m");
        };
        let seconds = number * unit / 1e3;
        if seconds < 1.0 || seconds > WINDOW_MAX.as_secs_f64() || seconds.fract() != 0.0 {
            let most = WINDOW_MAX.as_secs();
            return self.fail_at(start, format!("a window is of 1 to {most} whole seconds"));
        }
        Ok(Duration::from_secs(seconds as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, subject: Subject, operator: Operator, limit: f64, seconds: u64) {
        let condition = Condition::parse(source).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(condition.subject, subject, "{source}");
        assert_eq!((condition.operator, condition.limit), (operator, limit), "{source}");
        assert_eq!(condition.over(), Duration::from_secs(seconds), "{source}");
    }

    #[test]
    fn conditions() {
        let trend = |name: &str, aggregation| Subject::Trend {
            metric: (!name.is_empty()).then(|| name.to_owned()),
            aggregation,
        };
        let p = |percent| trend("", Aggregation::Percentile(percent));
        use Operator::{Greater, GreaterOrEqual, Less, LessOrEqual};
        check("p(99)>500ms over 10s", p(99.0), Greater, 500.0, 10);
        check(" p(99.9) >= 1.5s  over 2m ", p(99.9), GreaterOrEqual, 1500.0, 120);
        check("avg<250us over 1s", trend("", Aggregation::Avg), Less, 0.25, 1);
        check("max<=3 over 1s", trend("", Aggregation::Max), LessOrEqual, 3.0, 1);
        let lateness = trend("iteration_lateness", Aggregation::Med);
        check("iteration_lateness:med>10ms over 5s", lateness, Greater, 10.0, 5);
        check("errors>5% over 5s", Subject::ErrorShare, Greater, 0.05, 5);
        check("errors>=10 over 5000ms", Subject::Errors, GreaterOrEqual, 10.0, 5);
        check("rate<90% over 10s", Subject::RateShare, Less, 0.9, 10);
        check("rate < 900/s over 10m", Subject::Rate, Less, 900.0, 600);
    }

    #[test]
    fn the_opposite_is_so_when_the_condition_is_not() {
        for (source, operator) in [
            ("p(99)<200ms over 10s", Operator::GreaterOrEqual),
            ("p(99)<=200ms over 10s", Operator::Greater),
            ("rate>90% over 10s", Operator::LessOrEqual),
            ("rate>=90% over 10s", Operator::Less),
        ] {
            let opposite = Condition::parse(source).unwrap().opposite();
            assert_eq!((opposite.operator, opposite.source.as_str()), (operator, source));
            assert_eq!(opposite.is_of_what_was_asked(), source.starts_with("rate"));
        }
    }

    #[test]
    fn what_is_none_is_told_where() {
        for (source, column, message) in [
            ("", 1, "expected one of errors, rate, avg, min, max, med, p(N)"),
            ("p99>5 over 1s", 1, "expected one of errors, rate, avg, min, max, med, p(N)"),
            ("count>5 over 1s", 1, "expected one of errors, rate, avg, min, max, med, p(N)"),
            ("x:rate>5 over 1s", 3, "expected one of avg, min, max, med, p(N)"),
            ("p>5 over 1s", 2, "expected a percentile in parentheses, as in p(99)"),
            ("p(101)>5 over 1s", 3, "a percentile is within 0 and 100"),
            ("p(1.2.3)>5 over 1s", 3, "expected a number"),
            ("p(9>5 over 1s", 4, "expected `)`"),
            ("avg 5", 5, "expected one of <, <=, >, >="),
            ("avg==5 over 1s", 4, "expected one of <, <=, >, >="),
            ("avg>µs over 1s", 5, "expected a number"),
            ("avg>5µs in 1s", 9, "expected `over` and the length of the window, as in `over 10s`"),
            ("avg>5", 6, "expected `over` and the length of the window, as in `over 10s`"),
            ("rate<5 over 1s", 7, "expected `%` of the rate asked for, or `/s`"),
            ("errors>5% over 5", 17, "expected a unit of time: s or m"),
            ("errors>5% over 500ms", 16, "a window is of 1 to 600 whole seconds"),
            ("errors>5% over 1.5s", 16, "a window is of 1 to 600 whole seconds"),
            ("errors>5% over 11m", 16, "a window is of 1 to 600 whole seconds"),
            ("errors>5% over 5s!", 18, "expected nothing more"),
        ] {
            let error = Condition::parse(source).expect_err(source);
            assert_eq!((error.column, error.message.as_str()), (column, message), "{source}");
        }
        let error = Condition::parse("avg").unwrap_err().to_string();
        assert_eq!(error, "condition \"avg\", column 4: expected one of <, <=, >, >=");
    }
}
