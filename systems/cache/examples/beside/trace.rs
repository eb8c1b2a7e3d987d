//! What is asked for: objects by rank at a zipf law, with and without scans.

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 16;
/// Bytes of a value.
pub(super) const VALUE_BYTES: usize = 64;

/// Requests of a scan, each for an object that is never asked for again.
const SCAN: usize = 2_000;

/// The key of an object.
pub(super) fn key(object: u32) -> [u8; KEY_BYTES] {
    let mut key = *b"object:000000000";
    let mut left = object;
    for digit in key.iter_mut().rev().take(9) {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    key
}

/// Objects in the order in which they are asked for. With scans every fifth request is of a scan.
pub(super) fn trace(objects: u32, requests: usize, skew: f64, scans: bool) -> Vec<u32> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=objects)
        .map(|rank| {
            sum += f64::from(rank).powf(-skew);
            sum
        })
        .collect();
    let mut state = 88_172_645_463_325_252_u64;
    let mut trace = Vec::with_capacity(requests + SCAN);
    let mut scanned = objects;
    while trace.len() < requests {
        if scans && trace.len() % (5 * SCAN) == 4 * SCAN {
            trace.extend(scanned..scanned + SCAN as u32);
            scanned += SCAN as u32;
            continue;
        }
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let point = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        trace.push(cumulative.partition_point(|total| *total < point) as u32);
    }
    trace
}
