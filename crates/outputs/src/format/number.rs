//! Floating-point numbers as JavaScript and as Go's JSON print them.

/// As JavaScript's `Number.prototype.toFixed`: ties away from zero, plain notation below 1e21.
pub fn to_fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() || value.abs() >= 1e21 {
        return js_string(value);
    }
    let magnitude = value.abs();
    // A tie has nothing but zeros behind its 5; Rust would round it to even.
    let exact = format!("{magnitude:.*}", decimals + 30);
    let cut = exact.len().saturating_sub(30);
    let is_tie = exact.get(cut..).is_some_and(|rest| {
        rest.strip_prefix('5').is_some_and(|rest| rest.bytes().all(|digit| digit == b'0'))
    });
    let rounded = if is_tie { magnitude.next_up() } else { magnitude };
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{rounded:.decimals$}")
}

/// At most `decimals` decimals, without trailing zeros.
pub fn compact(value: f64, decimals: usize) -> String {
    js_string(to_fixed(value, decimals).parse().unwrap_or(value))
}

/// As [`compact`], but cutting where that rounds.
pub fn compact_cut(value: f64, decimals: usize) -> String {
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    compact((scale * value).trunc() / scale, decimals)
}

/// As JavaScript's `String(number)`.
pub fn js_string(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&value.abs()) {
        return format!("{value}");
    }
    let mut text = String::new();
    push_scientific(&mut text, value, 1);
    text
}

/// Appends `value` as k6 writes the values of samples: Go's shortest `%g`, so with an exponent from a
/// million on. NaN and infinities, for which JSON has no form, become 0.
pub fn push_sample(text: &mut String, value: f64) {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        text.push('0');
    } else if !(1e-4..1e6).contains(&magnitude) {
        push_scientific(text, value, 2);
    } else if value == value.trunc() {
        text.push_str(itoa::Buffer::new().format(value as i64));
    } else {
        // Plain in this range.
        text.push_str(ryu::Buffer::new().format_finite(value));
    }
}

fn push_scientific(text: &mut String, value: f64, exponent_digits: usize) {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    text.push_str(&format!("{mantissa}e{sign}{digits:0>exponent_digits$}"));
}

/// `value` as a JSON number, a whole one without a fraction; NaN and infinities as 0.
pub fn json(value: f64) -> serde_json::Value {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value == value.trunc() && value.abs() < WHOLE {
        serde_json::Value::from(value as i64)
    } else {
        serde_json::Number::from_f64(value)
            .map_or(serde_json::Value::from(0), serde_json::Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_decimals_round_ties_away_from_zero() {
        for (value, decimals, text) in [
            (0.125, 2, "0.13"),
            (-0.125, 2, "-0.13"),
            (2.5, 0, "3"),
            (1.005, 2, "1.00"),
            (0.0, 2, "0.00"),
            (1e21, 2, "1e+21"),
        ] {
            assert_eq!(to_fixed(value, decimals), text);
        }
    }

    #[test]
    fn no_trailing_zeros() {
        assert_eq!(compact(0.1 + 0.2, 6), "0.3");
        assert_eq!(compact(1.0 / 3.0, 6), "0.333333");
        assert_eq!(compact(1e-7, 6), "0");
        assert_eq!(compact_cut(999.999, 2), "999.99");
        assert_eq!(compact_cut(-5.555, 2), "-5.55");
        assert_eq!(compact(1.367358344125399e22, 6), "1.367358344125399e+22");
    }

    #[test]
    fn samples_as_k6_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (155.0, "155"),
            (0.593185, "0.593185"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-7, "1e-07"),
            (123_456_789.123, "1.23456789123e+08"),
            (1_000_000.0, "1e+06"),
            (999_999.5, "999999.5"),
            (1e21, "1e+21"),
            (-3.25, "-3.25"),
            (0.0001, "0.0001"),
            (f64::NAN, "0"),
        ] {
            let mut out = String::new();
            push_sample(&mut out, value);
            assert_eq!(out, text);
        }
    }

    proptest::proptest! {
        #[test]
        fn samples_read_back_as_they_were(value in proptest::num::f64::NORMAL) {
            let mut out = String::new();
            push_sample(&mut out, value);
            proptest::prop_assert_eq!(out.parse::<f64>().unwrap(), value);
        }
    }
}
