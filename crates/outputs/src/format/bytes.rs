//! Bytes in decimal units: `0 B`, `5.0 kB`, `11 MB`.

use super::number::{js_string, to_fixed};

const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

/// One decimal below ten units, none above.
pub fn humanize(bytes: f64) -> String {
    if bytes < 10.0 || !bytes.is_finite() {
        return format!("{} B", js_string(bytes));
    }
    let exponent = (bytes.ln() / 1000_f64.ln()).floor().clamp(0.0, 8.0);
    let value = (bytes / 1000_f64.powf(exponent) * 10.0 + 0.5).floor() / 10.0;
    let unit = UNITS.get(exponent as usize).unwrap_or(&"B");
    format!("{} {unit}", to_fixed(value, usize::from(value < 10.0)))
}

#[cfg(test)]
mod tests {
    use super::humanize;

    #[test]
    fn decimal_units() {
        for (bytes, text) in [
            (0.0, "0 B"),
            (9.0, "9 B"),
            (10.0, "10 B"),
            (513.0, "513 B"),
            (5_000.0, "5.0 kB"),
            (11_400.0, "11 kB"),
            (1_230_000.0, "1.2 MB"),
            (2.5e15, "2.5 PB"),
        ] {
            assert_eq!(humanize(bytes), text);
        }
    }
}
