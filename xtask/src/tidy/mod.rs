//! Checks on the shape of the code that neither rustc nor clippy makes.

mod arrows;
mod dependencies;
mod sources;

use anyhow::{Result, bail};
use cargo_metadata::MetadataCommand;

use crate::command::root;

/// Runs every check and prints every finding before it fails.
pub(crate) fn run() -> Result<()> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let mut findings = arrows::check(&metadata);
    findings.extend(dependencies::check(&metadata));
    findings.extend(dependencies::check_libraries()?);
    findings.extend(sources::check(&root())?);
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} thing(s) to mend", findings.len());
    }
    eprintln!("tidy: clean");
    Ok(())
}
