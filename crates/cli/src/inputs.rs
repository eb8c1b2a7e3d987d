//! Digests of what a run was made from, for its record: whether two runs were asked the same can be told
//! from them, and nothing else.

use std::{collections::BTreeMap, io::Read, path::Path};

use plimsoll_script::loader::Modules;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Bytes of a digest that are kept.
const KEPT: usize = 8;

/// Of files of targets, which may be long; the length counts too.
const READ_MAX: u64 = 64 << 20;

/// Fewer for variables: what they hold may be short and secret, and is not to be found by trying.
const KEPT_OF_VARIABLE: usize = 2;

/// Adds to a script's `options` what was read and the variables of `-e`.
pub(crate) fn of_script(options: Value, modules: &Modules, env: &[String]) -> Value {
    let folder = modules.entry().join(".").ok();
    let name = |url: &url::Url| match folder.as_ref().and_then(|folder| folder.make_relative(url)) {
        Some(relative) => relative,
        None => url.to_string(),
    };
    let sources = modules.originals().into_iter().map(|(url, bytes)| (name(&url), bytes));
    let data = modules.data_files().into_iter().filter_map(|(path, bytes)| {
        let url = url::Url::from_file_path(path).ok()?;
        Some((name(&url), bytes))
    });
    let files: BTreeMap<String, String> =
        sources.chain(data).map(|(name, bytes)| (name, digest(&bytes, KEPT))).collect();
    let variable = |pair: &String| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), digest(value.as_bytes(), KEPT_OF_VARIABLE))
    };
    let environment: BTreeMap<String, String> = env.iter().map(variable).collect();
    with(options, &files, &environment)
}

/// Adds to an attack's `options` the `files` that it reads and the `flags` that say what is sent and how.
pub(crate) fn of_attack(options: Value, files: &[&Path], flags: &[(&str, String)]) -> Value {
    let read = |path: &&Path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, of_file(path).ok()??))
    };
    let mut all: BTreeMap<String, String> = files.iter().filter_map(read).collect();
    let flags =
        flags.iter().map(|(name, text)| ((*name).to_owned(), digest(text.as_bytes(), KEPT)));
    all.extend(flags);
    with(options, &all, &BTreeMap::new())
}

/// `None` for what is no file: a pipe can be read once only.
fn of_file(path: &Path) -> std::io::Result<Option<String>> {
    let length = match std::fs::metadata(path)? {
        about if about.is_file() => about.len(),
        _ => return Ok(None),
    };
    let mut bytes = length.to_le_bytes().to_vec();
    std::fs::File::open(path)?.take(READ_MAX).read_to_end(&mut bytes)?;
    Ok(Some(digest(&bytes, KEPT)))
}

fn with(
    mut options: Value,
    files: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> Value {
    if let Some(members) = options.as_object_mut() {
        members.insert("files".to_owned(), json!(files));
        members.insert("environment".to_owned(), json!(environment));
    }
    options
}

fn digest(bytes: &[u8], kept: usize) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(kept).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_tell_contents_apart_and_keep_none() {
        let folder = std::env::temp_dir().join(format!("plimsoll-inputs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("targets.txt");
        let of = |text: &str, flags: &str| {
            std::fs::write(&file, text).unwrap();
            of_attack(json!({}), &[&file], &[("flags of HTTP", flags.to_owned())])
        };
        let one = of("GET http://a/", "secret");
        assert_eq!(one, of("GET http://a/", "secret"));
        assert_ne!(
            one["files"]["targets.txt"],
            of("GET http://b/", "secret")["files"]["targets.txt"]
        );
        assert_ne!(
            one["files"]["flags of HTTP"],
            of("GET http://a/", "x")["files"]["flags of HTTP"]
        );
        assert!(!one.to_string().contains("secret"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
