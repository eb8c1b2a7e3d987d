//! From the samples of a page to readings.

use std::{collections::HashMap, fmt};

use plimsoll_metrics::{Contains, MetricId, MetricKind, TagSet};

use super::text::{self, Kind, Label, ParseError, Sample};
use crate::{readings::Readings, services::growth::Growth};

/// Series of one page that are recorded; a node exporter has about 1,500.
pub(super) const SERIES_LIMIT: usize = 2_000;

/// Bytes of one series on the page; a longer one is left out.
const KEY_LIMIT: usize = 4 << 10;

/// Series that are remembered, those that are not recorded included.
const KNOWN_LIMIT: usize = 20_000;

/// Series that are not on the page any more are forgotten after so many pages.
const GONE_AFTER: u64 = 60;

/// What has been seen of one page.
pub(super) struct Series {
    wanted: Vec<String>,
    known: HashMap<String, Known>,
    /// Of `known`, those that are recorded.
    recorded: usize,
    pages: u64,
    left_out: LeftOut,
    told: Option<LeftOut>,
}

/// Series that are not recorded, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Past [`SERIES_LIMIT`].
    too_many: usize,
    /// Longer than [`KEY_LIMIT`].
    too_long: usize,
    /// The name is none of ours, or belongs to a metric of another kind.
    named_otherwise: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = [
            (self.too_many, format!("past the limit of {SERIES_LIMIT}")),
            (self.too_long, format!("longer than {KEY_LIMIT} bytes")),
            (self.named_otherwise, "of names that cannot be recorded".to_owned()),
        ];
        let reasons = reasons.iter().filter(|(count, _)| *count > 0);
        let reasons: Vec<_> = reasons.map(|(count, why)| format!("{count} {why}")).collect();
        write!(f, "series left out: {}", reasons.join(", "))
    }
}

struct Known {
    /// None for one that is left out.
    recorded: Option<(MetricId, TagSet)>,
    growth: Growth,
    seen: u64,
}

/// What becomes of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Increase,
    Level,
    None,
}

impl Series {
    /// `wanted`: beginnings of names; none for all.
    pub(super) fn new(wanted: Vec<String>) -> Series {
        Series {
            wanted,
            known: HashMap::new(),
            recorded: 0,
            pages: 0,
            left_out: LeftOut::default(),
            told: None,
        }
    }

    /// Records what a page says. `tags`: those that all its series get.
    pub(super) fn record(
        &mut self,
        page: &str,
        readings: &Readings,
        tags: &TagSet,
    ) -> Result<(), ParseError> {
        self.pages += 1;
        self.left_out = LeftOut::default();
        let outcome = text::parse(page, |sample| self.sample(&sample, readings, tags));
        let now = self.pages;
        self.known.retain(|_, known| now - known.seen < GONE_AFTER);
        self.recorded = self.known.values().filter(|known| known.recorded.is_some()).count();
        outcome
    }

    /// What the last page had that is left out, when it is not what was told before.
    pub(super) fn take_news(&mut self) -> Option<LeftOut> {
        if self.left_out == LeftOut::default() || self.told.is_some() {
            return None;
        }
        self.told = Some(self.left_out);
        self.told
    }

    fn sample(&mut self, sample: &Sample<'_, '_>, readings: &Readings, tags: &TagSet) {
        let usage = usage(sample);
        if usage == Use::None || !self.is_wanted(sample.name) {
            return;
        }
        if sample.key.len() > KEY_LIMIT {
            self.left_out.too_long += 1;
            return;
        }
        if !self.known.contains_key(sample.key) && !self.learn(sample, usage, readings, tags) {
            self.left_out.too_many += 1;
            return;
        }
        let Some(known) = self.known.get_mut(sample.key) else { return };
        known.seen = self.pages;
        let Some((metric, tags)) = &known.recorded else {
            self.left_out.named_otherwise += 1;
            return;
        };
        let value = match usage {
            Use::Increase => known.growth.of(sample.value),
            Use::Level | Use::None => Some(sample.value),
        };
        if let Some(value) = value {
            readings.record_id(*metric, tags, value);
        }
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Takes a new series up; false when there is no room.
    fn learn(
        &mut self,
        sample: &Sample<'_, '_>,
        usage: Use,
        readings: &Readings,
        tags: &TagSet,
    ) -> bool {
        let kind = if usage == Use::Increase { MetricKind::Counter } else { MetricKind::Trend };
        let contains =
            if sample.name.contains("_bytes") { Contains::Data } else { Contains::Default };
        let metric = readings.metric(sample.name, kind, contains);
        if self.known.len() >= KNOWN_LIMIT || (metric.is_some() && self.recorded >= SERIES_LIMIT) {
            return false;
        }
        self.recorded += usize::from(metric.is_some());
        let recorded = metric.map(|metric| (metric, labelled(tags, sample.labels)));
        let known = Known { recorded, growth: Growth::default(), seen: self.pages };
        self.known.insert(sample.key.to_owned(), known);
        true
    }
}

fn usage(sample: &Sample<'_, '_>) -> Use {
    match (sample.kind, sample.suffix) {
        (_, "_created") | (Kind::Info, _) => Use::None,
        (Kind::Counter, _) | (Kind::Histogram | Kind::Summary, "_sum" | "_count") => Use::Increase,
        (Kind::Histogram | Kind::Summary, _) | (Kind::GaugeHistogram, "_bucket") => Use::None,
        (Kind::Unknown, _) if sample.name.ends_with("_total") => Use::Increase,
        (Kind::Gauge | Kind::GaugeHistogram | Kind::StateSet | Kind::Unknown, _) => Use::Level,
    }
}

/// Labels as tags. One that is named as a tag of ours is renamed as Prometheus does it.
fn labelled(tags: &TagSet, labels: &[Label<'_>]) -> TagSet {
    let names: Vec<String> = labels
        .iter()
        .map(|(name, _)| match tags.get(name) {
            Some(_) => format!("exported_{name}"),
            None => (*name).to_owned(),
        })
        .collect();
    let values = labels.iter().map(|(_, value)| &**value);
    tags.extended(names.iter().map(String::as_str).zip(values))
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Registry, Sink};

    use super::*;

    struct Watched {
        registry: Registry,
        readings: Readings,
        series: Series,
    }

    impl Watched {
        fn new(wanted: &[&str]) -> Watched {
            let registry = Registry::new(100_000);
            let readings = Readings::new(registry.clone(), "here", false);
            let wanted = wanted.iter().map(|prefix| (*prefix).to_owned()).collect();
            Watched { registry, readings, series: Series::new(wanted) }
        }

        /// What a page leaves: `name{tag=value,...} value`, without the host.
        fn page(&mut self, page: &str) -> Vec<String> {
            let tags = self.readings.host().with("service", "s");
            self.series.record(page, &self.readings, &tags).unwrap();
            let describe = |(series, sink): &(plimsoll_metrics::SeriesId, Sink)| {
                let def = self.registry.series_def(*series);
                let tags = def.tags.without("host");
                let tags: Vec<_> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let value = match sink {
                    Sink::Counter { sum } => *sum,
                    Sink::Trend(histogram) => histogram.max(),
                    other => panic!("{other:?}"),
                };
                format!("{}{{{}}} {value}", self.registry.def(def.metric).name, tags.join(","))
            };
            self.readings.take().interval.sinks.iter().map(describe).collect()
        }
    }

    #[test]
    fn counters_gauges_and_histograms() {
        let mut watched = Watched::new(&[]);
        let page = |a: u32, b: f64, c: u32| {
            format!(
                "# TYPE jobs_total counter\njobs_total{{kind=\"x\",service=\"theirs\"}} {a}\n\
                 # TYPE pool_size gauge\npool_size {b}\n\
                 # TYPE wait_seconds histogram\nwait_seconds_bucket{{le=\"+Inf\"}} {c}\n\
                 wait_seconds_sum 0.5\nwait_seconds_count {c}\n\
                 # TYPE lag summary\nlag{{quantile=\"0.5\"}} 4\n\
                 # TYPE build info\nbuild_info{{v=\"1\"}} 1\n\
                 untyped 7\nold_total {c}\n"
            )
        };
        assert_eq!(
            watched.page(&page(5, 1.5, 3)),
            ["pool_size{service=s} 1.5", "untyped{service=s} 7"]
        );
        assert_eq!(
            watched.page(&page(9, 2.5, 10)),
            [
                "jobs_total{exported_service=theirs,kind=x,service=s} 4",
                "pool_size{service=s} 2.5",
                "wait_seconds_sum{service=s} 0",
                "wait_seconds_count{service=s} 7",
                "untyped{service=s} 7",
                "old_total{service=s} 7",
            ]
        );
        assert_eq!(
            watched
                .page("# TYPE jobs_total counter\njobs_total{kind=\"x\",service=\"theirs\"} 2\n"),
            ["jobs_total{exported_service=theirs,kind=x,service=s} 2"]
        );
        assert_eq!(watched.series.take_news(), None);
    }

    #[test]
    fn names_of_ours_stay_ours() {
        let mut watched = Watched::new(&[]);
        let page = "# TYPE http_reqs counter\nhttp_reqs 5\na:b 1\nx 2\nfine 3\n";
        for _ in 0..2 {
            assert_eq!(watched.page(page), ["fine{service=s} 3"]);
        }
        let left_out = watched.series.take_news().map(|left_out| left_out.to_string());
        assert_eq!(
            left_out.as_deref(),
            Some("series left out: 3 of names that cannot be recorded")
        );
        watched.page(page);
        assert_eq!(watched.series.take_news(), None, "told once");
    }

    #[test]
    fn only_what_is_wanted() {
        let mut watched = Watched::new(&["node_load", "up"]);
        let page = "node_load1 0.5\nnode_cpu 9\nup 1\n";
        assert_eq!(watched.page(page), ["node_load1{service=s} 0.5", "up{service=s} 1"]);
    }

    #[test]
    fn series_are_bounded_and_forgotten() {
        let mut watched = Watched::new(&[]);
        let many: String =
            (0..SERIES_LIMIT + 3).map(|at| format!("mm{{n=\"{at}\"}} 1\n")).collect();
        let long = format!("ll{{n=\"{}\"}} 1\n", "x".repeat(KEY_LIMIT));
        assert_eq!(watched.page(&format!("{long}{many}")).len(), SERIES_LIMIT);
        let left_out = LeftOut { too_many: 3, too_long: 1, named_otherwise: 0 };
        assert_eq!(watched.series.take_news(), Some(left_out));
        for _ in 0..GONE_AFTER {
            watched.page("");
        }
        assert_eq!(watched.series.known.len(), 0);
    }
}
