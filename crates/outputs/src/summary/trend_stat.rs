//! The columns of a trend (`summaryTrendStats`).

use plimsoll_metrics::Histogram;

/// One figure of a trend.
#[derive(Clone, Debug, PartialEq)]
pub enum TrendStat {
    Avg,
    Min,
    Med,
    Max,
    Count,
    /// `name` as the user wrote it, e.g. `p(99.9)`; `p` in 0..=100.
    Percentile {
        p: f64,
        name: String,
    },
}

/// A name that is no figure of a trend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrendStatError {
    #[error("invalid trend stat '{0}', unknown format")]
    Unknown(String),
    #[error("invalid percentile trend stat value '{0}', provide a number between 0 and 100")]
    Percentile(String),
}

impl TrendStat {
    /// `avg`, `min`, `med`, `max`, `count` or `p(N)` with N in 0..=100.
    pub fn parse(name: &str) -> Result<TrendStat, TrendStatError> {
        Ok(match name {
            "avg" => TrendStat::Avg,
            "min" => TrendStat::Min,
            "med" => TrendStat::Med,
            "max" => TrendStat::Max,
            "count" => TrendStat::Count,
            _ => {
                let number = name.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
                let number = number.ok_or_else(|| TrendStatError::Unknown(name.to_owned()))?;
                let p = number.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p));
                let p = p.ok_or_else(|| TrendStatError::Percentile(name.to_owned()))?;
                TrendStat::Percentile { p, name: name.to_owned() }
            }
        })
    }

    /// The columns when the user names none.
    pub fn defaults() -> Vec<TrendStat> {
        let percentile = |p: f64| TrendStat::Percentile { p, name: format!("p({p})") };
        vec![
            TrendStat::Avg,
            TrendStat::Min,
            TrendStat::Med,
            TrendStat::Max,
            percentile(90.0),
            percentile(95.0),
        ]
    }

    pub fn name(&self) -> &str {
        match self {
            TrendStat::Avg => "avg",
            TrendStat::Min => "min",
            TrendStat::Med => "med",
            TrendStat::Max => "max",
            TrendStat::Count => "count",
            TrendStat::Percentile { name, .. } => name,
        }
    }

    /// Its value; 0 for a trend without samples.
    pub fn of(&self, histogram: &Histogram) -> f64 {
        match self {
            TrendStat::Avg => histogram.mean(),
            TrendStat::Min => histogram.min(),
            TrendStat::Med => histogram.percentile(50.0),
            TrendStat::Max => histogram.max(),
            TrendStat::Count => histogram.count() as f64,
            TrendStat::Percentile { p, .. } => histogram.percentile(*p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_to_themselves() {
        for name in ["avg", "min", "med", "max", "count", "p(90)", "p(99.99)", "p(0)"] {
            assert_eq!(TrendStat::parse(name).unwrap().name(), name);
        }
        let message = |name| TrendStat::parse(name).unwrap_err().to_string();
        for name in ["", "mean", "p90", "p(90"] {
            assert_eq!(message(name), format!("invalid trend stat '{name}', unknown format"));
        }
        for name in ["p()", "p(x)", "p(101)", "p(-1)", "p(NaN)", "p( 5)"] {
            let expected = format!(
                "invalid percentile trend stat value '{name}', provide a number between 0 and 100"
            );
            assert_eq!(message(name), expected);
        }
    }
}
