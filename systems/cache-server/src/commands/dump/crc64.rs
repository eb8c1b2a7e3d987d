//! The checksum of Redis's database files: CRC-64 with the polynomial of Jones, bits reflected.

const TABLE: [u64; 256] = table();

/// 0xad93d23594c935a9 from the other end.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// The checksum of what had the checksum `before`, 0 if nothing, and these bytes behind it.
pub(super) fn checksum(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |crc, byte| {
        let index = usize::from(crc as u8 ^ byte);
        // 256 entries for 256 values of a byte: there is always one.
        (crc >> 8) ^ TABLE.get(index).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_the_polynomial() {
        assert_eq!(super::checksum(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(super::checksum(super::checksum(0, b"1234"), b"56789"), 0xe9c6_d914_c4b8_d9ca);
    }
}
