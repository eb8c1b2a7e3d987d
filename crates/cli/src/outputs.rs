//! `--out KIND[=TARGET]`: from the flag to an open output.

use plimsoll_metrics::threshold::ThresholdGroup;
use plimsoll_outputs::{
    Output, OutputError, Target,
    csv::{self, CsvConfig},
    json::{self, JsonConfig},
    record::{RecordTarget, Runs},
};
use plimsoll_script::options::SystemTag;

use crate::{
    exit::{Exit, Failure},
    wiring::Setup,
};

/// Kinds that there are, for the error message.
const KINDS: &str = "csv, json";

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

/// Opens all, in the order given; the first that cannot be opened ends the command.
pub(crate) fn open(setup: &Setup) -> Result<Vec<Box<dyn Output>>, Failure> {
    setup.out.iter().filter(|text| !text.is_empty()).map(|text| open_one(text, setup)).collect()
}

fn open_one(text: &str, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let (kind, argument) = match text.split_once('=') {
        Some((kind, argument)) => (kind, Some(argument)),
        None => (text, None),
    };
    match kind {
        "json" => json_output(argument, setup.thresholds, setup),
        "csv" => csv_output(argument, setup),
        "cloud" => Err(Failure::new(Exit::Other, "--out cloud is not supported")
            .with_hint("it needs the cloud of k6; write samples with --out json=FILE or csv=FILE")),
        _ => {
            let message = format!("invalid output type '{kind}', available types are: {KINDS}");
            Err(Failure::new(Exit::Other, message))
        }
    }
}

fn json_output(
    argument: Option<&str>,
    thresholds: &[ThresholdGroup],
    setup: &Setup,
) -> Result<Box<dyn Output>, Failure> {
    let tags = setup.system_tags;
    let config = JsonConfig {
        registry: setup.registry.clone(),
        thresholds: thresholds.to_vec(),
        has_expected_response: tags.contains(SystemTag::ExpectedResponse),
    };
    let output =
        json::start(&Target::parse(argument), config, setup.log.clone()).map_err(failure)?;
    Ok(Box::new(output))
}

fn csv_output(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = CsvConfig::parse(argument, |name| setup.env.get(name).cloned())
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let tags = setup.system_tags;
    let names: Vec<String> = tags.iter().map(|tag| tag.name().to_owned()).collect();
    let output = csv::start(&config, &names, setup.registry.clone(), setup.log.clone());
    Ok(Box::new(output.map_err(failure)?))
}

fn failure(error: OutputError) -> Failure {
    Failure::new(Exit::Other, error.message)
}
