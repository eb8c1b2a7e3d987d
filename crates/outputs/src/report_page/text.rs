//! Text and numbers in Markdown.

use crate::format::{
    bytes,
    number::{compact, to_fixed},
};

/// Cells of a curve.
const CURVE_CELLS: usize = 24;

/// Characters that mean something in Markdown, in a cell of a table or to GitHub.
const SPECIAL: &[char] = &['\\', '`', '*', '_', '[', ']', '|', '~', '#', '!'];

/// Text that stands for itself, on one line.
pub(crate) fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // It would call somebody.
            '@' => escaped.push_str("&#64;"),
            char if char.is_control() => escaped.push(' '),
            char => {
                if SPECIAL.contains(&char) {
                    escaped.push('\\');
                }
                escaped.push(char);
            }
        }
    }
    escaped
}

/// Text as code, on one line. In a table a bar is one even in code unless it is escaped.
pub(crate) fn code(text: &str) -> String {
    let line: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let longest = line.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let room = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{room}{}{room}{fence}", line.replace('|', "\\|"))
}

/// A whole number with its thousands apart.
pub(crate) fn count(value: f64) -> String {
    if value.abs() < 100.0 {
        return compact(value, 2);
    }
    let digits = to_fixed(value, 0);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    // Rounding must not make what failed look perfect.
    if value > 0.0 && value < 0.01 {
        return "< 0.01 %".to_owned();
    }
    if value > 99.99 && value < 100.0 {
        return "> 99.99 %".to_owned();
    }
    format!("{} %", compact(value, 2))
}

/// With three figures: a percentile is good for no more.
pub(crate) fn milliseconds(value: f64) -> String {
    let text = |value: f64, unit: &str| format!("{} {unit}", compact(significant(value), 9));
    match value.abs() {
        0.0 => "0 ms".to_owned(),
        size if size < 0.9995 => text(value * 1e3, "µs"),
        size if size < 999.5 => text(value, "ms"),
        size if size < 119_500.0 => text(value / 1e3, "s"),
        _ => text(value / 60e3, "min"),
    }
}

fn significant(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// A value in its unit, as the page's JSON names them.
pub(crate) fn amount(value: f64, unit: &str) -> String {
    let number = || match significant(value) {
        small if small.abs() < 100.0 => compact(small, 6),
        large => count(large),
    };
    match unit {
        "share" => percent(value),
        "cores" => format!("{} {}", number(), if value == 1.0 { "core" } else { "cores" }),
        "bytes" => bytes::humanize(value),
        "bytes/s" => format!("{}/s", bytes::humanize(value)),
        "1/s" => format!("{}/s", number()),
        "ms" => milliseconds(value),
        "s/s" => format!("{} s/s", number()),
        _ => number(),
    }
}

/// A column as blocks of eight heights, thinned by its greatest values; empty when nothing moves.
pub(crate) fn curve(column: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = column.iter().flatten().copied().fold(0.0, f64::max);
    if column.len() < 2 || most <= 0.0 {
        return String::new();
    }
    let cells = column.len().min(CURVE_CELLS);
    let cell = |at: usize| {
        let part = column.get(at * column.len() / cells..(at + 1) * column.len() / cells)?;
        let value = part.iter().flatten().copied().reduce(f64::max)?;
        let height = (value.max(0.0) / most * 7.0).round() as usize;
        BLOCKS.get(height).copied()
    };
    (0..cells).map(|at| cell(at).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_for_itself() {
        assert_eq!(plain("a|b\n<c> @d `e` *f*"), "a\\|b &lt;c&gt; &#64;d \\`e\\` \\*f\\*");
        assert_eq!(code("rate<0.01"), "`rate<0.01`");
        assert_eq!(code("a`b|"), "``a`b\\|``");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn numbers() {
        assert_eq!(count(1_234_567.4), "1,234,567");
        assert_eq!(count(-1_234.0), "-1,234");
        assert_eq!(count(100.0), "100");
        assert_eq!(count(12.345), "12.35");
        assert_eq!(percent(0.008_08), "0.81 %");
        assert_eq!(percent(0.000_001), "< 0.01 %");
        assert_eq!(percent(0.999_999), "> 99.99 %");
        assert_eq!(milliseconds(12.345_6), "12.3 ms");
        assert_eq!(milliseconds(0.000_2), "0.2 µs");
        assert_eq!(milliseconds(78.6), "78.6 ms");
        assert_eq!(milliseconds(999.7), "1 s");
        assert_eq!(amount(1.0, "cores"), "1 core");
        assert_eq!(amount(2.5e6, "bytes/s"), "2.5 MB/s");
    }

    #[test]
    fn curves() {
        let column: Vec<Option<f64>> = (0..8).map(|at| Some(f64::from(at))).collect();
        assert_eq!(curve(&column), "▁▂▃▄▅▆▇█");
        assert_eq!(curve(&[Some(1.0), None, Some(0.0)]), "█ ▁");
        assert_eq!(curve(&[Some(0.0), Some(0.0)]), "");
        let long: Vec<Option<f64>> = (0..10_000).map(|_| Some(1.0)).collect();
        assert_eq!(curve(&long).chars().count(), CURVE_CELLS);
    }
}
