//! Where modules come from, and what is refused.

use std::{fs, path::PathBuf};

use url::Url;

use super::{Fetch, FetchError, LoaderConfig, Modules, resolve::Location};

fn modules(config: LoaderConfig) -> Modules {
    Modules::new(config, Url::parse("file:///test/script.js").unwrap())
}

#[track_caller]
fn check(base: &str, specifier: &str, expected: &str) {
    let found = match modules(LoaderConfig::default()).resolve(base, specifier) {
        Ok(Location::BuiltIn(module)) => module.name.to_string(),
        Ok(Location::Url(url)) => url.to_string(),
        Err(message) => format!("error: {message}"),
    };
    assert!(found.starts_with(expected), "{specifier}: {found}");
}

#[test]
fn specifiers_resolve_as_in_k6() {
    let base = "file:///test/sub/lib.js";
    check(base, "k6/metrics", "k6/metrics");
    check(base, "./x.js", "file:///test/sub/x.js");
    check(base, "../x.js", "file:///test/x.js");
    check(base, "/abs/x.js", "file:///abs/x.js");
    check(base, "file:///abs/x.js", "file:///abs/x.js");
    check(base, "https://jslib.k6.io/a/b.js", "https://jslib.k6.io/a/b.js");
    check("https://jslib.k6.io/a/b.js", "./c.js", "https://jslib.k6.io/a/c.js");
    check(
        "https://jslib.k6.io/a/b.js",
        "file:///c.js",
        "error: origin (https://jslib.k6.io/a/b.js) not allowed",
    );
    check(base, "lodash", "error: The moduleSpecifier \"lodash\" couldn't be recognised");
    check(base, "http://x.y/z.js", "error: only supported schemes for imports are file and https");
    check(base, "github.com/a/b", "error: github.com 'special' urls are no longer supported");
    check(base, "k6/nope", "error: unknown module: k6/nope");
    check(base, "k6/x/sql", "error: unsupported module: k6/x/sql");
    check(base, "k6/browser", "error: unsupported module: k6/browser");
}

struct Fixed(&'static str);

impl Fetch for Fixed {
    fn fetch(&self, url: &Url, _limit: u64) -> Result<Vec<u8>, FetchError> {
        match self.0 {
            "" => Err(FetchError { message: format!("no {url} today") }),
            text => Ok(text.as_bytes().to_vec()),
        }
    }
}

#[test]
fn remote_modules_come_from_mirror_cache_or_network() {
    let directory = tempfile::tempdir().unwrap();
    let mirror = directory.path().join("mirror");
    fs::create_dir_all(mirror.join("lib")).unwrap();
    fs::write(mirror.join("lib/a.js"), "export const a = 'mirror';").unwrap();
    let config = |text| LoaderConfig {
        fetch: Some(std::sync::Arc::new(Fixed(text))),
        cache: Some(directory.path().join("cache")),
        mirrors: vec![("https://x.test/".to_string(), PathBuf::from(&mirror))],
        ..LoaderConfig::default()
    };
    let read = |text, url: &str| {
        let url = Url::parse(url).unwrap();
        modules(config(text)).source(&url, url.as_str()).map(|source| source.code.clone())
    };
    assert_eq!(read("net", "https://x.test/lib/a.js?v=1").unwrap(), "export const a = 'mirror';");
    assert!(read("net", "https://x.test/lib/b.js").unwrap_err().contains("not in its mirror"));
    assert_eq!(read("export const b = 1;", "https://y.test/b.js").unwrap(), "export const b = 1;");
    // From the cache now.
    assert_eq!(read("", "https://y.test/b.js").unwrap(), "export const b = 1;");
    assert!(read("", "https://y.test/c.js").unwrap_err().contains("no https://y.test/c.js today"));
    let url = Url::parse("https://y.test/b.js").unwrap();
    let alone = modules(LoaderConfig::default()).source(&url, url.as_str()).map(drop);
    assert!(alone.unwrap_err().contains("--module-mirror"));
}
