//! `--out KIND[=TARGET]`: from the flag to an open output.

use std::path::Path;

use plimsoll_metrics::threshold::ThresholdGroup;
use plimsoll_outputs::{
    Output, OutputError, Target,
    csv::{self, CsvConfig},
    json::{self, JsonConfig},
};
use plimsoll_script::options::SystemTag;

use crate::{
    exit::{Exit, Failure},
    wiring::Setup,
};

/// Kinds that there are, for the error message.
const KINDS: &str = "csv, json";

/// Refuses a `--record FILE` that cannot become a record, before anything runs. A finished record is
/// renamed to its name, which would replace a device such as `/dev/null`.
pub(crate) fn check_record(file: Option<&str>) -> Result<(), Failure> {
    let Some(file) = file.filter(|file| *file != "off") else { return Ok(()) };
    let wrong = |why: &str| {
        Err(Failure::new(Exit::Other, format!("--record {file}: {why}"))
            .with_hint("name a file in a folder that exists, or `off` for no record"))
    };
    let path = Path::new(file);
    if path.file_name().is_none() {
        return wrong("this names no file");
    }
    if std::fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return wrong("this is no regular file");
    }
    match path.parent() {
        Some(folder) if folder != Path::new("") && !folder.is_dir() => {
            wrong(&format!("{} is no folder", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Opens all, in the order given; the first that cannot be opened ends the command.
pub(crate) fn open(setup: &Setup) -> Result<Vec<Box<dyn Output>>, Failure> {
    setup
        .args
        .out
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| open_one(text, setup))
        .collect()
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
    let tags = setup.options.system_tags.unwrap_or_default();
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
    let tags = setup.options.system_tags.unwrap_or_default();
    let names: Vec<String> = tags.iter().map(|tag| tag.name().to_owned()).collect();
    let output = csv::start(&config, &names, setup.registry.clone(), setup.log.clone());
    Ok(Box::new(output.map_err(failure)?))
}

fn failure(error: OutputError) -> Failure {
    Failure::new(Exit::Other, error.message)
}
