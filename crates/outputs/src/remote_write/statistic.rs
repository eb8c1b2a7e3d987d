//! `K6_PROMETHEUS_RW_TREND_STATS`: what is sent of a trend.

use crate::cumulative::Distribution;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statistic {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Med,
    /// The number as it was written, and what it is.
    Percentile(String, f64),
}

impl Statistic {
    pub(super) fn percentile(p: f64) -> Statistic {
        Statistic::Percentile(p.to_string(), p)
    }

    /// # Errors
    /// A sentence, k6's.
    pub(super) fn parse(text: &str) -> Result<Statistic, String> {
        Ok(match text {
            "count" => Statistic::Count,
            "sum" => Statistic::Sum,
            "min" => Statistic::Min,
            "max" => Statistic::Max,
            "avg" => Statistic::Avg,
            "med" => Statistic::Med,
            _ => {
                let number = text.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
                let number =
                    number.ok_or_else(|| format!("invalid trend stat '{text}', unknown format"))?;
                let p = number.parse().ok().filter(|p| (0.0..=100.0).contains(p));
                let p = p.ok_or_else(|| {
                    format!(
                        "invalid percentile trend stat value '{text}', provide a number between 0 and 100"
                    )
                })?;
                Statistic::Percentile(number.to_owned(), p)
            }
        })
    }

    /// What the name of its series ends in: `p9999` of `p(99.99)`.
    pub(super) fn ending(&self) -> String {
        match self {
            Statistic::Count => "count".to_owned(),
            Statistic::Sum => "sum".to_owned(),
            Statistic::Min => "min".to_owned(),
            Statistic::Max => "max".to_owned(),
            Statistic::Avg => "avg".to_owned(),
            Statistic::Med => "med".to_owned(),
            Statistic::Percentile(number, _) => format!("p{}", number.replace('.', "")),
        }
    }

    pub(super) fn of(&self, distribution: &Distribution) -> f64 {
        match self {
            // k6 divides the count of times by a thousand, as if it were one.
            Statistic::Count => distribution.count() as f64,
            Statistic::Sum => distribution.sum(),
            Statistic::Min => distribution.min(),
            Statistic::Max => distribution.max(),
            Statistic::Avg => distribution.mean(),
            Statistic::Med => distribution.percentile(50.0),
            Statistic::Percentile(_, p) => distribution.percentile(*p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_k6s() {
        let endings = ["p(99.99)", "p(50)", "p(0.5)", "count", "avg", "med"];
        let found = endings.map(|text| Statistic::parse(text).unwrap().ending());
        assert_eq!(found, ["p9999", "p50", "p05", "count", "avg", "med"]);
    }
}
