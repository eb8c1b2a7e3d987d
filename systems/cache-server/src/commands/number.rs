//! Numbers as Redis reads them from arguments and values, and as it writes them.

pub mod extended;

/// Longest text of a 64-bit integer, in bytes.
const INTEGER_LIMIT: usize = 20;
/// Digits of a double, shortest form, at most.
const DIGITS_LIMIT: usize = 17;

/// A decimal integer in its one canonical form: no blank, no `+`, no leading zero.
#[inline]
pub fn integer(text: &[u8]) -> Option<i64> {
    if text.len() > INTEGER_LIMIT {
        return None;
    }
    let (negative, digits) = match text {
        b"0" => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    // Summed below zero, where the smallest number has room.
    let mut sum = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        sum = sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(sum) } else { sum.checked_neg() }
}

/// A double: decimal, hexadecimal or `inf`; no blanks, no NaN.
pub fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let value = match unsigned.get(..2) {
        Some("0x" | "0X") => {
            let value = hexadecimal(unsigned.get(2..)?)?;
            if text.starts_with('-') { -value } else { value }
        }
        _ => text.parse().ok()?,
    };
    (!value.is_nan() && !is_beyond(unsigned, value)).then_some(value)
}

/// Whether a text means a number too large for a double, or too small: C tells of both.
fn is_beyond(unsigned: &str, value: f64) -> bool {
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    let is_decimal = !unsigned.starts_with("0x") && !unsigned.starts_with("0X");
    let too_small = value == 0.0 && mantissa.bytes().any(|digit| matches!(digit, b'1'..=b'9'));
    let too_large = value.is_infinite() && !unsigned.starts_with(['i', 'I']);
    too_large || (is_decimal && too_small)
}

/// What C reads behind `0x`: digits, a point, and perhaps `p` with a power of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, power) = match text.split_once(['p', 'P']) {
        Some((digits, power)) => (digits, power.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Some(value * 2.0_f64.powi(power.checked_sub(places.checked_mul(4)?)?))
}

/// Appends the shortest text that reads back as `value`, in the form that Redis gives it: plain
/// while it is short, with an exponent otherwise.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"nan");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if value.is_infinite() {
        return out.extend_from_slice(b"inf");
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    // The digits d.ddd and the power of ten of the first one.
    let text = format!("{value:e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let power: i32 = power.parse().unwrap_or(0);
    debug_assert!(digits.len() <= DIGITS_LIMIT);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let scale = power + 1 - count;
    let plain_zeros = usize::try_from(scale).ok().filter(|_| power < count + 7);
    if let Some(zeros) = plain_zeros {
        out.extend_from_slice(&digits);
        out.resize(out.len() + zeros, b'0');
    } else if scale < 0 && (scale > -7 || power.abs() < 4) {
        let (whole, fraction) = match usize::try_from(power + 1) {
            Ok(whole) => digits.split_at(whole.min(digits.len())),
            Err(_) => (&[][..], &digits[..]),
        };
        out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        out.push(b'.');
        let zeros = usize::try_from(-(power + 1)).unwrap_or(0);
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(fraction);
    } else {
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        out.push(b'e');
        out.push(if power < 0 { b'-' } else { b'+' });
        out.extend_from_slice(itoa::Buffer::new().format(power.abs()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            (" 1", None),
            ("1 ", None),
            ("1.0", None),
        ] {
            assert_eq!(integer(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn floats() {
        for (text, expected) in [
            ("1.5", Some(1.5)),
            ("-.5", Some(-0.5)),
            ("+3e2", Some(300.0)),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("0x1p4", Some(16.0)),
            ("-0x.8", Some(-0.5)),
            ("1e308", Some(1e308)),
            ("1e309", None),
            ("-1e-400", None),
            ("0e-400", Some(0.0)),
            ("nan", None),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("0x", None),
        ] {
            assert_eq!(float(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn doubles() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (3.1, "3.1"),
            (-0.5, "-0.5"),
            (1234.5678, "1234.5678"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "1e+20"),
            (120_000.0, "120000"),
            (1e7, "10000000"),
            (1e-6, "0.000001"),
            (1.5e-9, "1.5e-9"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NEG_INFINITY, "-inf"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            let mut out = Vec::new();
            write_double(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
