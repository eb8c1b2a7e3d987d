//! URLs, alone and relative to another one.

use bolero::check;
use plimsoll_clients::http::{Url, url::Scheme};

use crate::near::Corpus;

const SEEDS: &[&str] = &[
    "http://a.test/p/q?x=1&y=%20#f",
    "https://user:p%40ss@[::1]:8443/a/../b/./c?d",
    "http://b\u{fc}cher.test:80/\u{e9} x?\u{e9} y",
    "//other.test:1/b",
    "../../c;d?e=f",
    "http://127.0.0.1",
    "ftp://h/",
];

const WORDS: &[&str] = &[
    "://", "//", "/", "..", ".", "?", "#", "@", ":", "[", "]", "%", "%00", "%zz", "%2F", " ", "\t",
    "\r\n", "\0", "\u{7f}", "\\", "http:", "HTTPS://", "xn--", "\u{df}", "\u{202e}", "65536", "0",
    "::", "*",
];

fn check_parts(url: &Url) {
    let again = Url::parse(url.as_str()).expect("its own text parses");
    assert_eq!(again.as_str(), url.as_str());
    assert_eq!(again.target(), url.target());
    assert_eq!((again.host(), again.port()), (url.host(), url.port()));
    // Requests to others are refused.
    if url.scheme() == Scheme::Other || url.host().is_empty() {
        return;
    }
    for part in [url.target(), url.authority()] {
        let breaks = |c: char| c.is_ascii_control() || c == ' ';
        assert!(!part.contains(breaks), "{part:?} would break the request's line");
    }
    assert!(url.target().starts_with('/'), "{:?}", url.target());
    if url.credentials().is_some_and(|it| !it.password.is_empty()) {
        assert!(url.tag().contains("://****:****@"), "the password is in {}", url.tag());
    }
}

#[test]
fn urls() {
    let corpus = || Corpus::of_texts(SEEDS, WORDS).text();
    check!().with_generator((corpus(), corpus())).for_each(|(base, reference)| {
        let Ok(url) = Url::parse(base) else { return };
        check_parts(&url);
        if let Ok(joined) = url.join(reference) {
            check_parts(&joined);
        }
    });
}
