//! The columns of trends in the summary: `avg`, `min`, `med`, `max`, `p(N)`, `count`.

use super::error::Reason;

pub(crate) const DEFAULT: &[&str] = &["avg", "min", "med", "max", "p(90)", "p(95)"];

pub(crate) fn check(stat: &str) -> Result<(), Reason> {
    if matches!(stat, "avg" | "min" | "med" | "max" | "count") {
        return Ok(());
    }
    let Some(percentile) = stat.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')')) else {
        return Err(Reason::new(format!("invalid trend stat '{stat}', unknown format"))
            .hint("the columns are avg, min, med, max, count and p(N)"));
    };
    match percentile.parse::<f64>() {
        Ok(p) if (0.0..=100.0).contains(&p) => Ok(()),
        _ => Err(Reason::new(format!(
            "invalid percentile trend stat value '{stat}', provide a number between 0 and 100"
        ))),
    }
}
