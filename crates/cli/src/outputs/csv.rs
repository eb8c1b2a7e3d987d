//! `--out csv[=FILE]`

use plimsoll_outputs::{
    Output,
    csv::{self, CsvConfig},
};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let config = CsvConfig::parse(argument, |name| setup.env.get(name).cloned())
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let tags = setup.system_tags;
    let names: Vec<String> = tags.iter().map(|tag| tag.name().to_owned()).collect();
    let output = csv::start(&config, &names, setup.registry.clone(), setup.log.clone());
    Ok(Box::new(output.map_err(super::failure)?))
}
