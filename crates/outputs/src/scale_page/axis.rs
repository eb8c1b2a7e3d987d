//! Round numbers along an axis that begins at zero.

/// Where lines go, and how numbers are written there.
pub(super) struct Axis {
    /// The end, at or above what is shown.
    pub(super) end: f64,
    pub(super) ticks: Vec<f64>,
}

impl Axis {
    /// With about `count` steps up to `most`; in whole numbers when `is_whole`.
    pub(super) fn new(most: f64, count: f64, is_whole: bool) -> Axis {
        let rough = (most / count).max(f64::MIN_POSITIVE);
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
        let fits = |step: &&f64| **step >= rough * 0.999 && (!is_whole || step.fract() == 0.0);
        let least = if is_whole { 1.0 } else { power };
        let step = steps.iter().find(fits).copied().unwrap_or(least);
        let steps = (most / step - 1e-9).ceil().max(1.0);
        let ticks = (0..=steps as u32).map(|at| f64::from(at) * step).collect();
        Axis { end: steps * step, ticks }
    }
}

/// `0`, `250`, `2.5k`, `1.2M`.
pub(super) fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 999_500.0 => (value / 1e6, "M"),
        value if value >= 9_999.5 => (value / 1e3, "k"),
        value => (value, ""),
    };
    let text = if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    text + unit
}
