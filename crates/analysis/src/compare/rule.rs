//! `--fail-if 'p99 worse 5%'`: what makes a comparison fail.

use std::str::FromStr;

use super::{Figure, Row, Verdict};

/// What must not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `None` for any of them.
    figure: Option<Figure>,
    asked: Asked,
    /// Smaller changes are let pass: 0.05.
    least: f64,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Worse,
    /// Nothing can be told: too few runs, or too much noise.
    Unclear,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError(String);

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    /// `FIGURE worse [N%]`, `FIGURE unclear`; `any` stands for every figure.
    fn from_str(text: &str) -> Result<Rule, RuleError> {
        let mut words = text.split_whitespace();
        let (Some(figure), Some(verb), least, None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(RuleError("it takes the form FIGURE worse N%".to_owned()));
        };
        let figure = match figure {
            "any" => None,
            name => {
                Some(Figure::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| {
                    let names: Vec<&str> = Figure::ALL.iter().map(|one| one.name()).collect();
                    RuleError(format!(
                        "there is no figure {name}; there are {}, any",
                        names.join(", ")
                    ))
                })?)
            }
        };
        let asked = match verb {
            "worse" => Asked::Worse,
            "unclear" => Asked::Unclear,
            other => return Err(RuleError(format!("{other} is neither worse nor unclear"))),
        };
        let least = match least {
            None => 0.0,
            Some(_) if asked == Asked::Unclear => {
                return Err(RuleError("unclear takes no percentage".to_owned()));
            }
            Some(share) => {
                let number = share.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
                let valid = number.filter(|number| number.is_finite() && *number >= 0.0);
                valid.ok_or_else(|| RuleError(format!("{share} is no percentage")))? / 100.0
            }
        };
        Ok(Rule { figure, asked, least, text: text.to_owned() })
    }
}

impl Rule {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The figures for which what must not be is so.
    pub fn broken_by<'a>(&self, rows: &'a [Row]) -> Vec<&'a Row> {
        let is_meant = |row: &&Row| self.figure.is_none_or(|figure| figure == row.figure);
        rows.iter().filter(is_meant).filter(|row| self.is_so(row)).collect()
    }

    fn is_so(&self, row: &Row) -> bool {
        match (self.asked, row.verdict) {
            (Asked::Worse, Verdict::Worse) => {
                row.change.is_some_and(|change| change.estimate.abs() >= self.least)
            }
            (Asked::Unclear, Verdict::Unclear { .. } | Verdict::TooFew { .. }) => true,
            (Asked::Unclear, Verdict::Missing) => true,
            _ => false,
        }
    }
}
