//! `--out KIND[=TARGET]`: from the flag to an open output. One file per kind.

mod csv;
mod influxdb;
mod json;
mod otlp;
mod parquet;
mod prometheus;
mod remote_write;
mod statsd;

use std::collections::BTreeMap;

use plimsoll_outputs::{
    Output, OutputError,
    record::{RecordTarget, Runs},
};

use crate::{
    environment::process_environment,
    exit::{Exit, Failure},
    pages::is_page,
    setup::Setup,
};

/// Opens the output of one kind; the text is what stands behind `KIND=`.
type Open = fn(Option<&str>, &Setup) -> Result<Box<dyn Output>, Failure>;

/// The kinds that there are, as the error message lists them.
const KINDS: &[(&str, Open)] = &[
    ("csv", csv::open),
    ("experimental-opentelemetry", otlp::open_experimental),
    ("experimental-prometheus-rw", remote_write::open),
    ("influxdb", influxdb::open),
    ("json", json::open),
    ("opentelemetry", otlp::open),
    ("output-statsd", statsd::open),
    ("parquet", parquet::open),
    ("prometheus", prometheus::open),
    ("statsd", statsd::open),
    ("xk6-influxdb", influxdb::open_v2),
];

/// Where the run record goes; none with `--record off`, and for a user with no place for it. A file
/// that cannot become a record is refused.
pub(crate) fn record_target(file: Option<&str>) -> Result<Option<RecordTarget>, Failure> {
    let Some(file) = file else {
        let runs = Runs::of_user(|name| std::env::var_os(name));
        return Ok(runs.map(RecordTarget::Runs));
    };
    if file == "off" {
        return Ok(None);
    }
    let target = RecordTarget::File(file.into());
    target.check().map_err(|error| {
        Failure::new(Exit::Other, format!("--record {file}: {error}"))
            .with_hint("name a new file in a folder that exists, or `off` for no record")
    })?;
    Ok(Some(target))
}

/// The variables that outputs look at: the process's whatever the script gets to see, and over them
/// what the script was given (`-e`), as in k6.
pub(crate) fn environment(given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut environment = process_environment();
    environment.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    environment
}

/// Opens all, in the order given; the first that cannot be opened ends the command.
pub(crate) fn open(setup: &Setup) -> Result<Vec<Box<dyn Output>>, Failure> {
    let texts = setup.out.iter().filter(|text| !text.is_empty() && !is_page(text));
    texts.map(|text| open_one(text, setup)).collect()
}

fn open_one(text: &str, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let (kind, argument) = match text.split_once('=') {
        Some((kind, argument)) => (kind, Some(argument)),
        None => (text, None),
    };
    if let Some((_, open)) = KINDS.iter().find(|(name, _)| *name == kind) {
        return open(argument, setup);
    }
    if kind == "cloud" {
        return Err(Failure::new(Exit::Other, "--out cloud is not supported").with_hint(
            "it needs the cloud of k6; write samples with --out json=FILE or csv=FILE",
        ));
    }
    let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let known = known.join(", ");
    let message = format!("invalid output type '{kind}', available types are: {known}");
    Err(Failure::new(Exit::Other, message))
}

fn failure(error: OutputError) -> Failure {
    Failure::new(Exit::Other, error.message)
}
