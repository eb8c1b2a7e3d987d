//! The OpenTelemetry protocol over HTTP and gRPC, with k6's names and variables.
//!
//! As with [remote write](crate::remote_write), the hub adds each second to the sums of all series, and
//! every export interval they go to the [delivery](crate::delivery)'s thread, which makes requests of
//! them.

mod config;
mod encode;
mod endpoint;
mod grpc;
mod message;
mod point;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use plimsoll_metrics::{Registry, Timestamp};
use plimsoll_runtime::{fetch::Protocol, log::Log};
use prost::Message;

pub use config::{OtlpConfig, OtlpConfigError, OtlpProtocol};

use crate::{
    Output, OutputError,
    cumulative::{Cumulative, Entry, Form, Pushed, Shape, Snapshots, Value},
    delivery::{Destination, Failure, Payload, Sent, Settings, post::Post},
};
use encode::{Batch, REQUEST_POINTS_LIMIT, Reading, Requests};
use message::ExportMetricsServiceResponse;

/// Upper bounds of histograms, as the SDKs have them unless told otherwise.
const BOUNDS: &[f64] = &[
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];

/// Readings that may wait for the delivery's thread: some tens of megabytes, and more than all series
/// of a run make at once.
const POINTS_LIMIT: u64 = 250_000;

/// Starts to follow a run.
///
/// # Errors
/// When there can be no thread for the delivery.
pub fn start(
    config: OtlpConfig,
    registry: Registry,
    log: Log,
) -> Result<Box<dyn Output>, OutputError> {
    let name = format!("opentelemetry ({})", receiver(&config));
    let shape = if config.is_exponential { Shape::Exponential } else { Shape::Explicit(BOUNDS) };
    let form = Form { times: shape, others: shape, in_seconds: false };
    let sums = Cumulative::new(registry.clone(), form);
    let snapshots = Readings {
        is_delta: config.is_delta,
        has_single_rate: config.has_single_rate,
        taken: Timestamp(0),
    };
    let encoder = Requests::new(registry, &config);
    let settings = Settings { points_limit: POINTS_LIMIT, ..Settings::new(name.clone(), log) };
    let every = config.export_interval;
    let headers = headers(&config);
    let destination = move || {
        let version = match config.protocol {
            OtlpProtocol::Grpc => Protocol::Http2,
            OtlpProtocol::Http => Protocol::Http1,
        };
        let post = Post::new(version, config.tls.clone(), config.url.clone(), headers.clone());
        Collector { post, protocol: config.protocol }
    };
    let output = Pushed::start(name, settings, (sums, snapshots), every, encoder, destination)?;
    Ok(Box::new(output))
}

/// As k6 says it.
fn receiver(config: &OtlpConfig) -> String {
    let url = &config.url;
    let endpoint = url.authority().map_or("", |authority| authority.as_str());
    match config.protocol {
        OtlpProtocol::Http => format!("http, {url}"),
        OtlpProtocol::Grpc if url.scheme_str() == Some("http") => {
            format!("grpc (insecure), {endpoint}")
        }
        OtlpProtocol::Grpc => format!("grpc, {endpoint}"),
    }
}

/// The protocol's own go before the user's.
fn headers(config: &OtlpConfig) -> HeaderMap {
    let mut headers = config.headers.clone();
    let fixed: &[(HeaderName, &str)] = match config.protocol {
        OtlpProtocol::Grpc => {
            &[(header::CONTENT_TYPE, "application/grpc"), (header::TE, "trailers")]
        }
        OtlpProtocol::Http => &[(header::CONTENT_TYPE, "application/x-protobuf")],
    };
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let agent = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(agent));
    if config.is_compressed {
        let name = match config.protocol {
            OtlpProtocol::Grpc => HeaderName::from_static("grpc-encoding"),
            OtlpProtocol::Http => header::CONTENT_ENCODING,
        };
        headers.insert(name, HeaderValue::from_static("gzip"));
    }
    headers
}

/// Where the requests go.
struct Collector {
    post: Post,
    protocol: OtlpProtocol,
}

impl Destination for Collector {
    async fn send(&mut self, payload: &Payload) -> Result<Sent, Failure> {
        let answer = self.post.post(payload.body.clone()).await?;
        let message = match self.protocol {
            OtlpProtocol::Grpc => grpc::message(&answer)?,
            OtlpProtocol::Http => answer.body,
        };
        // An answer that cannot be read is one that says nothing.
        let response = ExportMetricsServiceResponse::decode(message).unwrap_or_default();
        let rejected = response.partial_success.filter(|partial| partial.rejected_data_points > 0);
        Ok(rejected.map_or_else(Sent::default, |partial| Sent {
            rejected: partial.rejected_data_points.unsigned_abs(),
            reason: partial.error_message,
        }))
    }
}

/// Takes readings: of everything since the start of the run, or of what changed since the last.
struct Readings {
    is_delta: bool,
    has_single_rate: bool,
    /// When the last were.
    taken: Timestamp,
}

impl Snapshots for Readings {
    type Item = Batch;

    fn take(&mut self, sums: &mut Cumulative, at: Timestamp, _: bool) -> Vec<(Batch, u64)> {
        if std::mem::replace(&mut self.taken, at) == at {
            return Vec::new();
        }
        let mut readings: Vec<Reading> = Vec::new();
        if self.is_delta {
            let form = sums.form();
            sums.take_changed(|entry| {
                readings.push(read(entry));
                entry.restart(form, at);
            });
        } else {
            readings.extend(sums.iter().map(read));
        }
        let mut batches = Vec::new();
        // Of one request's size, so that one is sent while the next is encoded.
        let mut readings = readings.into_iter().peekable();
        while readings.peek().is_some() {
            let readings: Vec<Reading> = readings.by_ref().take(REQUEST_POINTS_LIMIT).collect();
            let points = readings.iter().map(|reading| self.points(&reading.value)).sum();
            batches.push((Batch { at, readings }, points));
        }
        batches
    }
}

impl Readings {
    /// What becomes of a value.
    fn points(&self, value: &Value) -> u64 {
        match *value {
            Value::Rate { trues, total } if self.has_single_rate => {
                u64::from(trues > 0) + u64::from(trues < total)
            }
            Value::Rate { trues, .. } => 1 + u64::from(trues > 0),
            Value::Counter(_) | Value::Gauge(_) | Value::Trend(_) => 1,
        }
    }
}

fn read(entry: &Entry) -> Reading {
    Reading {
        metric: entry.metric.id,
        series: entry.series.id,
        start: entry.start,
        value: entry.value.clone(),
    }
}
