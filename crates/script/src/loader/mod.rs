//! Finds, reads, translates and compiles modules, once for all VUs.
//!
//! A module goes through [`resolve`] (specifier to URL), [`read`] (URL to text), [`translate`]
//! (TypeScript to JavaScript, imports found) and the JavaScript engine's compiler (in the first VU
//! that needs it); later VUs load its bytecode ([`vu_loader`]).

mod common_js;
mod mentions;
mod open;
mod positions;
mod read;
mod resolve;
mod translate;
pub(crate) mod vu_loader;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

pub(crate) use mentions::Mentions;
pub(crate) use open::OpenError;
pub use read::{Fetch, FetchError};
use url::Url;

use positions::Positions;
use resolve::Location;

use crate::vu::intrinsics::Intrinsics;

/// Modules that one test may load.
const MODULES_LIMIT: usize = 10_000;

/// Where modules come from.
#[derive(Clone, Default)]
pub struct LoaderConfig {
    /// Downloads `https://` modules; `None` makes them an error that names `--module-mirror`.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// Keeps downloaded modules between runs.
    pub cache: Option<PathBuf>,
    /// URL prefixes and the directories that stand for them.
    pub mirrors: Vec<(String, PathBuf)>,
    /// Files that are not read from disk: the script on standard input, an archive's content.
    pub overlay: BTreeMap<String, Arc<[u8]>>,
}

/// The entry script and every module it loads.
pub struct Modules {
    config: LoaderConfig,
    entry: Url,
    sources: Mutex<BTreeMap<String, Arc<Source>>>,
    /// Files read by `open()`.
    files: Mutex<BTreeMap<PathBuf, Arc<[u8]>>>,
    /// Of all sources together; another `Arc` when it grew.
    mentions: Mutex<Arc<Mentions>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Has `import` or `export`.
    EcmaScript,
    CommonJs,
}

/// Names that other modules import from a CommonJS module.
#[derive(Default)]
struct Wanted {
    names: BTreeSet<String>,
    /// `import *` or `export *`: every name, known only after it ran.
    all: bool,
}

/// One module's text and what was made of it.
pub(crate) struct Source {
    url: Url,
    kind: Kind,
    /// As read, for archives.
    original: Arc<[u8]>,
    /// JavaScript, for the compiler.
    code: String,
    /// From places in `code` to places in `original`, where they differ.
    positions: Option<Positions>,
    /// Specifiers with their places in `code`.
    imports: Vec<(String, (u32, u32))>,
    uses_import_meta: bool,
    intrinsics: Intrinsics,
    wanted: Mutex<Wanted>,
    bytecode: OnceLock<Box<[u8]>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Modules {
    /// `entry` is the script's URL; nothing is read yet.
    pub fn new(config: LoaderConfig, entry: Url) -> Modules {
        Modules {
            config,
            entry,
            sources: Mutex::default(),
            files: Mutex::default(),
            mentions: Mutex::default(),
        }
    }

    pub fn entry(&self) -> &Url {
        &self.entry
    }

    /// Every module read so far, by URL, as it was read.
    pub fn originals(&self) -> Vec<(Url, Arc<[u8]>)> {
        lock(&self.sources)
            .values()
            .map(|source| (source.url.clone(), source.original.clone()))
            .collect()
    }

    /// What the modules read so far may ask for.
    pub(crate) fn mentions(&self) -> Arc<Mentions> {
        lock(&self.mentions).clone()
    }

    fn note_mentions(&self, url: &Url, code: &str) {
        let entry_file = self.entry.as_str().rsplit('/').next().unwrap_or_default();
        let new = Mentions::of_code(code, entry_file, *url == self.entry);
        let mut known = lock(&self.mentions);
        let all = known.with(&new);
        if all != **known {
            *known = Arc::new(all);
        }
    }

    fn resolve(&self, base: &str, specifier: &str) -> Result<Location, String> {
        let base = Url::parse(base).unwrap_or_else(|_| self.entry.clone());
        resolve::resolve(&base, specifier)
    }

    /// The module at `url`, read and translated with everything that it imports when it is new.
    /// `written`: how a script calls it, for errors.
    fn source(&self, url: &Url, written: &str) -> Result<Arc<Source>, String> {
        if let Some(source) = lock(&self.sources).get(url.as_str()) {
            return Ok(source.clone());
        }
        let mut pending = vec![url.clone()];
        while let Some(next) = pending.pop() {
            if !lock(&self.sources).contains_key(next.as_str()) {
                pending.extend(self.add(&next, written)?);
            }
        }
        let source = lock(&self.sources).get(url.as_str()).cloned();
        source.ok_or_else(|| format!("module {url} is missing"))
    }

    /// Reads one module; returns what it imports.
    fn add(&self, url: &Url, written: &str) -> Result<Vec<Url>, String> {
        let original = read::read(&self.config, url, written)?;
        let translated = translate::translate(url, &original)?;
        let mut imported = Vec::new();
        for import in &translated.imports {
            // What cannot be resolved fails in order, when the importing module is linked.
            let Ok(Location::Url(target)) = self.resolve(url.as_str(), &import.specifier) else {
                continue;
            };
            if let Some(known) = lock(&self.sources).get(target.as_str()) {
                import.note(&mut lock(&known.wanted));
            }
            imported.push((target, import));
        }
        self.note_mentions(url, &translated.code);
        let source = Source {
            url: url.clone(),
            kind: translated.kind,
            imports: translated.places(),
            original,
            intrinsics: Intrinsics::of_code(&translated.code),
            code: translated.code,
            positions: translated.positions,
            uses_import_meta: translated.uses_import_meta,
            wanted: Mutex::default(),
            bytecode: OnceLock::new(),
        };
        let mut sources = lock(&self.sources);
        if sources.len() >= MODULES_LIMIT {
            return Err(format!("more than {MODULES_LIMIT} modules"));
        }
        sources.insert(url.to_string(), Arc::new(source));
        drop(sources);
        let mut targets = Vec::new();
        for (target, import) in imported {
            match self.source(&target, &import.specifier) {
                Ok(source) => import.note(&mut lock(&source.wanted)),
                Err(_) => continue,
            }
            targets.push(target);
        }
        Ok(targets)
    }

    /// Where the module at `base` imports `specifier`: `file:///script.js:1:2`.
    fn place_of_import(&self, base: &str, specifier: &str) -> Option<String> {
        let source = lock(&self.sources).get(base).cloned()?;
        let (_, (line, column)) = source.imports.iter().find(|(known, _)| known == specifier)?;
        let (line, column) = self.original_position(base, *line, *column);
        Some(format!("{base}:{line}:{column}"))
    }

    /// How and where some module imports the one at `url`.
    fn importer(&self, url: &str) -> Option<(String, String)> {
        let sources: Vec<Arc<Source>> = lock(&self.sources).values().cloned().collect();
        sources.iter().find_map(|source| {
            let base = source.url.as_str();
            let specifier = source.imports.iter().map(|(specifier, _)| specifier).find(|specifier| {
                matches!(self.resolve(base, specifier), Ok(Location::Url(target)) if target.as_str() == url)
            })?;
            Some((specifier.clone(), self.place_of_import(base, specifier)?))
        })
    }

    /// The place in the user's source for a place in compiled code.
    pub(crate) fn original_position(&self, url: &str, line: u32, column: u32) -> (u32, u32) {
        let Some(source) = lock(&self.sources).get(url).cloned() else { return (line, column) };
        let column = if source.kind == Kind::CommonJs && line == 1 {
            column.saturating_sub(common_js::WRAPPER_HEAD.len() as u32).max(1)
        } else {
            column
        };
        let original =
            source.positions.as_ref().and_then(|positions| positions.original(line, column));
        original.unwrap_or((line, column))
    }
}

#[cfg(test)]
mod tests;
