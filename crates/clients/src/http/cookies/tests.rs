//! The jar, `Set-Cookie` lines and dates.

use proptest::prelude::*;

use super::{Cookie, CookieJar, format_http_date, parse_http_date, write_pair};
use crate::http::Url;

/// Sets each line from its URL, then compares what a request to `url` carries.
fn check(lines: &[(&str, &str)], url: &str, expected: &str) {
    let jar = CookieJar::new();
    for (from, line) in lines {
        let cookie = Cookie::parse(line).unwrap();
        jar.set(&Url::parse(from).unwrap(), cookie);
    }
    assert_eq!(carried(&jar, url), expected, "{lines:?} at {url}");
}

fn carried(jar: &CookieJar, url: &str) -> String {
    let mut text = String::new();
    for (name, value) in jar.cookies_for_url(&Url::parse(url).unwrap()) {
        if !text.is_empty() {
            text.push_str("; ");
        }
        write_pair(&mut text, &name, &value);
    }
    text
}

#[test]
fn hosts_and_domains() {
    check(&[("http://a.test/", "x=1")], "http://a.test/any", "x=1");
    check(&[("http://a.test/", "x=1")], "http://b.a.test/", "");
    check(&[("http://a.test/", "x=1; Domain=a.test")], "http://b.a.test/", "x=1");
    check(&[("http://b.a.test/", "x=1; Domain=.a.test")], "http://a.test/", "x=1");
    check(&[("http://a.test/", "x=1; Domain=b.test")], "http://b.test/", "");
    check(&[("http://xa.test/", "x=1; Domain=a.test")], "http://a.test/", "");
    check(&[("http://127.0.0.1/", "x=1; Domain=127.0.0.1")], "http://127.0.0.1:99/", "x=1");
    check(&[("http://127.0.0.1/", "x=1; Domain=0.0.1")], "http://127.0.0.1/", "");
}

#[test]
fn paths() {
    check(&[("http://h/a/b", "x=1")], "http://h/a/c", "x=1");
    check(&[("http://h/a/b", "x=1")], "http://h/ab", "");
    check(&[("http://h/", "x=1; Path=/p")], "http://h/p/q", "x=1");
    check(&[("http://h/", "x=1; Path=/p")], "http://h/pq", "");
    let both = [("http://h/", "short=1; Path=/"), ("http://h/", "long=2; Path=/p")];
    check(&both, "http://h/p", "long=2; short=1");
}

#[test]
fn secure_and_expiry() {
    check(&[("https://h/", "x=1; Secure; HttpOnly")], "http://h/", "");
    check(&[("https://h/", "x=1; Secure; HttpOnly")], "https://h/", "x=1");
    check(&[("http://h/", "x=1"), ("http://h/", "x=2; Max-Age=0")], "http://h/", "");
    check(&[("http://h/", "x=1"), ("http://h/", "x=2; Max-Age=100")], "http://h/", "x=2");
    check(&[("http://h/", "x=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT")], "http://h/", "");
    check(&[("http://h/", "x=1; Expires=Fri, 01-Jan-2100 00:00:01 GMT")], "http://h/", "x=1");
}

#[test]
fn clear_delete_and_reset() {
    let (jar, url) = (CookieJar::new(), Url::parse("http://h/").unwrap());
    for line in ["a=1", "b=2", "c=3; Path=/elsewhere"] {
        assert!(jar.set(&url, Cookie::parse(line).unwrap()));
    }
    jar.delete(&url, "a");
    assert_eq!(carried(&jar, "http://h/"), "b=2");
    jar.clear(&url);
    assert_eq!(carried(&jar, "http://h/elsewhere"), "c=3");
    let elsewhere = Url::parse("http://h/elsewhere").unwrap();
    jar.set(&elsewhere, Cookie::parse("d=4").unwrap());
    jar.clear(&elsewhere);
    assert_eq!(carried(&jar, "http://h/elsewhere"), "c=3", "only those of the directory");
    let below = Url::parse("http://a.h/").unwrap();
    jar.set(&below, Cookie::parse("e=5; Domain=h").unwrap());
    jar.clear(&below);
    assert_eq!(carried(&jar, "http://a.h/"), "e=5", "only those of the very host");
    jar.reset();
    assert!(jar.is_empty());
}

#[test]
fn lines_parse() {
    let cookie = Cookie::parse(
        "id=\"a b\"; Domain=.Example.test; Path=/p; Secure; HttpOnly; Max-Age=5; X=y",
    )
    .unwrap();
    let expected = Cookie {
        name: "id".to_owned(),
        value: "a b".to_owned(),
        domain: ".Example.test".to_owned(),
        path: "/p".to_owned(),
        http_only: true,
        secure: true,
        max_age: Some(5),
        expires: None,
    };
    assert_eq!(cookie, expected);
    for bad in ["", "novalue", "=x", "a b=c", "a=b\\c"] {
        assert_eq!(Cookie::parse(bad), None, "{bad}");
    }
}

#[test]
fn values_with_blanks_are_quoted() {
    let mut text = String::new();
    write_pair(&mut text, "a", "x y\"z");
    assert_eq!(text, "a=\"x yz\"");
}

#[test]
fn dates() {
    let expected = Some(1_445_412_480_000);
    assert_eq!(parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT"), expected);
    assert_eq!(parse_http_date("Wed, 21-Oct-15 07:28:00 GMT"), expected);
    assert_eq!(parse_http_date("Wed Oct 21 07:28:00 2015"), expected);
    assert_eq!(parse_http_date("tomorrow"), None);
}

proptest! {
    #[test]
    fn dates_round_trip(seconds in 0_i64..4_000_000_000) {
        let text = format_http_date(seconds * 1000);
        prop_assert_eq!(parse_http_date(&text), Some(seconds * 1000), "{}", text);
    }

    #[test]
    fn any_line_parses_or_not(line in ".{0,60}") {
        if let Some(cookie) = Cookie::parse(&line) {
            CookieJar::new().set(&Url::parse("http://h/").unwrap(), cookie);
        }
    }
}
