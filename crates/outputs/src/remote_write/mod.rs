//! Prometheus's remote write, with k6's names and variables.
//!
//! The hub adds each second to the sums of all series; every push interval, what changed goes to the
//! [delivery](crate::delivery)'s thread, which makes requests of it. The cost depends on the number of
//! series, not on that of samples.

mod config;
mod encode;
mod message;
mod native;
mod statistic;
#[cfg(test)]
mod tests;

use plimsoll_metrics::{Registry, Timestamp};
use plimsoll_runtime::{clock::Instant, fetch::Protocol, log::Log};

pub use config::{RemoteWriteConfig, RemoteWriteConfigError};

use crate::{
    Output, OutputError,
    cumulative::{Cumulative, Entry, Form, Pushed, Shape, Snapshots, Value},
    delivery::{Destination, Failure, Payload, Sent, Settings, post::Post},
};
use config::Trends;
use encode::{Batch, REQUEST_SERIES_LIMIT, Reading, Requests};

/// Native histograms that may wait for the delivery's thread: some tens of megabytes, and more than all
/// series of a run make at once. Of numbers there may be as many as of samples.
const HISTOGRAMS_LIMIT: u64 = 250_000;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Starts to follow a run.
///
/// # Errors
/// When there can be no thread for the delivery.
pub fn start(
    config: RemoteWriteConfig,
    registry: Registry,
    log: Log,
) -> Result<Box<dyn Output>, OutputError> {
    let name = format!("Prometheus remote write ({})", config.url);
    let shape = Shape::Exponential;
    let form = Form { times: shape, others: shape, in_seconds: true };
    let sums = Cumulative::new(registry.clone(), form);
    let snapshots = Readings {
        trends: config.trends.clone(),
        has_stale_markers: config.has_stale_markers,
        series: 0,
    };
    let encoder = Requests::new(registry, config.trends);
    let (url, headers, tls) = (config.url, config.headers, config.tls);
    let mut settings = Settings::new(name.clone(), log);
    if snapshots.trends == Trends::NativeHistograms {
        settings.points_limit = HISTOGRAMS_LIMIT;
    }
    let destination =
        move || RemoteWrite(Post::new(Protocol::Http1, tls.clone(), url.clone(), headers.clone()));
    let every = config.push_interval;
    let output = Pushed::start(name, settings, (sums, snapshots), every, encoder, destination)?;
    Ok(Box::new(output))
}

/// Where the requests go.
struct RemoteWrite(Post);

impl Destination for RemoteWrite {
    async fn send(&mut self, payload: &Payload) -> Result<Sent, Failure> {
        self.0.post(payload.body.clone()).await.map(|_| Sent::default())
    }
}

/// Takes readings of what changed, as k6 does: a series without new samples is not sent again.
struct Readings {
    trends: Trends,
    has_stale_markers: bool,
    /// Series sent so far, those of each statistic by themselves.
    series: u64,
}

impl Snapshots for Readings {
    type Item = Batch;

    fn take(&mut self, sums: &mut Cumulative, at: Timestamp, is_last: bool) -> Vec<(Batch, u64)> {
        let timestamp = (at.0 / NANOS_PER_MILLI) as i64;
        let (mut batches, mut readings, mut points) = (Vec::new(), Vec::new(), 0);
        sums.take_changed(|entry| {
            let reading = self.read(entry, timestamp);
            let count = match &reading {
                Reading::Statistics(values) => values.len() as u64,
                Reading::Value(_) | Reading::Native(_) => 1,
            };
            points += count;
            self.series += if entry.is_new { count } else { 0 };
            readings.push((entry.series.id, reading));
            // Of one request's size, so that one is sent while the next is encoded.
            if points >= REQUEST_SERIES_LIMIT as u64 {
                let readings = std::mem::take(&mut readings);
                batches
                    .push((Batch::Readings { timestamp, readings }, std::mem::take(&mut points)));
            }
        });
        if points > 0 {
            batches.push((Batch::Readings { timestamp, readings }, points));
        }
        if is_last && self.has_stale_markers {
            // Behind the last reading, else Prometheus refuses it.
            let now = (Instant::now().unix_nanos() / NANOS_PER_MILLI) as i64;
            let timestamp = now.max(timestamp + 1);
            batches.push((Batch::Ended { timestamp }, self.series));
        }
        batches
    }
}

impl Readings {
    fn read(&self, entry: &Entry, timestamp: i64) -> Reading {
        match (&entry.value, &self.trends) {
            (Value::Counter(value) | Value::Gauge(value), _) => Reading::Value(*value),
            (Value::Rate { trues, total }, _) => Reading::Value(Value::share(*trues, *total)),
            (Value::Trend(distribution), Trends::Statistics(list)) => {
                Reading::Statistics(list.iter().map(|one| one.of(distribution)).collect())
            }
            (Value::Trend(distribution), Trends::NativeHistograms) => {
                match native::histogram(distribution, timestamp) {
                    Some(histogram) => Reading::Native(Box::new(histogram)),
                    // Sums in exponential buckets always have one.
                    None => Reading::Statistics(Box::default()),
                }
            }
        }
    }
}
