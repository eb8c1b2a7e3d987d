//! What tests of outputs share: a registry with samples, and writers that keep or refuse bytes.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use plimsoll_metrics::{
    Builtin, Contains, MetricId, MetricKind, RawSample, Registry, TagSet, Timestamp,
};

/// Bytes that were written, seen from outside.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Samples {
    pub(crate) registry: Registry,
    pub(crate) list: Vec<RawSample>,
}

const START: u64 = 1_795_260_004_713_201_300;

impl Samples {
    pub(crate) fn new() -> Samples {
        Samples { registry: Registry::new(1_000), list: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        metric: MetricId,
        tags: &[(&str, &str)],
        value: f64,
        metadata: &[(&str, &str)],
    ) {
        let set = |pairs: &[(&str, &str)]| TagSet::from_pairs(pairs.iter().copied());
        let series = self.registry.series(metric, &set(tags));
        let at = Timestamp(START + self.list.len() as u64 * 700_000_000);
        let metadata = (!metadata.is_empty()).then(|| set(metadata));
        self.list.push(RawSample { series, at, value, metadata });
    }

    /// Samples with all that lines must cope with.
    pub(crate) fn of_a_run() -> Samples {
        let mut samples = Samples::new();
        let trend =
            samples.registry.metric("my_trend", MetricKind::Trend, Contains::Default).unwrap();
        let request = [
            ("scenario", "default"),
            ("status", "200"),
            ("url", "http://127.0.0.1/?a=b&c=<d>"),
            ("group", ""),
        ];
        samples.add(Builtin::HttpReqs.id(), &request, 1.0, &[("vu", "1"), ("iter", "0")]);
        samples.add(Builtin::HttpReqDuration.id(), &request, 0.593185, &[]);
        samples.add(trend, &[("k", "v"), ("run", "x\"y,é")], 123_456_789.123, &[]);
        samples.add(trend, &[], 1e-7, &[]);
        samples.add(Builtin::IterationLateness.id(), &[], 5.0, &[]);
        samples.add(Builtin::HttpReqs.id(), &request, 1.0, &[]);
        samples.add(Builtin::IterationResponseTime.id(), &[], 5.0, &[]);
        samples
    }
}
