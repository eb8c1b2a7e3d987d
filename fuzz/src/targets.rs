//! Targets of attacks, in both formats.

use std::io::{BufReader, Cursor};

use bolero::check;
use plimsoll_attack::targets::{Defaults, Format, Target, TargetError, read_all, reader};
use plimsoll_clients::http::Url;

use crate::near::Corpus;

const HTTP: &[&str] = &[
    "GET http://127.0.0.1/\n",
    "# all\nGET http://a/\nX-A: b\n\nPOST https://b:81/c?d=e\nContent-Type: text/x\n@no/such\n",
    "HEAD http://[::1]:80/\r\n\r\nGET http://a/\nX:y\n",
];

const JSON: &[&str] = &[
    r#"{"method":"GET","url":"http://127.0.0.1/"}"#,
    "{\"method\":\"POST\",\"url\":\"http://a/\",\"body\":\"aGk=\",\"header\":{\"B\":[\"1\",\"2\"]}}\n\n\
     {\"url\":\"http://b/\",\"method\":\"PUT\",\"header\":null,\"body\":null}\n",
];

const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "@",
    "#",
    " ",
    ":",
    "GET ",
    "http://",
    "ftp://",
    "\0",
    "\u{e9}",
    "\"",
    "{}",
    "[]",
    "null",
    "\\u0000",
    "\"body\":\"=\"",
    "\"header\":{\"\":[\"\"]}",
];

/// Read with a buffer of `capacity` bytes.
fn read(format: Format, text: &[u8], capacity: usize) -> Result<Vec<Target>, TargetError> {
    let text = BufReader::with_capacity(capacity, Cursor::new(text.to_vec()));
    read_all(&mut *reader(format, text, "t", Defaults::default()), "t")
}

fn holds(format: Format, text: &[u8]) {
    let whole = read(format, text, 1 << 16);
    match &whole {
        Ok(targets) => {
            assert!(!targets.is_empty());
            for target in targets {
                Url::parse(&target.url).expect("targets are checked");
                let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
                assert!(!breaks(&target.method) && !breaks(&target.url), "it would end the line");
                for (name, value) in target.headers.iter() {
                    assert!(!breaks(&name) && !breaks(&value), "it would end the header's line");
                }
            }
        }
        Err(error) => assert!(error.place.starts_with('t'), "{error}"),
    }
    let pieces = read(format, text, 1);
    let shown = |result: &Result<Vec<Target>, TargetError>| format!("{result:?}");
    assert_eq!(shown(&whole), shown(&pieces), "cut anywhere, the same result");
}

#[test]
fn http() {
    check!()
        .with_generator(Corpus::of_texts(HTTP, WORDS).bytes())
        .for_each(|text| holds(Format::Http, &text.0));
}

#[test]
fn json() {
    check!()
        .with_generator(Corpus::of_texts(JSON, WORDS).bytes())
        .for_each(|text| holds(Format::Json, &text.0));
}
