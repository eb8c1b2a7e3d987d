//! `--out json[=FILE]`

use plimsoll_outputs::{
    Output, Target,
    json::{self, JsonConfig},
};
use plimsoll_script::options::SystemTag;

use crate::{exit::Failure, setup::Setup};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = JsonConfig {
        registry: setup.registry.clone(),
        thresholds: setup.thresholds.to_vec(),
        has_expected_response: setup.system_tags.contains(SystemTag::ExpectedResponse),
    };
    let output = json::start(&Target::parse(argument), config, setup.log.clone());
    Ok(Box::new(output.map_err(super::failure)?))
}
