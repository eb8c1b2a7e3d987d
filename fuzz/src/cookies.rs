//! `Set-Cookie` lines and HTTP dates.

use bolero::check;
use plimsoll_clients::http::{
    Cookie, CookieJar, Url,
    cookies::{format_http_date, parse_http_date},
};

use crate::near::Corpus;

const LINES: &[&str] = &[
    "id=abc; Domain=.a.test; Path=/p; Secure; HttpOnly; Max-Age=60",
    "a=\"b c\"; Expires=Wed, 21 Oct 2015 07:28:00 GMT; SameSite=Lax",
    "x=; Max-Age=-1; Path=",
    "name=value; domain=127.0.0.1; expires=Fri, 01-Jan-99 00:00:01 GMT",
];

const DATES: &[&str] = &[
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "Wed, 21-Oct-15 07:28:00 GMT",
    "Wednesday, 21-Oct-15 07:28:00 GMT",
    "Wed Oct  1 07:28:00 2015",
];

const WORDS: &[&str] = &[
    ";",
    "; ",
    "=",
    "\"",
    ",",
    "\\",
    "\0",
    "\u{e9}",
    "Path=/",
    "Domain=",
    "..",
    "test",
    "[::1]",
    "Max-Age=",
    "9223372036854775808",
    "-",
    "Expires=",
    "29 Feb",
    "31 Dec 9999",
    "99",
    "-1",
    "60",
];

#[test]
fn lines() {
    check!().with_generator(Corpus::of_texts(LINES, WORDS).text()).for_each(|line| {
        let Some(cookie) = Cookie::parse(line) else { return };
        assert!(!cookie.name.is_empty(), "a cookie without a name");
        let jar = CookieJar::new();
        for url in ["https://a.test/p/q", "http://127.0.0.1:8080/", "http://b.a.test/p"] {
            let url = Url::parse(url).expect("a valid URL");
            jar.set(&url, cookie.clone());
            for (name, value) in jar.cookies_for_url(&url) {
                let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
                assert!(!breaks(&name) && !breaks(&value), "it would end the header's line");
            }
        }
    });
}

#[test]
fn dates() {
    check!().with_generator(Corpus::of_texts(DATES, WORDS).text()).for_each(|text| {
        if let Some(unix_ms) = parse_http_date(text) {
            let again = format_http_date(unix_ms);
            assert_eq!(parse_http_date(&again), Some(unix_ms), "{again}");
        }
    });
}
