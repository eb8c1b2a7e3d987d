//! Loading, before anybody is served.

use std::time::Duration;

use plimsoll_runtime::{clock::Instant, shutdown};

use crate::{
    persist::Place,
    serve::{SettingError, StartError, locked, node::Node},
};

/// From one line about it to the next.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Begins with what the last server left, before anybody is served.
///
/// # Errors
/// When the file cannot be read or is damaged, its folder is not there, or there is to be saved and no file, or
/// none can be written.
pub(in crate::serve) fn load(node: &Node) -> Result<(), StartError> {
    locked(&node.saving.facts).last_saved = Node::now();
    let (folder, name) = (node.parameters.text("dir"), node.parameters.text("dbfilename"));
    let folder = std::fs::canonicalize(&folder)
        .map_err(|error| SettingError::new("dir", format!("{folder}: {error}")))?;
    // A path that is no text is shown as well as it can be.
    node.parameters.decide("dir", &folder.to_string_lossy()).ok();
    if name.is_empty() {
        let reason = "there is no dbfilename to save to";
        let is_needed = !node.parameters.text("save").is_empty();
        return if is_needed { Err(SettingError::new("save", reason).into()) } else { Ok(()) };
    }
    let place = Place::new(folder, name);
    if !node.parameters.text("save").is_empty() {
        place.check_writable().map_err(|error| SettingError::new("save", error))?;
    }
    let started = Instant::now();
    let path = place.path().display().to_string();
    let total = std::fs::metadata(place.path()).map_or(0, |about| about.len());
    let mut told = started;
    let loaded = place.load(node.keyspace.store(), Node::now(), |loaded| {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let (items, bytes) = (loaded.items.to_string(), loaded.bytes.to_string());
            let fields = [("items", &*items), ("bytes", &bytes), ("of", &total.to_string())];
            node.journal.info("loading", &fields);
        }
        // A signal that the program listens to; it has nobody to end yet.
        shutdown::requests() == 0
    })?;
    if let Some(loaded) = loaded {
        let took = format!("{:.3}", started.elapsed().as_secs_f64());
        let (items, expired) = (loaded.items.to_string(), loaded.expired.to_string());
        let fields =
            [("file", &*path), ("items", &items), ("expired", &expired), ("seconds", &took)];
        node.journal.info("loaded", &fields);
        locked(&node.saving.facts).loaded = Some(loaded);
    }
    // Set once, here.
    node.saving.place.set(place).ok();
    Ok(())
}
