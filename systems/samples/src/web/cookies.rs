//! Cookies: shown, set and deleted.

use std::collections::BTreeMap;

use http::{StatusCode, header::COOKIE, header::SET_COOKIE};
use serde_json::json;

use super::{
    exchange::{Head, Reply, decoded, json, not_found, redirect, with_header},
    router::Segments,
};

pub(super) fn route(head: &Head, segments: &Segments<'_>) -> Reply {
    match *segments {
        [Some("cookies"), None, ..] => json(&json!({ "cookies": sent(head) })),
        [Some("cookies"), Some("set"), None, ..] => {
            changed(head.query().map(|(name, value)| set(&name, &value)))
        }
        [Some("cookies"), Some("set"), Some(name), Some(value), None, ..] => {
            changed([set(&decoded(name), &decoded(value))].into_iter())
        }
        [Some("cookies"), Some("delete"), None, ..] => {
            changed(head.query().map(|(name, _)| deleted(&name)))
        }
        _ => not_found(),
    }
}

fn sent(head: &Head) -> BTreeMap<String, String> {
    let mut cookies = BTreeMap::new();
    for header in head.headers().get_all(COOKIE) {
        for cookie in header.to_str().unwrap_or_default().split(';') {
            if let Some((name, value)) = cookie.trim().split_once('=') {
                cookies.insert(name.to_owned(), value.trim_matches('"').to_owned());
            }
        }
    }
    cookies
}

fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/")
}

fn deleted(name: &str) -> String {
    format!("{name}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")
}

/// Shows them afterwards.
fn changed(cookies: impl Iterator<Item = String>) -> Reply {
    cookies.fold(redirect(StatusCode::FOUND, "/cookies"), |reply, cookie| {
        with_header(reply, SET_COOKIE, &cookie)
    })
}
