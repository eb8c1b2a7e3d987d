//! Hash slots of a Redis cluster: CRC16 of the key, or of its `{hash tag}`.

/// Slots of a cluster.
pub const SLOTS: u16 = 16384;

/// Bytes that are taken into the checksum at a time: it does not wait for one before the next.
const STRIDE: usize = 8;

/// CRC-16/XMODEM: polynomial 0x1021, from 0, most significant bit first. The table of index n has the
/// checksums of each byte with n zeros behind it.
const TABLES: [[u16; 256]; STRIDE] = tables();

const fn tables() -> [[u16; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut zeros = 0;
        while zeros < STRIDE {
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
                bit += 1;
            }
            tables[zeros][byte] = crc;
            zeros += 1;
        }
        byte += 1;
    }
    tables
}

/// Of one byte with `zeros` zeros behind it.
#[inline]
fn part(zeros: usize, byte: u8) -> u16 {
    // 256 entries for 256 values of a byte: there is always one.
    TABLES.get(zeros).and_then(|table| table.get(usize::from(byte))).copied().unwrap_or_default()
}

fn crc16(bytes: &[u8]) -> u16 {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let crc = strides.iter().fold(0, |crc: u16, &[a, b, c, d, e, f, g, h]| {
        let [high, low] = crc.to_be_bytes();
        part(7, a ^ high)
            ^ part(6, b ^ low)
            ^ part(5, c)
            ^ part(4, d)
            ^ part(3, e)
            ^ part(2, f)
            ^ part(1, g)
            ^ part(0, h)
    });
    rest.iter().fold(crc, |crc, byte| (crc << 8) ^ part(0, (crc >> 8) as u8 ^ byte))
}

/// The slot of a key, below [`SLOTS`].
pub fn slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % SLOTS
}

/// What decides a key's slot: what is between its first `{` and the next `}`, unless that is empty.
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let tag = memchr::memchr(b'{', key).and_then(|open| {
        let after = key.get(open + 1..)?;
        after.get(..memchr::memchr(b'}', after)?)
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    /// Bit by bit, of all lengths around the stride.
    #[test]
    fn the_tables_agree_with_the_polynomial() {
        let bytes: Vec<u8> = (0..40_u8).map(|index| index.wrapping_mul(167) ^ 0x5a).collect();
        for length in 0..bytes.len() {
            let crc = bytes[..length].iter().fold(0, |crc, byte| {
                (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
                    if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
                })
            });
            assert_eq!(crc16(&bytes[..length]), crc, "{length}");
        }
    }

    /// As `CLUSTER KEYSLOT` of Redis 7.0 answers.
    #[test]
    fn slots() {
        for (key, expected) in [
            ("", 0),
            ("foo", 12182),
            ("bar", 5061),
            ("somekey", 11058),
            ("foo{hash_tag}", 2515),
            ("bar{hash_tag}", 2515),
            ("hash_tag", 2515),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn hash_tags() {
        for (key, tag) in [
            ("{user1000}.following", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("foo}bar{", "foo}bar{"),
            ("{", "{"),
        ] {
            assert_eq!(hash_tag(key.as_bytes()), tag.as_bytes(), "{key}");
        }
    }
}
