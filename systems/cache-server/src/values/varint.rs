//! Lengths in as few bytes as they need, readable from either side.

/// Longest form of a length.
const MAX: usize = 5;

/// Bytes that `length` takes.
pub(super) fn size(length: usize) -> usize {
    let bits = usize::BITS - (length | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Writes `length` to the front of `out`, which has room for [`size`] bytes of it.
pub(super) fn write(out: &mut [u8], length: usize) {
    let mut rest = length;
    for byte in &mut out[..size(length)] {
        let more = if rest > 0x7f { 0x80 } else { 0 };
        *byte = (rest & 0x7f) as u8 | more;
        rest >>= 7;
    }
}

/// Writes `length` to the front of `out` such that [`read_back`] reads it from its end.
pub(super) fn write_back(out: &mut [u8], length: usize) {
    let size = size(length);
    write(out, length);
    out[..size].reverse();
}

/// A length at the front of `bytes` and what it took.
pub(super) fn read(bytes: &[u8]) -> Option<(usize, usize)> {
    decode(bytes.iter())
}

/// A length at the end of `bytes` and what it took.
pub(super) fn read_back(bytes: &[u8]) -> Option<(usize, usize)> {
    decode(bytes.iter().rev())
}

#[inline]
fn decode<'a>(bytes: impl Iterator<Item = &'a u8>) -> Option<(usize, usize)> {
    let mut length = 0;
    for (index, byte) in bytes.take(MAX).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((length, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_from_both_sides() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 1 << 21, (512 << 20) - 1, 512 << 20] {
            let mut bytes = [0xff; 16];
            write(&mut bytes, length);
            assert_eq!(read(&bytes), Some((length, size(length))));
            let mut bytes = vec![0xff; 3];
            bytes.resize(3 + size(length), 0);
            write_back(&mut bytes[3..], length);
            assert_eq!(read_back(&bytes), Some((length, size(length))));
        }
    }
}
