//! Distributions of the response time as text: bars between given bounds, and HdrHistogram's table.

use std::time::Duration;

use plimsoll_runtime::duration::go_string;

use super::{Buckets, Tally, ratio, table::table};

/// Characters of a bar that holds all requests.
const BAR: f64 = 75.0;

/// Percentiles on the way from one half of the rest to the next, as HdrHistogram has them.
const TICKS_PER_HALF: f64 = 5.0;

/// `hist[0,2ms,...]`: how many requests lie between the bounds that the tally was made with.
pub fn hist(tally: &Tally) -> String {
    let buckets: Vec<(Duration, u64)> = tally.buckets.iter().flat_map(Buckets::iter).collect();
    let ends = buckets.iter().skip(1).map(|&(bound, _)| go_string(bound));
    let ends = ends.chain(["+Inf".to_owned()]);
    let heads = ["Bucket", "", "#", "%", "Histogram"].map(str::to_owned);
    let rows = buckets.iter().zip(ends).map(|(&(start, count), end)| {
        let share = ratio(count, tally.requests);
        [
            format!("[{},", go_string(start)),
            format!("{end}]"),
            count.to_string(),
            format!("{:.2}%", share * 100.0),
            "#".repeat((share * BAR) as usize),
        ]
    });
    table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>())
}

/// `hdrplot`: percentiles that draw nearer to 100 %, for <https://hdrhistogram.github.io/HdrHistogram/plotFiles.html>.
/// It ends where less than one request is left; the last row is the maximum.
pub fn hdrplot(tally: &Tally) -> String {
    let latencies = &tally.response_time;
    let count = latencies.count() as f64;
    let mut rows =
        vec![["Value(ms)", "Percentile", "TotalCount", "1/(1-Percentile)"].map(str::to_owned)];
    let mut row = |value: Duration, quantile: f64, passed: f64, inverse: f64| {
        let millis = value.as_secs_f64() * 1e3;
        rows.push([
            format!("{millis:.6}"),
            format!("{quantile:.6}"),
            format!("{passed:.0}"),
            format!("{inverse:.6}"),
        ]);
    };
    let mut quantile = 0.0;
    while count > 0.0 && (1.0 - quantile) * count >= 1.0 {
        let inverse = 1.0 / (1.0 - quantile);
        row(latencies.percentile(quantile * 100.0), quantile, (quantile * count).round(), inverse);
        // A step is a fifth of the way to the middle between here and 100 %.
        let halves = (inverse.log2() + 1e-9).floor() + 1.0;
        quantile += 1.0 / (TICKS_PER_HALF * halves.exp2());
    }
    if count > 0.0 {
        row(latencies.percentile(100.0), 1.0, count, count.max(1.0));
    }
    table(&rows)
}
