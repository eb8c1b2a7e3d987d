//! `--out statsd[=HOST:PORT]`, which k6's extension calls `output-statsd`.

use plimsoll_outputs::{
    Output,
    statsd::{self, StatsdConfig},
};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = StatsdConfig::parse(argument, setup.env)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let output = statsd::start(&config, setup.registry.clone(), setup.log.clone());
    Ok(Box::new(output.map_err(super::failure)?))
}
