//! Where `-output` leads.

use std::{fs::File, path::Path};

use crate::exit::{Exit, Failure};

/// Creates the file, and gives it with its name; `None`, `-` and vegeta's `stdout` are standard output.
pub(super) fn create(path: Option<&Path>) -> Result<Option<(String, File)>, Failure> {
    let is_stdout = |path: &&Path| *path == Path::new("-") || *path == Path::new("stdout");
    let Some(path) = path.filter(|path| !is_stdout(path)) else { return Ok(None) };
    let name = path.display().to_string();
    let file = File::create(path)
        .map_err(|error| Failure::new(Exit::Other, format!("cannot write {name}: {error}")))?;
    Ok(Some((name, file)))
}
