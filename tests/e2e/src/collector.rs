//! An OpenTelemetry collector in the test's own process: takes metrics over HTTP and gRPC on one port.
//!
//! Requests are read field by field from the wire, without the messages that the sender has, so that
//! sender and receiver cannot agree on a mistake.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    io::Read,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::{Body, Bytes, Incoming},
    header::HeaderValue,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};

/// What a field holds.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Takes requests until the test ends.
pub struct Collector {
    port: u16,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    pub fn start() -> Collector {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        let port = listener.local_addr().expect("its address").port();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || serve(listener, &kept));
        Collector { port, bodies }
    }

    /// `127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Each distinct series of all requests: the metric's name, unit, kind and sums, and attributes.
    pub fn series(&self) -> BTreeSet<String> {
        let bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut series = BTreeSet::new();
        // ExportMetricsServiceRequest -> ResourceMetrics -> ScopeMetrics -> Metric.
        for metric in bodies.iter().flat_map(|body| messages(body, &[1, 2, 2])) {
            read_metric(metric, &mut series);
        }
        series
    }
}

fn read_metric(metric: &[u8], series: &mut BTreeSet<String>) {
    let text = |number| texts(metric, number).concat();
    let (name, unit) = (text(1), text(3));
    // The kind's field, its name, and the field of its points' attributes.
    let kinds = [(5, "gauge", 7), (7, "sum", 7), (9, "histogram", 9), (10, "exponential", 1)];
    for (number, kind, attributes) in kinds {
        for data in messages(metric, &[number]) {
            let numbers = fields(data).into_iter().filter_map(|(number, field)| match field {
                Field::Number(value) => Some(format!("{number}={value}")),
                Field::Bytes(_) => None,
            });
            let settings = numbers.collect::<Vec<_>>().join(" ");
            for point in messages(data, &[1]) {
                let mut pairs: Vec<String> = messages(point, &[attributes])
                    .into_iter()
                    .map(|pair| format!("{}={}", texts(pair, 1).concat(), value_of(pair)))
                    .collect();
                pairs.sort();
                // Of a number whether it is whole; of a histogram nothing.
                let is_whole =
                    fields(point).iter().any(|(number, _)| kind == "sum" && *number == 6);
                let whole = if is_whole { " whole" } else { "" };
                let pairs = pairs.join(",");
                series.insert(format!("{name} [{unit}] {kind}{whole} {settings} {{{pairs}}}"));
            }
        }
    }
}

/// The text of a `KeyValue`'s value.
fn value_of(pair: &[u8]) -> String {
    messages(pair, &[2]).into_iter().flat_map(|value| texts(value, 1)).collect()
}

fn texts(message: &[u8], number: u64) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text is UTF-8");
    messages(message, &[number]).into_iter().map(text).collect()
}

/// The fields below fields with these numbers.
fn messages<'a>(message: &'a [u8], path: &[u64]) -> Vec<&'a [u8]> {
    let Some((number, rest)) = path.split_first() else { return vec![message] };
    let inner = fields(message).into_iter().filter_map(|(found, field)| match field {
        Field::Bytes(bytes) if found == *number => Some(bytes),
        _ => None,
    });
    inner.flat_map(|bytes| messages(bytes, rest)).collect()
}

fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => Field::Number(u64::from_le_bytes(take(&mut message, 8).try_into().expect("8"))),
            2 => {
                let length = varint(&mut message) as usize;
                Field::Bytes(take(&mut message, length))
            }
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = message.split_at_checked(length).expect("a field ends in its message");
    *message = rest;
    taken
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(message, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a varint that does not end");
}

fn serve(listener: std::net::TcpListener, bodies: &Arc<Mutex<Vec<Vec<u8>>>>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("start a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket for the runtime");
        let listener = tokio::net::TcpListener::from_std(listener).expect("the same socket");
        while let Ok((stream, _)) = listener.accept().await {
            let bodies = Arc::clone(bodies);
            let answer = service_fn(move |request| answer(request, Arc::clone(&bodies)));
            // Ends with its connection, whoever ends that.
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                builder.serve_connection(TokioIo::new(stream), answer).await.ok();
            });
        }
    });
}

async fn answer(
    request: Request<Incoming>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, hyper::Error> {
    let is = |name: &str, value: &str| {
        request
            .headers()
            .get(name)
            .is_some_and(|found| found.as_bytes().starts_with(value.as_bytes()))
    };
    let is_grpc = is("content-type", "application/grpc");
    let is_gzip = is("content-encoding", "gzip") || is("grpc-encoding", "gzip");
    let body = request.into_body().collect().await?.to_bytes();
    let message = if is_grpc { &body[5..] } else { &body[..] };
    let mut plain = Vec::new();
    match is_gzip {
        true => drop(GzDecoder::new(message).read_to_end(&mut plain).expect("gzip")),
        false => plain.extend_from_slice(message),
    }
    bodies.lock().unwrap_or_else(PoisonError::into_inner).push(plain);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let kind = if is_grpc { "application/grpc" } else { "application/x-protobuf" };
    let empty: &[u8] = if is_grpc { &[0; 5] } else { &[] };
    let body = Full::new(Bytes::from_static(empty));
    let body = body.with_trailers(std::future::ready(is_grpc.then_some(Ok(trailers))));
    Ok(Response::builder().header("content-type", kind).body(body).expect("a response"))
}
