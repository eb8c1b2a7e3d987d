//! `--out opentelemetry[=URL]`, and the name that it had before.

use plimsoll_outputs::{
    Output,
    otlp::{self, OtlpConfig},
};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    open_as("opentelemetry", argument, setup)
}

pub(super) fn open_experimental(
    argument: Option<&str>,
    setup: &Setup,
) -> Result<Box<dyn Output>, Failure> {
    open_as("experimental-opentelemetry", argument, setup)
}

fn open_as(kind: &str, argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = OtlpConfig::parse(kind, argument, setup.env)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    otlp::start(config, setup.registry.clone(), setup.log.clone()).map_err(super::failure)
}
