//! `plimsoll serve cache` and clients that know nothing of it: redis-py, redis-rs, and the tools of Redis over
//! TLS.

mod redis_rs;
mod secure;
mod tls;

use std::{path::PathBuf, process::Command};

use plimsoll_e2e::{redis::Redis, root, script, untested::not_tested};

use self::secure::SecureCache;
use crate::cache::Cache;

/// `redis://127.0.0.1:PORT`
fn url(cache: &Cache) -> String {
    format!("redis://127.0.0.1:{}", cache.port)
}

/// A Python that has redis-py; `None`, with a word of it, when there is none.
fn python() -> Option<PathBuf> {
    let asked = std::env::var_os("PLIMSOLL_REDIS_PY").map(PathBuf::from);
    let path = asked.unwrap_or_else(|| root().join("target/tools/redis-py/bin/python"));
    if !path.is_file() {
        not_tested(&format!("no redis-py in {}: run `cargo xtask test`", path.display()));
        return None;
    }
    Some(path)
}

/// Runs all families by both protocols.
fn check_families(arguments: &[&str]) {
    let Some(python) = python() else { return };
    let output = Command::new(python)
        .arg(script("cache/redis_py.py"))
        .args(arguments)
        .output()
        .expect("run python");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert_eq!(said.matches("ok: ").count(), 2, "{said}{errors}");
}

#[test]
fn redis_py_works_with_it() {
    let cache = Cache::start(&["--threads", "2"]);
    check_families(&[&url(&cache)]);
}

#[test]
fn redis_py_works_with_it_over_tls() {
    let cache = SecureCache::start(&["--threads", "2", "--tls-auth-clients", "no"]);
    let authority = cache.file("ca.pem").display().to_string();
    check_families(&[&cache.url(), &authority]);
}

/// So that the families say what Redis does, and not what we would like.
#[test]
fn redis_py_finds_the_same_in_redis() {
    let redis = Redis::start(&[]);
    check_families(&[&redis.url()]);
}
