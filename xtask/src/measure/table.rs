//! Medians over rounds, their ratio, and how far it spreads from round to round.

/// One figure of one tool, a value per round.
#[derive(Clone)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) ours: Vec<f64>,
    pub(super) peer: Vec<f64>,
}

impl Figure {
    pub(super) fn new(name: &'static str, unit: &'static str) -> Figure {
        Figure { name, unit, ours: Vec::new(), peer: Vec::new() }
    }

    /// Ours ÷ the peer's: `(of the medians, lowest and highest of a round)`.
    pub(super) fn ratio(&self) -> (f64, f64, f64) {
        let mut ratios: Vec<f64> =
            self.ours.iter().zip(&self.peer).map(|(ours, peer)| ours / peer).collect();
        ratios.sort_by(f64::total_cmp);
        let lowest = ratios.first().copied().unwrap_or(f64::NAN);
        let highest = ratios.last().copied().unwrap_or(f64::NAN);
        (median(&self.ours) / median(&self.peer), lowest, highest)
    }
}

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => f64::NAN,
        (Some(high), 1) => *high,
        (Some(high), _) => sorted.get(middle - 1).map_or(*high, |low| f64::midpoint(*low, *high)),
    }
}

/// Prints one case: medians of both, and both readings of the ratio.
pub(super) fn print(case: &str, peer: &str, figures: &[Figure]) {
    table(case, ["plimsoll", peer, "ours/it", "it/ours"], figures);
}

/// As [`print`], where both are ours: with and without something.
pub(super) fn compare(case: &str, [first, second]: [&str; 2], figures: &[Figure]) {
    let ratios = [format!("{first}/{second}"), format!("{second}/{first}")];
    table(case, [first, second, &ratios[0], &ratios[1]], figures);
}

fn table(case: &str, [ours, peer, ratio, inverse]: [&str; 4], figures: &[Figure]) {
    println!("\n{case}");
    println!("  {:<26} {ours:>12} {peer:>12} {ratio:>8} {:>16} {inverse:>9}", "figure", "spread");
    for figure in figures {
        let name = format!("{} ({})", figure.name, figure.unit);
        let ours = median(&figure.ours);
        if figure.peer.is_empty() {
            println!("  {name:<26} {ours:>12.2} {:>12}", "-");
            continue;
        }
        let (ratio, low, high) = figure.ratio();
        println!(
            "  {name:<26} {ours:>12.2} {:>12.2} {ratio:>8.3} {:>16} {:>9.2}",
            median(&figure.peer),
            format!("{low:.3}..{high:.3}"),
            1.0 / ratio
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, median};

    #[test]
    fn medians_and_ratios() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let mut figure = Figure::new("x", "us");
        figure.ours = vec![1.0, 2.0, 4.0];
        figure.peer = vec![2.0, 2.0, 2.0];
        assert_eq!(figure.ratio(), (1.0, 0.5, 2.0));
    }
}
