//! Pages for Prometheus to scrape while a run lasts: an attack's, with vegeta's names of metrics, and
//! any run's, with all its metrics.
//!
//! The hub adds each second to what a page shows; a thread of its own serves it as text.

mod families;
pub(crate) mod names;
mod run;
mod serve;
#[cfg(test)]
mod tests;
mod text;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_metrics::{Interval, RawSample, Registry, Timestamp, Totals};
use plimsoll_runtime::listen::{self, ListenOptions};

use crate::{Output, OutputError};
use families::Families;
use run::Run;

/// What a page shows.
trait Page: Send + 'static {
    /// Adds what was recorded in a second.
    fn add(&mut self, interval: &Interval);

    /// The page, in Prometheus's text format.
    fn text(&self) -> String;
}

/// Locked once a second by the hub, and at each scrape.
type Shared = Arc<Mutex<dyn Page>>;

fn lock(page: &Shared) -> MutexGuard<'_, dyn Page + 'static> {
    page.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page's maker.
pub struct PrometheusOutput {
    address: SocketAddr,
    page: Shared,
}

/// Serves the page of an attack on `address`, until the process ends.
///
/// # Errors
/// When it cannot be listened on.
pub fn start_attack(
    address: SocketAddr,
    registry: Registry,
) -> Result<PrometheusOutput, OutputError> {
    serve(address, Arc::new(Mutex::new(Families::new(registry))))
}

/// Serves the page of a run on `address`, until the process ends.
///
/// # Errors
/// When it cannot be listened on.
pub fn start_run(address: SocketAddr, registry: Registry) -> Result<PrometheusOutput, OutputError> {
    serve(address, Arc::new(Mutex::new(Run::new(registry))))
}

fn serve(address: SocketAddr, page: Shared) -> Result<PrometheusOutput, OutputError> {
    let failed = |error: std::io::Error| OutputError { message: format!("{address}: {error}") };
    let bound = listen::bind(address, ListenOptions::default()).map_err(failed)?;
    let address = bound.local_addr().map_err(failed)?;
    let served = Arc::clone(&page);
    std::thread::Builder::new()
        .name("prometheus".into())
        .spawn(move || serve::run(bound, &served))
        .map_err(failed)?;
    Ok(PrometheusOutput { address, page })
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
        lock(&self.page).add(interval);
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        Ok(None)
    }
}
