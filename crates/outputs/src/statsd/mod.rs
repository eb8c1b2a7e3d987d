//! `--out statsd`: lines of statsd in datagrams, with the names and variables of k6's extension.
//!
//! Once an interval each metric says what became of it: counters and rates their increase, gauges
//! their newest value, trends their samples. Of a trend with more samples than fit, some are chosen
//! with equal chances and say how many they stand for (`|@0.05`).

mod config;
mod encoder;
mod slot;
#[cfg(test)]
mod tests;

use plimsoll_metrics::Registry;
use plimsoll_runtime::{datagram::Datagrams, log::Log};

pub use config::{StatsdConfig, StatsdConfigError};

use crate::{
    OutputError,
    delivery::{SampleDelivery, Settings},
};
use encoder::StatsdEncoder;

/// Starts to follow a run. The receiver need not be there, and nobody will know whether it is.
///
/// # Errors
/// When there can be no thread.
pub fn start(
    config: &StatsdConfig,
    registry: Registry,
    log: Log,
) -> Result<SampleDelivery, OutputError> {
    let name = format!("statsd ({})", config.address());
    let mut settings = Settings::new(name.clone(), log);
    settings.verb = "sent";
    settings.flush_every = config.push_interval;
    let random = settings.random.split();
    let encoder = StatsdEncoder::new(config.clone(), registry, random);
    let (host, port) = (config.host.clone(), config.port);
    SampleDelivery::start(name, settings, encoder, move || Datagrams::new(&host, port))
}
