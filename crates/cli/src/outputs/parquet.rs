//! `--out parquet=FILE`, where it was built in.

use plimsoll_outputs::Output;

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

/// The file that is written when none is named.
#[cfg(feature = "parquet")]
const DEFAULT_FILE: &str = "file.parquet";

#[cfg(feature = "parquet")]
pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let file = argument.filter(|file| !file.is_empty()).unwrap_or(DEFAULT_FILE);
    if file == "-" {
        let message = "could not create the 'parquet' output: it needs a file of its own";
        return Err(Failure::new(Exit::Other, message));
    }
    let registry = setup.registry.clone();
    let output = plimsoll_outputs::parquet::start(file.as_ref(), registry, setup.log.clone());
    Ok(Box::new(output.map_err(super::failure)?))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn open(_: Option<&str>, _: &Setup) -> Result<Box<dyn Output>, Failure> {
    let message = "could not create the 'parquet' output: this program was built without it";
    let hint = "build it with `cargo build --release --features parquet`, or write --out csv=FILE";
    Err(Failure::new(Exit::Other, message).with_hint(hint))
}
