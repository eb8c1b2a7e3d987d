//! Numbers and verdicts as people read them.

use plimsoll_analysis::{
    compare::{Figure, Row, Scale, Settings, Verdict},
    stats::{median, quantile},
};

/// The median of a group's runs, and how far its quarters spread: `12.3 ms ±4%`.
pub(super) fn value(figure: Figure, values: &[f64]) -> String {
    let Some(middle) = median(values) else { return "-".to_owned() };
    let text = number(figure, middle);
    let quarters = (quantile(values, 0.25), quantile(values, 0.75));
    match quarters {
        (Some(low), Some(high)) if values.len() > 1 && middle > 0.0 => {
            let spread = (high - low) / 2.0 / middle * 100.0;
            format!("{text} ±{spread:.0} %")
        }
        _ => text,
    }
}

fn number(figure: Figure, value: f64) -> String {
    match figure {
        Figure::Rate => format!("{value:.1}/s"),
        Figure::Failed => format!("{:.3} %", value * 100.0),
        _ if value < 1.0 => format!("{:.0} µs", value * 1e3),
        _ if value < 100.0 => format!("{value:.2} ms"),
        _ => format!("{value:.0} ms"),
    }
}

/// `+4.2 % (+1.0 to +7.9)`
pub(super) fn change(row: &Row) -> String {
    let Some(change) = row.change else { return "-".to_owned() };
    let unit = match row.figure.scale() {
        Scale::Ratio => "%",
        Scale::Points => "points",
    };
    let estimate = format!("{:+.1} {unit}", change.estimate * 100.0);
    match change.interval {
        Some(range) => {
            format!("{estimate} ({:+.1} to {:+.1})", range.low * 100.0, range.high * 100.0)
        }
        None => estimate,
    }
}

pub(super) fn verdict(row: &Row, settings: &Settings) -> String {
    match row.verdict {
        Verdict::Better => "better".to_owned(),
        Verdict::Worse => "worse".to_owned(),
        Verdict::Same => match row.figure.scale() {
            Scale::Ratio => format!("the same within {:.0} %", settings.margin * 100.0),
            Scale::Points => format!("the same within {} points", settings.margin_points * 100.0),
        },
        Verdict::Unclear { detectable } => match row.figure.scale() {
            Scale::Ratio => format!("unclear: could tell from {:.0} % on", detectable * 100.0),
            Scale::Points => {
                format!("unclear: could tell from {:.2} points on", detectable * 100.0)
            }
        },
        Verdict::TooFew { needed } => format!("too few runs to tell: {needed} of each are needed"),
        Verdict::Missing => "not in all runs".to_owned(),
    }
}

/// `p=0.008 n=5+5`; nothing where no test could say anything.
pub(super) fn test(row: &Row) -> String {
    let count = format!("n={}+{}", row.left.len(), row.right.len());
    match row.verdict {
        Verdict::TooFew { .. } | Verdict::Missing => count,
        _ => format!("p={:.3} {count}", row.p_adjusted),
    }
}

/// What is said below the table of figures that few requests support.
pub(super) fn unsupported(rows: &[Row]) -> Option<String> {
    let names: Vec<&str> =
        rows.iter().filter(|row| !row.is_supported).map(|row| row.figure.name()).collect();
    (!names.is_empty())
        .then(|| format!("not supported by the number of requests of a run: {}", names.join(", ")))
}
