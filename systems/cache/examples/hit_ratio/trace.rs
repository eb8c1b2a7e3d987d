//! Traces that are the same each time.

/// Requests of a scan, each for an object that is never asked for again.
const SCAN: u64 = 2_000;

/// Objects by rank, at a zipf law of this skew. With scans every fifth request is of a scan.
pub(crate) fn trace(objects: u64, requests: u64, skew: f64, scans: bool) -> Vec<u64> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=objects)
        .map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        })
        .collect();
    let mut state = 88_172_645_463_325_252_u64;
    let mut trace = Vec::with_capacity(requests as usize);
    let mut scanned = objects;
    while (trace.len() as u64) < requests {
        if scans && (trace.len() as u64) % (5 * SCAN) == 4 * SCAN {
            trace.extend(scanned..scanned + SCAN);
            scanned += SCAN;
            continue;
        }
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let point = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        trace.push(cumulative.partition_point(|total| *total < point) as u64);
    }
    trace
}
