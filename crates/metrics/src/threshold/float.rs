//! Numbers as k6's language reads them: with `_` between digits, `inf`, `nan` and hexadecimal floats.

/// Why a text is no number, in the words that k6 passes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FloatError {
    #[error("strconv.ParseFloat: parsing {0:?}: invalid syntax")]
    Syntax(String),
    #[error("strconv.ParseFloat: parsing {0:?}: value out of range")]
    Range(String),
}

pub(super) fn parse_float(text: &str) -> Result<f64, FloatError> {
    let syntax = || FloatError::Syntax(text.to_owned());
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = unsigned.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Ok(sign * f64::INFINITY),
        "nan" if unsigned.len() == text.len() => return Ok(f64::NAN),
        _ => {}
    }
    let number = match lower.strip_prefix("0x") {
        // An underscore may follow the prefix as if that were a digit.
        Some(digits) => hexadecimal(&without_underscores(digits, true).ok_or_else(syntax)?),
        None => decimal(&without_underscores(&lower, false).ok_or_else(syntax)?),
    };
    let number = number.ok_or_else(syntax)?;
    if number.is_finite() { Ok(sign * number) } else { Err(FloatError::Range(text.to_owned())) }
}

/// `None` when an underscore is not between two digits.
fn without_underscores(text: &str, hexadecimal: bool) -> Option<String> {
    let is_digit = |c: char| c.is_digit(if hexadecimal { 16 } else { 10 });
    let mut plain = String::with_capacity(text.len());
    let mut after_digit = hexadecimal;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '_' {
            plain.push(c);
        } else if !after_digit || !chars.peek().is_some_and(|&next| is_digit(next)) {
            return None;
        }
        after_digit = is_digit(c);
    }
    Some(plain)
}

fn decimal(text: &str) -> Option<f64> {
    let starts_right = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let only_number =
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-'));
    if starts_right && only_number { text.parse().ok() } else { None }
}

/// `1.8p3`: hexadecimal digits, then a binary exponent, which is required.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    if !exponent.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let exponent: i32 = exponent.parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    Some(value * 2_f64.powi(exponent.saturating_sub(places.saturating_mul(4))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_k6_reads() {
        for (text, expected) in [
            ("1", 1.0),
            ("+1", 1.0),
            ("-.5", -0.5),
            ("1.", 1.0),
            ("1e+3", 1e3),
            ("1E-3", 1e-3),
            ("1_000", 1e3),
            ("1e-400", 0.0),
            ("0x1p4", 16.0),
            ("0X1P4", 16.0),
            ("0x_1p4", 16.0),
            ("0x1_0p0", 16.0),
            ("0x1.8p-1", 0.75),
            ("iNf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_float(text), Ok(expected), "{text}");
        }
        assert!(parse_float("NaN").unwrap().is_nan());
    }

    #[test]
    fn refuses_what_k6_refuses() {
        for text in [
            "", ".", "-", "1e", "0x1", "0b1", "1f", "1__0", "_1", "1_", "-nan", "- 1", "--1",
            "1 0", "e5", "0xp1", "0x1p", "\u{661}",
        ] {
            assert_eq!(parse_float(text), Err(FloatError::Syntax(text.to_owned())), "{text}");
        }
        assert_eq!(
            parse_float("1e309").unwrap_err().to_string(),
            "strconv.ParseFloat: parsing \"1e309\": value out of range"
        );
    }
}
