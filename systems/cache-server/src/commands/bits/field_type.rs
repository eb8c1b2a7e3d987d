//! The integers of BITFIELD: signed or not, of 1 to 64 bits, anywhere in a string.

use super::{BAD_OFFSET, bit, bit_offset};
use crate::commands::{error::Error, number};

const BAD_TYPE: Error = Error::text(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

/// What happens to a number that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Overflow {
    #[default]
    Wrap,
    Saturate,
    Fail,
}

/// The type of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldType {
    is_signed: bool,
    bits: u32,
}

impl FieldType {
    /// From its name, such as `u8`.
    pub(super) fn parse(name: &[u8]) -> Result<FieldType, Error> {
        let (is_signed, bits) = match name {
            [b'i', bits @ ..] => (true, bits),
            [b'u', bits @ ..] => (false, bits),
            _ => return Err(BAD_TYPE),
        };
        let bits = number::integer(bits).and_then(|bits| u32::try_from(bits).ok());
        let most = if is_signed { 64 } else { 63 };
        let bits = bits.filter(|bits| (1..=most).contains(bits)).ok_or(BAD_TYPE)?;
        Ok(FieldType { is_signed, bits })
    }

    /// The place that `text` says, in bits, or in integers of this type behind `#`.
    pub(super) fn offset(self, text: &[u8]) -> Result<usize, Error> {
        let (text, unit) = match text {
            [b'#', text @ ..] => (text, i64::from(self.bits)),
            text => (text, 1),
        };
        let offset = number::integer(text).and_then(|offset| offset.checked_mul(unit));
        let offset = bit_offset(offset)?;
        // The last bit has to have its place as well.
        bit_offset(i64::try_from(offset + self.bits as usize - 1).ok()).map_err(|_| BAD_OFFSET)?;
        Ok(offset)
    }

    /// The byte behind the integer's last bit.
    pub(super) fn end(self, offset: usize) -> usize {
        (offset + self.bits as usize).div_ceil(8)
    }

    pub(super) fn read(self, bytes: &[u8], offset: usize) -> i64 {
        let places = offset..offset + self.bits as usize;
        let raw = places.fold(0_u64, |sum, at| sum << 1 | u64::from(bit(bytes, at)));
        self.wrapped(raw)
    }

    pub(super) fn write(self, bytes: &mut [u8], offset: usize, value: i64) {
        for step in 0..self.bits {
            let at = offset + step as usize;
            let Some(byte) = bytes.get_mut(at / 8) else { return };
            let mask = 0x80 >> (at % 8);
            let is_set = value >> (self.bits - 1 - step) & 1 == 1;
            *byte = if is_set { *byte | mask } else { *byte & !mask };
        }
    }

    /// The sum as it is stored; `None` when it does not fit and may not be changed.
    pub(super) fn sum(self, value: i64, amount: i64, overflow: Overflow) -> Option<i64> {
        // A negative number for an unsigned integer is taken for what its bits are.
        let is_bits = !self.is_signed && value < 0;
        let value = if is_bits { i128::from(value.cast_unsigned()) } else { i128::from(value) };
        let sum = value + i128::from(amount);
        let (least, most) = match self.is_signed {
            true => (-(1_i128 << (self.bits - 1)), (1_i128 << (self.bits - 1)) - 1),
            false => (0, (1_i128 << self.bits) - 1),
        };
        if (least..=most).contains(&sum) {
            return i64::try_from(sum).ok();
        }
        match overflow {
            Overflow::Wrap => Some(self.wrapped(sum as u64)),
            Overflow::Saturate => i64::try_from(sum.clamp(least, most)).ok(),
            Overflow::Fail => None,
        }
    }

    /// The number that the lowest bits are.
    fn wrapped(self, raw: u64) -> i64 {
        let spare = 64 - self.bits;
        let raw = raw << spare;
        if self.is_signed { raw.cast_signed() >> spare } else { (raw >> spare).cast_signed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_saturate_or_fail() {
        for (name, value, amount, wrapped, saturated) in [
            ("u8", 255, 1, 0, 255),
            ("u8", 0, -1, 255, 0),
            ("i8", 127, 1, -128, 127),
            ("i8", -128, -1, 127, -128),
            ("u2", 7, 0, 3, 3),
            ("u63", -1, 0, i64::MAX, i64::MAX),
            ("i64", i64::MAX, 1, i64::MIN, i64::MAX),
        ] {
            let field = FieldType::parse(name.as_bytes()).unwrap();
            assert_eq!(field.sum(value, amount, Overflow::Wrap), Some(wrapped), "{name}");
            assert_eq!(field.sum(value, amount, Overflow::Saturate), Some(saturated), "{name}");
            assert_eq!(field.sum(value, amount, Overflow::Fail), None, "{name}");
        }
        assert!(FieldType::parse(b"u64").is_err());
        assert!(FieldType::parse(b"i0").is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        for (name, offset, value) in [("i5", 3, -9), ("u12", 5, 4000), ("i64", 1, i64::MIN)] {
            let field = FieldType::parse(name.as_bytes()).unwrap();
            let mut bytes = vec![0xa5; field.end(offset)];
            field.write(&mut bytes, offset, value);
            assert_eq!(field.read(&bytes, offset), value, "{name}");
        }
    }
}
