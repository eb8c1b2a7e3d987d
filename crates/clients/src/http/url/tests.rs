//! URLs as Go reads them.

use super::{Scheme, Url};
use crate::http::ErrorCode;

fn check(text: &str, host: &str, port: u16, authority: &str, target: &str) {
    let url = Url::parse(text).unwrap();
    assert_eq!(
        (url.host(), url.port(), url.authority(), url.target()),
        (host, port, authority, target),
        "{text}"
    );
}

#[test]
fn parts_are_kept_as_written() {
    check("http://127.0.0.1:80/x?a=1#frag", "127.0.0.1", 80, "127.0.0.1:80", "/x?a=1");
    check("http://Example.test", "example.test", 80, "Example.test", "/");
    check("https://h?x=1", "h", 443, "h", "/?x=1");
    check("http://h/a/../b/./c", "h", 80, "h", "/a/../b/./c");
    check("http://[::1]:8080/", "::1", 8080, "[::1]:8080", "/");
    check("http://h/a b?c d=é&x={}|", "h", 80, "h", "/a%20b?c%20d=é&x={}|");
    check("http://h/é\"<>`{}|^", "h", 80, "h", "/%C3%A9%22%3C%3E%60%7B%7D%7C%5E");
    check("http://bücher.test/", "xn--bcher-kva.test", 80, "bücher.test", "/");
    check("http://127.0.0.1:1:1/", "127.0.0.1:1", 1, "127.0.0.1:1:1", "/");
}

#[test]
fn credentials_are_masked() {
    let url = Url::parse("http://user:p%40ss@h/x").unwrap();
    assert_eq!(&**url.tag(), "http://****:****@h/x");
    assert_eq!(&**url.bare(), "http://h/x");
    let credentials = url.credentials().unwrap();
    assert_eq!((&*credentials.user, &*credentials.password), ("user", "p@ss"));
    assert_eq!(format!("{url:?}"), "\"http://****:****@h/x\"");
}

fn check_error(text: &str, message: &str) {
    let error = Url::parse(text).unwrap_err();
    assert_eq!((error.code, &*error.message), (ErrorCode::INVALID_URL, message));
}

#[test]
fn errors_are_gos() {
    check_error("http://%zz/", r#"invalid URL: parse "http://%zz/": invalid URL escape "%zz""#);
    check_error("http://h/%z", r#"invalid URL: parse "http://h/%z": invalid URL escape "%z""#);
    check_error(
        "http://a\nb/",
        r#"invalid URL: parse "http://a\nb/": net/url: invalid control character in URL"#,
    );
    check_error(":foo", r#"invalid URL: parse ":foo": missing protocol scheme"#);
    check_error(
        "http://h:abc/",
        r#"invalid URL: parse "http://h:abc/": invalid port ":abc" after host"#,
    );
}

#[test]
fn an_empty_authority_is_written_in_front_of_a_path() {
    for (text, written) in
        [("http://", "http:"), ("http://?a", "http:?a"), ("http:///p", "http:///p")]
    {
        assert_eq!(&**Url::parse(text).unwrap().as_str(), written);
    }
}

#[test]
fn what_cannot_be_sent_still_parses() {
    for (text, scheme) in [("127.0.0.1/x", ""), ("", ""), ("ftp://h/", "ftp")] {
        let url = Url::parse(text).unwrap();
        assert_eq!((url.scheme(), url.scheme_text()), (Scheme::Other, scheme));
        assert_eq!(&**url.as_str(), text);
    }
    assert_eq!(Url::parse("http:///x").unwrap().host(), "");
}

fn check_join(base: &str, reference: &str, expected: &str) {
    let joined = Url::parse(base).unwrap().join(reference).unwrap();
    assert_eq!(&**joined.as_str(), expected, "{base} + {reference}");
}

#[test]
fn references_resolve() {
    check_join("http://h/a/b?q=1", "/final#x", "http://h/final#x");
    check_join("http://h/a/b", "c?d", "http://h/a/c?d");
    check_join("http://h/a/b/", "../c/./d", "http://h/a/c/d");
    check_join("http://h/a", "../../..", "http://h/");
    check_join("http://h/a?q", "?r", "http://h/a?r");
    check_join("http://h/a?q", "#f", "http://h/a?q#f");
    check_join("https://h/a", "//other:1/b", "https://other:1/b");
    check_join("http://h/a", "ftp://x/", "ftp://x/");
    check_join("http://u:p@h/a", "/b", "http://u:p@h/b");
}

proptest::proptest! {
    #[test]
    fn any_text_parses_or_fails(base in ".{0,40}", reference in ".{0,40}") {
        for text in [base.clone(), format!("http://{base}"), format!("http://h/{base}")] {
            if let Ok(url) = Url::parse(&text) {
                drop(url.join(&reference));
            }
        }
    }

    #[test]
    fn text_is_a_fixed_point(path in "[a-zA-Z0-9/ é%._~-]{0,20}", query in "[a-z=&]{0,9}") {
        if let Ok(url) = Url::parse(&format!("http://h/{path}?{query}#f")) {
            let again = Url::parse(url.as_str()).unwrap();
            proptest::prop_assert_eq!(again.as_str(), url.as_str());
            proptest::prop_assert_eq!(again.target(), url.target());
        }
    }
}
