//! Data files of scripts: read once, kept for all VUs.

use std::{io, path::PathBuf, sync::Arc};

use url::Url;

use super::{Modules, lock, read};

/// Why a file could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    Missing(PathBuf),
    Directory(PathBuf),
    Other(String),
}

impl Modules {
    /// The bytes of the file that a script of the module at `base` calls `path`.
    pub(crate) fn open(&self, base: &str, path: &str) -> Result<Arc<[u8]>, OpenError> {
        let url = self.file_url(base, path)?;
        if let Some(bytes) = self.config.overlay.get(url.as_str()) {
            return Ok(bytes.clone());
        }
        let path = url.to_file_path().map_err(|()| {
            OpenError::Other(format!("open() can't be used with {url}, only with local files"))
        })?;
        if let Some(bytes) = lock(&self.files).get(&path) {
            return Ok(bytes.clone());
        }
        if path.is_dir() {
            return Err(OpenError::Directory(path));
        }
        let bytes = read::read_file(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::Missing(path.clone()),
            _ => OpenError::Other(format!("open {}: {error}", path.display())),
        })?;
        lock(&self.files).insert(path, bytes.clone());
        Ok(bytes)
    }

    pub(crate) fn file_url(&self, base: &str, path: &str) -> Result<Url, OpenError> {
        if path.starts_with("file://") {
            return Url::parse(path).map_err(|error| OpenError::Other(format!("{path}: {error}")));
        }
        let base = match Url::parse(base) {
            Ok(base) if base.scheme() == "file" => base,
            // Modules from elsewhere may open nothing of their own place.
            _ => self.entry.clone(),
        };
        // Not `join(path)`: `?`, `#` and `%` are letters like any other in a file's name.
        let directory = base.join(".").map_err(|error| OpenError::Other(error.to_string()))?;
        let directory = directory
            .to_file_path()
            .map_err(|()| OpenError::Other(format!("{directory} is not a path on this machine")))?;
        let joined = directory.join(path);
        let url = Url::from_file_path(&joined).map_err(|()| OpenError::Missing(joined))?;
        // Parsing takes `.` and `..` out.
        Url::parse(url.as_str()).map_err(|error| OpenError::Other(error.to_string()))
    }

    /// Every data file opened so far, for archives.
    pub fn data_files(&self) -> Vec<(PathBuf, Arc<[u8]>)> {
        lock(&self.files).iter().map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    }
}
