//! Archives: a test with everything it reads in one tar file, in k6's layout.
//!
//! `metadata.json` (options, entry, environment), `data` (the entry script), then every module and
//! opened file below `file/` or `https/` by its place. Archives of k6 are read as well.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// Entries and bytes that an archive may have, so that a bad one cannot fill the memory.
const ENTRIES_LIMIT: usize = 100_000;
const BYTES_LIMIT: u64 = 1 << 30;

/// A test as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// The entry script's URL on the machine where it was made.
    pub entry: Url,
    pub env: BTreeMap<String, String>,
    /// Consolidated options, in the shape of a script's `options`.
    pub options: Value,
    /// `extended` or `base`
    pub compatibility_mode: String,
    /// The entry script, modules and opened files, by URL.
    pub files: BTreeMap<String, Arc<[u8]>>,
}

/// Why a file is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("not a readable archive: {0}")]
    Io(#[from] io::Error),
    #[error("the archive has no {0}")]
    Missing(&'static str),
    #[error("the archive's metadata.json is malformed: {0}")]
    Metadata(String),
    #[error("the archive has more than {0}")]
    TooLarge(String),
}

/// `metadata.json`, with k6's keys.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(rename = "type")]
    kind: String,
    options: Value,
    filename: String,
    pwd: String,
    #[serde(default)]
    env: Option<BTreeMap<String, String>>,
    #[serde(default)]
    compatibility_mode: String,
    /// Of k6: the version whose behavior the script expects.
    #[serde(default, rename = "k6version")]
    k6_version: String,
    #[serde(default, rename = "goos")]
    os: String,
}

impl Archive {
    /// Writes it; the same test gives the same bytes.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, out: impl io::Write) -> io::Result<()> {
        let entry = self.entry.as_str();
        let metadata = Metadata {
            kind: "js".to_owned(),
            options: self.options.clone(),
            filename: entry.to_owned(),
            pwd: self.entry.join(".").map_or_else(|_| entry.to_owned(), folder),
            env: Some(self.env.clone()),
            compatibility_mode: self.compatibility_mode.clone(),
            k6_version: "1.1.0".to_owned(),
            os: "linux".to_owned(),
        };
        let mut tar = tar::Builder::new(out);
        append(&mut tar, "metadata.json", &serde_json::to_vec_pretty(&metadata)?)?;
        append(&mut tar, "data", self.files.get(entry).map_or(&[], |bytes| bytes))?;
        for (url, bytes) in &self.files {
            append(&mut tar, &place(url), bytes)?;
        }
        tar.into_inner()?.flush()
    }

    /// Reads one, ours or k6's.
    ///
    /// # Errors
    /// A file that is no tar, lacks a part, or is over a limit.
    pub fn read(input: impl io::Read) -> Result<Archive, ArchiveError> {
        let mut contents: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        let mut tar = tar::Archive::new(input.take(BYTES_LIMIT));
        let mut total = 0;
        for entry in tar.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type() != tar::EntryType::Regular {
                continue;
            }
            total += entry.size();
            if total > BYTES_LIMIT {
                return Err(ArchiveError::TooLarge(format!("{BYTES_LIMIT} bytes")));
            }
            if contents.len() >= ENTRIES_LIMIT {
                return Err(ArchiveError::TooLarge(format!("{ENTRIES_LIMIT} files")));
            }
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            contents.insert(path, bytes.into());
        }
        Archive::from_contents(&contents)
    }

    fn from_contents(contents: &BTreeMap<String, Arc<[u8]>>) -> Result<Archive, ArchiveError> {
        let text = contents.get("metadata.json").ok_or(ArchiveError::Missing("metadata.json"))?;
        let metadata: Metadata =
            serde_json::from_slice(text).map_err(|e| ArchiveError::Metadata(e.to_string()))?;
        if metadata.kind != "js" {
            return Err(ArchiveError::Metadata(format!("type '{}' is not js", metadata.kind)));
        }
        let entry = Url::parse(&metadata.filename).map_err(|e| {
            ArchiveError::Metadata(format!("filename '{}': {e}", metadata.filename))
        })?;
        let mut files: BTreeMap<String, Arc<[u8]>> = contents
            .iter()
            .filter_map(|(path, bytes)| Some((url_of(path)?, bytes.clone())))
            .collect();
        // k6 stores the entry script once, as `data`, and links to it.
        let data = contents.get("data").ok_or(ArchiveError::Missing("data"))?;
        files.insert(entry.to_string(), data.clone());
        let compatibility_mode = match metadata.compatibility_mode.as_str() {
            "" => "extended".to_owned(),
            mode => mode.to_owned(),
        };
        let env = metadata.env.unwrap_or_default();
        Ok(Archive { entry, env, options: metadata.options, compatibility_mode, files })
    }
}

fn folder(url: Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn append<W: io::Write>(tar: &mut tar::Builder<W>, path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, path, bytes)
}

/// `file:///a/b.js` is at `file/a/b.js`, `https://host/x.js` at `https/host/x.js`.
fn place(url: &str) -> String {
    let path = url.replacen(":///", "/", 1).replacen("://", "/", 1);
    percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned()
}

/// The other way; other paths are no files of the test.
fn url_of(path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("file/") {
        return Url::from_file_path(format!("/{rest}")).ok().map(String::from);
    }
    let rest = path.strip_prefix("https/")?;
    Url::parse(&format!("https://{rest}")).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn archive() -> Archive {
        let file = |text: &str| Arc::from(text.as_bytes());
        Archive {
            entry: Url::parse("file:///home/me/my%20tests/script.js").unwrap(),
            env: BTreeMap::from([("A".into(), "b".into())]),
            options: json!({ "vus": 3 }),
            compatibility_mode: "base".into(),
            files: BTreeMap::from([
                ("file:///home/me/my%20tests/script.js".into(), file("export default () => {}")),
                ("file:///home/me/my%20tests/data.txt".into(), file("x")),
                ("https://example.com/lib/a.js".into(), file("export const a = 1")),
            ]),
        }
    }

    #[test]
    fn round_trip() {
        let mut bytes = Vec::new();
        archive().write(&mut bytes).unwrap();
        assert_eq!(Archive::read(bytes.as_slice()).unwrap(), archive());
    }

    #[test]
    fn says_what_is_missing() {
        let mut tar = tar::Builder::new(Vec::new());
        append(&mut tar, "data", b"x").unwrap();
        let bytes = tar.into_inner().unwrap();
        let error = Archive::read(bytes.as_slice()).unwrap_err();
        assert_eq!(error.to_string(), "the archive has no metadata.json");
    }

    proptest! {
        #[test]
        fn damage_is_an_error_not_a_panic(at in 0usize..4096, byte: u8) {
            let mut bytes = Vec::new();
            archive().write(&mut bytes).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            drop(Archive::read(bytes.as_slice()));
        }
    }
}
