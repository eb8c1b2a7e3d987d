//! The registers, and the two forms of the string that they are kept in.
//!
//! ```text
//! "HYLL"  form  0 0 0  count  registers
//! 4 B     1 B   3 B    8 B    ..
//! ```
//! The count is a cache that Redis fills; its highest bit says that it is not valid, which is what we
//! write. Dense, form 0, is 6 bits for each register, lowest first. Sparse, form 1, is runs: `00nnnnnn`
//! n + 1 zeros, `01nnnnnn nnnnnnnn` the same for more, `1vvvvvnn` n + 1 registers of v + 1.

use super::estimate::Histogram;
use crate::commands::error::Error;

pub(super) const REGISTER_BITS: u32 = 14;
pub(super) const REGISTERS: usize = 1 << REGISTER_BITS;
/// Highest value of a register.
pub(super) const RUN_MAX: u8 = (u64::BITS - REGISTER_BITS) as u8 + 1;

const MAGIC: &[u8] = b"HYLL";
const HEAD_BYTES: usize = 16;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
const VALUE_BITS: usize = 6;
const DENSE_BYTES: usize = REGISTERS * VALUE_BITS / 8;
/// Longest sparse form behind the head; Redis's default.
const SPARSE_BYTES_MAX: usize = 3000;
/// Highest value that the sparse form can say.
const SPARSE_VALUE_MAX: u8 = 32;
const SHORT_ZEROS_MAX: usize = 64;
const VALUES_MAX: usize = 4;

const NOT_ONE: Error = Error::text("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPT: Error = Error::text("INVALIDOBJ Corrupted HLL object detected");

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    values: Vec<u8>,
    /// Once dense, a value stays so.
    is_dense: bool,
}

impl Default for Registers {
    fn default() -> Registers {
        Registers { values: vec![0; REGISTERS], is_dense: false }
    }
}

impl Registers {
    /// # Errors
    /// When it is no such string.
    pub(super) fn read(bytes: &[u8]) -> Result<Registers, Error> {
        let (head, body) = bytes.split_at_checked(HEAD_BYTES).ok_or(NOT_ONE)?;
        if !head.starts_with(MAGIC) {
            return Err(NOT_ONE);
        }
        let (values, is_dense) = match head.get(MAGIC.len()) {
            Some(&DENSE) if body.len() == DENSE_BYTES => (read_dense(body), true),
            Some(&SPARSE) => (read_sparse(body).ok_or(CORRUPT)?, false),
            _ => return Err(NOT_ONE),
        };
        if values.iter().any(|value| *value > RUN_MAX) {
            return Err(CORRUPT);
        }
        Ok(Registers { values, is_dense })
    }

    /// The string.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEAD_BYTES];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[HEAD_BYTES - 1] = 0x80;
        match self.sparse() {
            Some(body) => {
                bytes[MAGIC.len()] = SPARSE;
                bytes.extend(body);
            }
            None => {
                bytes[MAGIC.len()] = DENSE;
                bytes.extend(self.dense());
            }
        }
        bytes
    }

    /// Whether that made a register higher.
    pub(super) fn raise(&mut self, register: usize, run: u8) -> bool {
        match self.values.get_mut(register).filter(|value| **value < run) {
            Some(value) => {
                *value = run;
                true
            }
            None => false,
        }
    }

    /// Takes the higher of each two registers.
    pub(super) fn merge(&mut self, other: &Registers) {
        self.is_dense |= other.is_dense;
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = (*value).max(*other);
        }
    }

    pub(super) fn histogram(&self) -> Histogram {
        let mut histogram = Histogram::from([0; RUN_MAX as usize + 1]);
        for value in &self.values {
            if let Some(count) = histogram.get_mut(usize::from(*value)) {
                *count += 1;
            }
        }
        histogram
    }

    fn dense(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(DENSE_BYTES);
        for four in self.values.chunks(4) {
            let bits =
                four.iter().rev().fold(0, |bits, value| bits << VALUE_BITS | u32::from(*value));
            body.extend_from_slice(&bits.to_le_bytes()[..3]);
        }
        body
    }

    /// `None` when it would be too long, or has values that it cannot say.
    fn sparse(&self) -> Option<Vec<u8>> {
        if self.is_dense {
            return None;
        }
        let mut body = Vec::new();
        for run in self.values.chunk_by(|a, b| a == b) {
            let value = *run.first()?;
            let mut left = run.len();
            while left > 0 {
                let length = match value {
                    0 if left <= SHORT_ZEROS_MAX => {
                        body.push((left - 1) as u8);
                        left
                    }
                    0 => {
                        body.extend_from_slice(&(0x4000 | (left - 1) as u16).to_be_bytes());
                        left
                    }
                    1..=SPARSE_VALUE_MAX => {
                        let length = left.min(VALUES_MAX);
                        body.push(0x80 | (value - 1) << 2 | (length - 1) as u8);
                        length
                    }
                    _ => return None,
                };
                left -= length;
            }
            if body.len() > SPARSE_BYTES_MAX {
                return None;
            }
        }
        Some(body)
    }
}

fn read_dense(body: &[u8]) -> Vec<u8> {
    let mut values = Vec::with_capacity(REGISTERS);
    for three in body.chunks_exact(3) {
        let bits = three.iter().rev().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        values.extend((0..4).map(|at| (bits >> (at * VALUE_BITS)) as u8 & 0x3f));
    }
    values
}

/// `None` when it does not tell all registers and no more.
fn read_sparse(body: &[u8]) -> Option<Vec<u8>> {
    let mut values = Vec::with_capacity(REGISTERS);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        let (value, length) = match byte {
            0..0x40 => (0, usize::from(*byte) + 1),
            0x40..0x80 => (0, (usize::from(byte & 0x3f) << 8 | usize::from(*bytes.next()?)) + 1),
            _ => ((byte >> 2 & 0x1f) + 1, usize::from(byte & 3) + 1),
        };
        if values.len() + length > REGISTERS {
            return None;
        }
        values.resize(values.len() + length, value);
    }
    (values.len() == REGISTERS).then_some(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_forms_come_back(
            raised in prop::collection::vec((0..REGISTERS, 1..=RUN_MAX), 0..3000),
            is_dense in any::<bool>(),
        ) {
            let mut registers = Registers { is_dense, ..Registers::default() };
            for (register, run) in raised {
                registers.raise(register, run);
            }
            let bytes = registers.write();
            let read = Registers::read(&bytes).unwrap();
            prop_assert_eq!(&read.values, &registers.values);
            prop_assert!(!is_dense || read.is_dense);
            prop_assert!(bytes.len() <= HEAD_BYTES + DENSE_BYTES);
        }

        #[test]
        fn no_string_is_too_strange(body in prop::collection::vec(any::<u8>(), 0..200), form in 0_u8..3) {
            let mut bytes = b"HYLL".to_vec();
            bytes.push(form);
            bytes.extend([0; 11]);
            bytes.extend(body);
            if let Ok(registers) = Registers::read(&bytes) {
                prop_assert_eq!(registers.histogram().iter().sum::<u32>() as usize, REGISTERS);
            }
        }
    }
}
