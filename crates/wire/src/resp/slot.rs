//! Hash slots of a Redis cluster: CRC16 of the key, or of its `{hash tag}`.

/// Slots of a cluster.
pub const SLOTS: u16 = 16384;

/// CRC-16/XMODEM: polynomial 0x1021, from 0, most significant bit first.
const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let index = usize::from((crc >> 8) as u8 ^ byte);
        // 256 entries for 256 values of a byte: there is always one.
        (crc << 8) ^ TABLE.get(index).copied().unwrap_or_default()
    })
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
