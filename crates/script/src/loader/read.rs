//! From a URL to a module's bytes: overlay, disk, mirror, cache, network.

use std::{fs, path::PathBuf, sync::Arc};

use url::Url;

use super::LoaderConfig;

/// Largest module or file that is read.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// Why a module could not be downloaded, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    pub message: String,
}

/// Downloads modules; the command line gives one that uses its HTTP client.
pub trait Fetch: Send + Sync {
    /// The body of a successful response of at most `limit` bytes. Blocks.
    fn fetch(&self, url: &Url, limit: u64) -> Result<Vec<u8>, FetchError>;
}

/// Reads the module at `url`, which a script calls `written`.
pub(super) fn read(config: &LoaderConfig, url: &Url, written: &str) -> Result<Arc<[u8]>, String> {
    if let Some(bytes) = config.overlay.get(url.as_str()) {
        return Ok(bytes.clone());
    }
    match url.scheme() {
        "file" => {
            let path =
                url.to_file_path().map_err(|()| format!("{url} is not a path on this machine"))?;
            read_file(&path).map_err(|_| not_found(written))
        }
        _ => read_remote(config, url),
    }
}

/// k6's words, for those who search for them.
fn not_found(written: &str) -> String {
    format!(
        "The moduleSpecifier \"{written}\" couldn't be found on local disk. Make sure that you've \
         specified the right path to the file. If you're running in a container make sure you have \
         mounted the local directory (-v /local/path/:/inside/docker/path) containing your script and \
         modules so that they're accessible from inside of the container."
    )
}

/// A whole file, unless it is larger than any script or data file ought to be.
pub(super) fn read_file(path: &std::path::Path) -> std::io::Result<Arc<[u8]>> {
    if fs::metadata(path)?.len() > SIZE_LIMIT {
        return Err(std::io::Error::other(format!("larger than {SIZE_LIMIT} bytes")));
    }
    Ok(fs::read(path)?.into())
}

fn read_remote(config: &LoaderConfig, url: &Url) -> Result<Arc<[u8]>, String> {
    for (prefix, directory) in &config.mirrors {
        if let Some(rest) = url.as_str().strip_prefix(prefix.as_str()) {
            let path = directory
                .join(rest.split(['?', '#']).next().unwrap_or(rest).trim_start_matches('/'));
            return read_file(&path).map_err(|error| {
                format!("The module {url} is not in its mirror: {}: {error}", path.display())
            });
        }
    }
    let cached = config.cache.as_ref().map(|directory| directory.join(cache_name(url)));
    if let Some(bytes) = cached.as_ref().and_then(|path| read_file(path).ok()) {
        return Ok(bytes);
    }
    let Some(fetch) = &config.fetch else {
        return Err(format!(
            "The moduleSpecifier \"{url}\" couldn't be retrieved: there is no network here; \
             give a local copy with --module-mirror URL=DIR"
        ));
    };
    let bytes = fetch.fetch(url, SIZE_LIMIT).map_err(|error| {
        format!(
            "The moduleSpecifier \"{url}\" couldn't be retrieved from the resolved url \"{url}\". Error : \
             \"{error}\"; a local copy can be given with --module-mirror URL=DIR"
        )
    })?;
    if let Some(path) = cached {
        keep(&path, &bytes);
    }
    Ok(bytes.into())
}

/// Writes to the cache by rename, so that two runs at once see whole files. A cache that cannot be
/// written costs a download each time and nothing else.
fn keep(path: &PathBuf, bytes: &[u8]) {
    let Some(directory) = path.parent() else { return };
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    if fs::create_dir_all(directory).and_then(|()| fs::write(&temporary, bytes)).is_ok() {
        drop(fs::rename(&temporary, path));
    }
}

/// A file name that is readable and free of separators and collisions.
fn cache_name(url: &Url) -> String {
    let readable: String = url
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .take(100)
        .collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, url.as_str().as_bytes());
    let hex: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{readable}-{hex}")
}
