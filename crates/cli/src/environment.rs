//! What the process finds around it: variables and the user's folders.

use std::{collections::BTreeMap, path::PathBuf};

/// The variables of the process, but for those that are no text.
pub(crate) fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A base folder of the user: the variable, or a folder below the home folder.
pub(crate) fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| Some(std::env::home_dir()?.join(below_home)))
}
