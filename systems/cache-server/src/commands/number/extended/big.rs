//! Natural numbers of any size, for reading and writing decimal numbers exactly.

use super::{Kind, rounded};

/// A natural number of any size; its lowest 32 bits come first, its highest word is not 0.
#[derive(Clone, Debug)]
pub(super) struct Big(Vec<u32>);

impl From<u128> for Big {
    fn from(mut value: u128) -> Big {
        let mut words = Vec::new();
        while value != 0 {
            words.push(value as u32);
            value >>= 32;
        }
        Big(words)
    }
}

impl Big {
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn bits(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize)
    }

    pub(super) fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    pub(super) fn multiply(&self, other: &Big) -> Big {
        let mut words = vec![0_u32; self.0.len() + other.0.len()];
        for (at, a) in self.0.iter().enumerate() {
            let mut carry = 0_u64;
            let others = other.0.iter().copied().chain(std::iter::once(0));
            for (word, b) in words.iter_mut().skip(at).zip(others) {
                carry += u64::from(*a) * u64::from(b) + u64::from(*word);
                *word = carry as u32;
                carry >>= 32;
            }
        }
        Big(words).trimmed()
    }

    fn trimmed(mut self) -> Big {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    pub(super) fn shift_left(mut self, by: u32) -> Big {
        if self.is_zero() {
            return self;
        }
        let mut words = vec![0; by as usize / 32];
        let bits = by % 32;
        let mut carry = 0_u64;
        for word in &mut self.0 {
            carry |= u64::from(*word) << bits;
            *word = carry as u32;
            carry >>= 32;
        }
        words.append(&mut self.0);
        words.push(carry as u32);
        Big(words).trimmed()
    }

    /// The highest 127 bits, the last of them set when a lower one is, and the power of two.
    fn high(&self) -> (u128, i32) {
        let below = self.bits().saturating_sub(127);
        let mut value = 0_u128;
        let mut is_inexact = false;
        for (at, word) in self.0.iter().enumerate() {
            let (word, place) = (u128::from(*word), at * 32);
            match place.checked_sub(below) {
                Some(left) => value |= word << left,
                None => {
                    let right = below - place;
                    let kept = if right < 32 { word >> right } else { 0 };
                    value |= kept;
                    is_inexact |=
                        right >= 32 && word != 0 || right < 32 && word & ((1 << right) - 1) != 0;
                }
            }
        }
        (value | u128::from(is_inexact), i32::try_from(below).unwrap_or(i32::MAX))
    }

    pub(super) fn top(&self) -> Option<Kind> {
        let (value, power) = self.high();
        rounded(value, power)
    }

    /// The rounded quotient.
    pub(super) fn divide(&self, divisor: &Big) -> Option<Kind> {
        // The quotient gets 66 bits or one more: 64, and two to round by; the rest is the last bit.
        let (length, divisor_length) = (self.bits(), divisor.bits());
        let up = (66 + divisor_length).saturating_sub(length);
        let down = length.saturating_sub(66 + divisor_length);
        let mut rest = self.clone().shift_left(u32::try_from(up).ok()?);
        let divisor = divisor.clone().shift_left(u32::try_from(down).ok()?);
        let mut quotient = 0_u128;
        for step in (0..=66).rev() {
            let part = divisor.clone().shift_left(step);
            quotient <<= 1;
            if rest.is_at_least(&part) {
                rest.subtract(&part);
                quotient |= 1;
            }
        }
        let power = i32::try_from(down).ok()? - i32::try_from(up).ok()?;
        rounded(quotient << 1 | u128::from(!rest.is_zero()), power - 1)
    }

    fn is_at_least(&self, other: &Big) -> bool {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_ge()
    }

    /// `other` is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = 0_i64;
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        for (word, other) in self.0.iter_mut().zip(others) {
            let difference = i64::from(*word) - i64::from(other) + borrow;
            *word = difference as u32;
            borrow = difference >> 32;
        }
        *self = Big(std::mem::take(&mut self.0)).trimmed();
    }

    pub(super) fn to_text(&self) -> String {
        let mut rest = self.clone();
        let mut groups = Vec::new();
        while !rest.is_zero() {
            let mut remainder = 0_u64;
            for word in rest.0.iter_mut().rev() {
                let value = remainder << 32 | u64::from(*word);
                *word = (value / 1_000_000_000) as u32;
                remainder = value % 1_000_000_000;
            }
            rest = rest.trimmed();
            groups.push(remainder);
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }
}
