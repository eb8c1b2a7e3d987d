//! A row of values as a row of small bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `width` of `values`, each as a bar between zero and `full`; what is above is full. Where there
/// are fewer, blanks come first, so that the newest is always at the right.
pub(super) fn sparkline(values: &[f64], full: f64, width: usize) -> String {
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let bar = |value: &f64| {
        let share = if full > 0.0 { (value / full).clamp(0.0, 1.0) } else { 0.0 };
        // Zero has the lowest bar for itself: that something is there shows.
        let highest = (BARS.len() - 1) as f64;
        BARS.get((share * highest).ceil() as usize).copied().unwrap_or(' ')
    };
    " ".repeat(width - shown.len()).chars().chain(shown.iter().map(bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn newest_at_the_right_and_zero_at_the_bottom() {
        let check = |values: &[f64], full, width, expected: &str| {
            assert_eq!(sparkline(values, full, width), expected, "{values:?}");
        };
        check(&[], 1.0, 3, "   ");
        check(&[0.0, 0.001, 0.5, 1.0, 7.0], 1.0, 5, "▁▂▅██");
        check(&[1.0, 0.0], 1.0, 4, "  █▁");
        check(&[1.0, 0.0, 1.0], 1.0, 2, "▁█");
        check(&[0.0, f64::NAN, -1.0], 0.0, 3, "▁▁▁");
        check(&[1.0], 1.0, 0, "");
    }
}
