//! Any page in Prometheus's text format, under the names that it has there.
//!
//! Counters become their increases, gauges levels; of histograms and summaries the increases of `_sum` and
//! `_count` are kept, so that means can be had.

mod series;
pub mod text;

use plimsoll_metrics::TagSet;

use super::{Address, Page};
use crate::{
    metric::Metric,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
use series::Series;

/// Bytes of one page.
const PAGE_LIMIT: usize = 16 << 20;

/// The text format, and the one that servers such as Prometheus's own clients prefer to give.
const ACCEPT: &str =
    "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

/// The page that needs no mention in a name.
const USUAL_PATH: &str = "/metrics";

/// `prometheus:http://HOST[:PORT]/metrics[#PREFIX,PREFIX...]`
#[derive(Debug)]
pub(super) struct Prometheus {
    name: String,
    service: String,
    address: Address,
    /// Beginnings of the names that are wanted; none for all.
    wanted: Vec<String>,
}

impl Prometheus {
    /// `url`: behind `prometheus:`.
    pub(super) fn parse(url: &str) -> Result<Prometheus, String> {
        let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
        let address = super::http_address(url)?;
        let path = Some(address.path.as_str()).filter(|path| *path != USUAL_PATH && *path != "/");
        let service = format!("{}{}", address.authority, path.unwrap_or_default());
        let prefixes = fragment.split(',').map(|prefix| prefix.trim().trim_end_matches('*'));
        let wanted = prefixes.filter(|prefix| !prefix.is_empty()).map(str::to_owned).collect();
        Ok(Prometheus { name: format!("prometheus {service}"), service, address, wanted })
    }
}

impl Subject for Prometheus {
    fn name(&self) -> &str {
        &self.name
    }

    /// None of ours: what there is only the page tells.
    fn metrics(&self) -> &'static [&'static Metric] {
        &[]
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let page = Page::new(&self.address, ACCEPT, PAGE_LIMIT)?;
        let series = Series::new(self.wanted.clone());
        Ok(Box::new(PrometheusProbe { page, subject: *self, tags: None, series }))
    }
}

struct PrometheusProbe {
    page: Page,
    subject: Prometheus,
    tags: Option<TagSet>,
    series: Series,
}

impl Probe for PrometheusProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async move {
            let page = self.page.get().await?;
            let Prometheus { address, service, name, .. } = &self.subject;
            let tags = self.tags.get_or_insert_with(|| address.tags(service, readings.host()));
            self.series.record(&page, readings, tags).map_err(|error| {
                ProbeError::new(format!("not Prometheus's text format: {error}"))
            })?;
            if let Some(left_out) = self.series.take_news() {
                readings.event("probe", format!("{name}: {left_out}"));
            }
            Ok(())
        })
    }
}
