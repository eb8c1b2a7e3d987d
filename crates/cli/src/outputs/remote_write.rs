//! `--out experimental-prometheus-rw[=URL]`

use plimsoll_outputs::{
    Output,
    remote_write::{self, RemoteWriteConfig},
};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = RemoteWriteConfig::parse(argument, setup.env)
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let output = remote_write::start(config, setup.registry.clone(), setup.log.clone());
    output.map_err(super::failure)
}
