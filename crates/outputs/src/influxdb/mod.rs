//! `--out influxdb`: each sample as a point in InfluxDB's line protocol, as k6 writes it, to the
//! `/write` of version 1, the `/api/v2/write` of versions 2 and 3, or by UDP. Above a rate that would
//! cost the load a part of its core, fewer points stand for them.

mod config;
mod destination;
mod encoder;
mod line;
mod parse;
#[cfg(test)]
mod tests;

use plimsoll_metrics::Registry;
use plimsoll_runtime::{
    log::Log,
    tls::{TlsConfig, TlsConnector},
};

pub use config::{Api, InfluxdbConfig, Precision, TagAsField, Transport};
pub use line::FieldKind;
pub use parse::InfluxdbConfigError;

use crate::{
    OutputError,
    delivery::{SampleDelivery, Settings},
};
use destination::Influxdb;
use encoder::LineEncoder;

/// Starts to follow a run. The receiver need not be there yet.
///
/// # Errors
/// When there can be no TLS or no thread.
pub fn start(
    config: &InfluxdbConfig,
    registry: Registry,
    log: Log,
) -> Result<SampleDelivery, OutputError> {
    let address = config.shown_address();
    let mut settings = Settings::new(format!("influxdb ({address})"), log);
    settings.flush_every = config.push_interval;
    settings.concurrency = config.concurrent_writes;
    start_with(config, settings, registry)
}

fn start_with(
    config: &InfluxdbConfig,
    settings: Settings,
    registry: Registry,
) -> Result<SampleDelivery, OutputError> {
    let tls =
        TlsConfig { insecure_skip_verify: config.insecure_skip_verify, ..TlsConfig::default() };
    let tls = TlsConnector::new(&tls)
        .map_err(|error| OutputError { message: format!("{}: {error}", settings.description) })?;
    let name = match config.api {
        Api::V1 { .. } => "InfluxDBv1",
        Api::V2 { .. } => "InfluxDBv2",
    };
    let name = format!("{name} ({})", config.shown_address());
    let encoder = LineEncoder::new(config, registry.clone());
    let (limit, log) = (config.points_per_second, settings.log.clone());
    let config = config.clone();
    let destination = move || Influxdb::new(&config, tls.clone());
    let delivery = SampleDelivery::start(name, settings, encoder, destination)?;
    Ok(match limit {
        Some(limit) => delivery.limited(limit, parse::POINTS_PER_SECOND, registry, log),
        None => delivery,
    })
}
