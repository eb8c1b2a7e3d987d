//! Pressure stall information: how much of the time tasks waited for something. Of the host in
//! `/proc/pressure`, of a cgroup in its own files.

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use crate::{increase::Increase, metric::Metric, readings::Readings};

/// Totals of a pressure file, in microseconds since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) some: Option<u64>,
    /// Older kernels have none for the CPU.
    pub(crate) full: Option<u64>,
}

/// Parses a pressure file. Its averages are smoothed over 10 s and more, so only totals are of use.
pub(crate) fn parse(text: &str) -> Totals {
    let total = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        line.split_once("total=")?.1.trim().parse().ok()
    };
    Totals { some: total("some "), full: total("full ") }
}

/// Remembers the last look at one file.
#[derive(Default)]
pub(crate) struct Pressure {
    some: Increase,
    full: Increase,
    last: Option<Instant>,
}

impl Pressure {
    /// Records the shares of the time since the last look.
    pub(crate) fn read(
        &mut self,
        text: &str,
        (some, full): (&'static Metric, Option<&'static Metric>),
        tags: &TagSet,
        readings: &Readings,
    ) {
        let now = Instant::now();
        let passed = self.last.replace(now).map_or(0.0, |last| now.since(last).as_secs_f64());
        let totals = parse(text);
        let stalled = [
            (Some(some), totals.some.and_then(|total| self.some.of(total))),
            (full, totals.full.and_then(|total| self.full.of(total))),
        ];
        for (metric, micros) in stalled {
            let (Some(metric), Some(micros)) = (metric, micros) else { continue };
            if passed > 0.0 {
                // The kernel adds a stall when it ends or is asked, so a tick may get some of the last.
                readings.record(metric, tags, (micros as f64 / 1e6 / passed).min(1.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_texts() {
        let text = "some avg10=0.90 avg60=0.25 avg300=0.46 total=382079290\n\
            full avg10=0.00 avg60=0.08 avg300=0.38 total=96511910\n";
        assert_eq!(parse(text), Totals { some: Some(382_079_290), full: Some(96_511_910) });
        // Before Linux 5.13.
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=157\n";
        assert_eq!(parse(text), Totals { some: Some(157), full: None });
        assert_eq!(parse(""), Totals::default());
    }
}
