//! A page for Prometheus to scrape while a run lasts, with vegeta's names of metrics.
//!
//! The hub adds each second to the [`families`]; a thread of its own serves them as text.

mod families;
pub(crate) mod names;
mod serve;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_metrics::{Interval, RawSample, Registry, Timestamp, Totals};
use plimsoll_runtime::listen::{self, ListenOptions};

use crate::{Output, OutputError};
use families::Families;

/// The page's maker.
pub struct PrometheusOutput {
    address: SocketAddr,
    registry: Registry,
    page: Page,
}

/// Locked once a second by the hub, and at each scrape.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Families>>);

impl Page {
    fn lock(&self) -> MutexGuard<'_, Families> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the page on `address`, until the process ends.
///
/// # Errors
/// When it cannot be listened on.
pub fn start(address: SocketAddr, registry: Registry) -> Result<PrometheusOutput, OutputError> {
    let failed = |error: std::io::Error| OutputError { message: format!("{address}: {error}") };
    let bound = listen::bind(address, ListenOptions::default()).map_err(failed)?;
    let address = bound.local_addr().map_err(failed)?;
    let page = Page::default();
    let served = page.clone();
    std::thread::Builder::new()
        .name("prometheus".into())
        .spawn(move || serve::run(bound, &served))
        .map_err(failed)?;
    Ok(PrometheusOutput { address, registry, page })
}

impl PrometheusOutput {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Output for PrometheusOutput {
    fn describe(&self) -> String {
        format!("prometheus (http://{}/metrics)", self.address)
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _: &Arc<Vec<RawSample>>, _: u64) {}

    fn interval(&mut self, _: Timestamp, interval: &Interval, _: &Totals) {
        let mut families = self.page.lock();
        for (series, sink) in &interval.sinks {
            families.add(&self.registry.series_def(*series), sink);
        }
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        Ok(None)
    }
}
