//! Both formats, whole and streamed.

use std::io::{BufReader, Cursor};

use proptest::prelude::*;

use super::*;

fn defaults() -> Defaults {
    Defaults { headers: [("X-All", "1")].into_iter().collect(), body: None }
}

/// Each target as `METHOD URL [Name: value|...] body`, or the error.
fn read(format: Format, text: &str) -> Result<Vec<String>, String> {
    let mut reader = reader(format, Cursor::new(text.to_owned()), "t", defaults());
    let all = read_all(&mut *reader, "t").map_err(|error| error.to_string())?;
    let show = |target: &Target| {
        let headers: Vec<String> =
            target.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let body = target.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        format!("{} {} [{}] {body}", target.method, target.url, headers.join("|"))
    };
    Ok(all.iter().map(show).collect())
}

#[track_caller]
fn check(format: Format, text: &str, expected: &[&str]) {
    assert_eq!(read(format, text).map_err(|e| e.to_string()).unwrap(), expected, "{text}");
}

#[track_caller]
fn check_error(format: Format, text: &str, expected: &str) {
    assert_eq!(read(format, text).unwrap_err(), expected, "{text}");
}

#[test]
fn http_targets() {
    check(
        Format::Http,
        "# all\nGET http://a/\nHEAD http://b/x?y=1\n\n\n  PUT https://c/ \r\nX-A:  one: two\nx-b:\n# no\n\nGET http://d",
        &[
            "GET http://a/ [X-All: 1] ",
            "HEAD http://b/x?y=1 [X-All: 1] ",
            "PUT https://c/ [X-All: 1|X-A: one: two|X-B: ] ",
            "GET http://d [X-All: 1] ",
        ],
    );
}

#[test]
fn http_bodies_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body.txt");
    std::fs::write(&path, "text").unwrap();
    let name = path.display();
    check(
        Format::Http,
        &format!("POST http://a/\nA: b\n@{name}\nPOST http://b/\n@{name}\n"),
        &["POST http://a/ [X-All: 1|A: b] text", "POST http://b/ [X-All: 1] text"],
    );
    let error = read(Format::Http, "GET http://a/\n@no/such/file").unwrap_err();
    assert!(error.starts_with("t:2: the body file no/such/file cannot be read: "), "{error}");
}

#[test]
fn http_errors_name_the_line_and_what_was_expected() {
    let check = |text: &str, expected: &str| check_error(Format::Http, text, expected);
    check("", "t: no targets: expected METHOD URL on a line");
    check("\n# only\n", "t: no targets: expected METHOD URL on a line");
    check("\nGETT", "t:2: expected METHOD URL, found \"GETT\"");
    check("GET http://a/ HTTP/1.1", "t:1: expected METHOD URL, found \"GET http://a/ HTTP/1.1\"");
    check("GET http://a/\nnothing", "t:2: expected a header as Name: value, found \"nothing\"");
    check("GET http://a/\na B: c", "t:2: \"a B\" is no name of a header");
    check("GET http://a/\n\n\nG@T http://b/\n", "t:4: expected a method, found \"G@T\"");
    check("GET a/b", "t:1: the URL \"a/b\" has no scheme");
    check("GET http:///b", "t:1: the URL \"http:///b\" has no host");
    check("GET ftp://a/", "t:1: unknown scheme \"ftp\": expected http or https");
    check(
        "GET http://a:b/",
        "t:1: invalid URL: parse \"http://a:b/\": invalid port \":b\" after host",
    );
}

#[test]
fn json_targets() {
    check(
        Format::Json,
        concat!(
            r#"{"method":"GET","url":"http://a/"}"#,
            "\n\n",
            r#"{"url":"http://b/","method":"POST","body":"aGk=","header":{"B":["1","2"],"a":["3"]}}"#,
        ),
        &["GET http://a/ [X-All: 1] ", "POST http://b/ [X-All: 1|B: 1|B: 2|A: 3] hi"],
    );
}

#[test]
fn json_errors_name_the_line_and_what_was_expected() {
    let check = |text: &str, expected: &str| check_error(Format::Json, text, expected);
    check("\n{\"url\":\"http://a/\"}", "t:2: column 19: missing field `method`");
    check("{", "t:1: column 1: EOF while parsing an object");
    check("GET http://a/", "t:1: column 1: expected value");
    let bad_body = r#"{"method":"GET","url":"http://a/","body":"?"}"#;
    assert!(read(Format::Json, bad_body).unwrap_err().starts_with("t:1: the body is not base64: "));
    check(r#"{"method":"G T","url":"http://a/"}"#, "t:1: expected a method, found \"G T\"");
}

#[test]
fn a_stream_ends_with_its_text_or_at_an_error() {
    let text = "GET http://a/\n\nGET http://b/\n\nnonsense\n";
    let reader = reader(Format::Http, BufReader::new(text.as_bytes()), "t", Defaults::default());
    let stream = Stream::start(reader).unwrap();
    let urls = plimsoll_runtime::workers::block_on(async {
        let mut urls = Vec::new();
        while let Some((number, target)) = stream.next().await {
            assert_eq!(number, urls.len() as u64);
            urls.push(target.url.to_string());
        }
        urls
    });
    assert_eq!(urls.unwrap(), ["http://a/", "http://b/"]);
    let error = stream.error().map(|error| error.place);
    assert_eq!(error.as_deref(), Some("t:5"));
}

proptest! {
    /// What is written by the rules is read back, target by target.
    #[test]
    fn written_targets_are_read_back(
        list in prop::collection::vec(("[A-Z]{1,8}", "[a-z0-9/?&=%20]{0,20}", 0_usize..3), 1..20),
        blank in any::<bool>(),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (method, path, headers) in &list {
            let url = format!("http://h/{}", path.replace('%', ""));
            text.push_str(&format!("{method} {url}\n"));
            for at in 0..*headers {
                text.push_str(&format!("H{at}: v\n"));
            }
            if blank {
                text.push('\n');
            }
            let headers: String = (0..*headers).map(|at| format!("|H{at}: v")).collect();
            expected.push(format!("{method} {url} [X-All: 1{headers}] "));
        }
        prop_assert_eq!(read(Format::Http, &text), Ok(expected));
    }

    /// Whatever the text, there are targets or an error with a place.
    #[test]
    fn any_text_gives_targets_or_an_error(text in "[GETPOST htp:/a@#{}\"\n\\x00é-]{0,200}") {
        for format in [Format::Http, Format::Json] {
            if let Err(error) = read(format, &text) {
                prop_assert!(error.starts_with('t'), "{}", error);
            }
        }
    }
}
