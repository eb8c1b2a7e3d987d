//! `--out influxdb[=URL]`, and `xk6-influxdb` for those who come from k6's extension for version 2.

use plimsoll_outputs::{
    Output,
    influxdb::{self, InfluxdbConfig},
};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    start(argument, setup, false)
}

pub(super) fn open_v2(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    start(argument, setup, true)
}

fn start(argument: Option<&str>, setup: &Setup, is_v2: bool) -> Result<Box<dyn Output>, Failure> {
    let config = InfluxdbConfig::parse(argument, setup.env, is_v2)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let output = influxdb::start(&config, setup.registry.clone(), setup.log.clone());
    Ok(Box::new(output.map_err(super::failure)?))
}
