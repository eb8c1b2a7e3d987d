//! Decimal arithmetic as Redis does it: with C's `long double`, which on its usual machines has 64
//! bits of mantissa, printed with up to 17 decimals.
//!
//! `INCRBYFLOAT` and `HINCRBYFLOAT` show the difference to a double: 10.5 + 0.1 is 10.6 there, and
//! not 10.59999999999999964.

mod big;

use std::cmp::Ordering;

use self::big::Big;

/// Longest text of a number, in bytes; Redis reads no longer ones.
const TEXT_LIMIT: usize = 5 * 1024;
/// Powers of two beyond which a `long double` is infinite or nothing.
const POWER_LIMIT: i32 = 16384;
/// Powers of ten beyond which no text of [`TEXT_LIMIT`] is a finite number other than zero.
const DECIMAL_POWER_LIMIT: i64 = 11_000;
const DECIMALS: u32 = 17;

/// A number of 64 bits times a power of two, or an infinite one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    is_negative: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `mantissa * 2^power`; the mantissa's highest bit is set unless it is 0.
    Finite {
        mantissa: u64,
        power: i32,
    },
    Infinite,
}

impl Extended {
    /// Nothing.
    pub const ZERO: Extended =
        Extended { is_negative: false, kind: Kind::Finite { mantissa: 0, power: 0 } };

    /// Reads a decimal or hexadecimal number or `inf`; no blanks, no NaN.
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() > TEXT_LIMIT {
            return None;
        }
        let (is_negative, unsigned) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let is_word = |word: &str| unsigned.eq_ignore_ascii_case(word.as_bytes());
        let kind = if is_word("inf") || is_word("infinity") {
            Kind::Infinite
        } else if let [b'0', b'x' | b'X', ..] = unsigned {
            of_double(super::float(unsigned)?)
        } else {
            decimal(unsigned)?
        };
        Some(Extended { is_negative, kind })
    }

    /// Whether it is a number of which there is an end.
    pub fn is_finite(self) -> bool {
        self.kind != Kind::Infinite
    }

    /// The rounded sum; `None` when it is not finite.
    pub fn sum(self, other: Extended) -> Option<Extended> {
        let (Kind::Finite { mantissa: a, power: p }, Kind::Finite { mantissa: b, power: q }) =
            (self.kind, other.kind)
        else {
            return None;
        };
        if a == 0 || b == 0 {
            return Some(if a == 0 { other } else { self });
        }
        let (large, small) = if (p, a) >= (q, b) { (self, other) } else { (other, self) };
        let (power, distance) = (p.max(q), p.abs_diff(q));
        // 63 bits below the larger one's last, and what the smaller one loses is kept as a last bit.
        let (a, b) = if (p, a) >= (q, b) { (a, b) } else { (b, a) };
        let (high, low) = (u128::from(a) << 62, u128::from(b) << 62);
        let low = shifted(low, distance);
        let is_difference = large.is_negative != small.is_negative;
        let sum = if is_difference { high - low } else { high + low };
        let kind = rounded(sum, power - 62)?;
        let is_zero = sum == 0;
        Some(Extended { is_negative: large.is_negative && !is_zero, kind })
    }

    /// Up to 17 decimals, without zeros at the end.
    pub fn to_text(self) -> String {
        let Kind::Finite { mantissa, power } = self.kind else {
            return if self.is_negative { "-inf" } else { "inf" }.to_owned();
        };
        let (whole, fraction) = match u32::try_from(power) {
            Ok(power) => (Big::from(u128::from(mantissa)).shift_left(power).to_text(), 0),
            Err(_) => {
                let unit = 10_u128.pow(DECIMALS);
                let scaled = rounded_shift(u128::from(mantissa) * unit, power.unsigned_abs());
                ((scaled / unit).to_string(), scaled % unit)
            }
        };
        let decimals = format!("{fraction:0width$}", width = DECIMALS as usize);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        let is_zero = decimals.is_empty() && whole == "0";
        let sign = if self.is_negative && !is_zero { "-" } else { "" };
        format!("{sign}{whole}{point}{decimals}")
    }
}

/// Exact: a double has fewer bits.
fn of_double(value: f64) -> Kind {
    if value.is_infinite() {
        return Kind::Infinite;
    }
    let bits = value.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, power) = match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    };
    rounded(u128::from(mantissa), power).unwrap_or(Kind::Infinite)
}

/// A decimal number without a sign; one too large or too small for the type is none, as in Redis.
fn decimal(text: &[u8]) -> Option<Kind> {
    let (digits, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => {
            let power = std::str::from_utf8(text.get(at + 1..)?).ok()?;
            let power = power.parse::<i64>().ok().or_else(|| saturated(power))?;
            (text.get(..at)?, power)
        }
        None => (text, 0),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let places = point.map_or(0, |at| digits.len() - at - 1);
    let mut number = Big::from(0);
    let mut count = 0;
    for (at, digit) in digits.iter().enumerate() {
        if Some(at) == point {
            continue;
        }
        if !digit.is_ascii_digit() {
            return None;
        }
        count += 1;
        number.multiply_add(10, u32::from(digit - b'0'));
    }
    if count == 0 {
        return None;
    }
    if number.is_zero() {
        return Some(Extended::ZERO.kind);
    }
    let power = power.saturating_sub(i64::try_from(places).ok()?);
    if power.abs() > DECIMAL_POWER_LIMIT {
        return None;
    }
    let mut ten = Big::from(1);
    for _ in 0..power.unsigned_abs() {
        ten.multiply_add(10, 0);
    }
    let kind = if power >= 0 { number.multiply(&ten).top() } else { number.divide(&ten) };
    kind.filter(|kind| !matches!(kind, Kind::Finite { mantissa: 0, .. }))
}

/// A power of ten with more digits than any that matters.
fn saturated(power: &str) -> Option<i64> {
    let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(if power.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 })
}

/// `value * 2^power`, rounded to 64 bits, to even when in the middle; `None` when too large.
fn rounded(value: u128, power: i32) -> Option<Kind> {
    if value == 0 {
        return Some(Kind::Finite { mantissa: 0, power: 0 });
    }
    let bits = i32::try_from(128 - value.leading_zeros()).ok()?;
    let excess = bits - 64;
    let (mut mantissa, mut power) = match u32::try_from(excess) {
        Ok(excess) => (rounded_shift(value, excess), power + excess.cast_signed()),
        Err(_) => (value << excess.unsigned_abs(), power + excess),
    };
    if mantissa >> 64 != 0 {
        mantissa >>= 1;
        power += 1;
    }
    let mantissa = u64::try_from(mantissa).ok()?;
    (power + 64 <= POWER_LIMIT).then_some(Kind::Finite { mantissa, power })
}

/// `value >> by`; the last bit is set when any bit was lost.
fn shifted(value: u128, by: u32) -> u128 {
    if by == 0 {
        return value;
    }
    if by > 127 {
        return u128::from(value != 0);
    }
    (value >> by) | u128::from(value & ((1 << by) - 1) != 0)
}

/// `value / 2^by`, rounded, to even when in the middle.
fn rounded_shift(value: u128, by: u32) -> u128 {
    match by {
        0 => value,
        1..=127 => {
            let (quotient, rest) = (value >> by, value & ((1 << by) - 1));
            let up = match rest.cmp(&(1 << (by - 1))) {
                Ordering::Greater => 1,
                Ordering::Equal => quotient & 1,
                Ordering::Less => 0,
            };
            quotient + up
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        let (a, b) = (Extended::parse(a.as_bytes())?, Extended::parse(b.as_bytes())?);
        a.sum(b).map(Extended::to_text)
    }

    /// As redis-server 7.0 answers.
    #[test]
    fn sums() {
        for (a, b, expected) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0", "-5", "-5"),
            ("3", "1.1", "4.1"),
            ("1", "-1", "0"),
            ("-0", "0", "0"),
            ("0.1", "0.2", "0.3"),
            ("1e17", "0.5", "100000000000000000.5"),
            ("0x10", "1", "17"),
            ("3.0e-18", "0", "0"),
            ("17", "1.123456789012345678", "18.12345678901234568"),
            ("1e20", "1", "100000000000000000000"),
            ("123456789.987654321", "1e-9", "123456789.98765432199434144"),
            ("-0.1", "0.3", "0.2"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in ["", "-", ".", "e5", "1e", "1 ", " 1", "nan", "1.2.3", "1e99999", "1e-99999"] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(sum("inf", "1"), None);
        assert_eq!(sum("1e4932", "1e4932"), None);
    }
}
