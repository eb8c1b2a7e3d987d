//! Framing, limits, errors, and the laws of the reader and the writer.

use proptest::prelude::*;

use super::{
    BodyReader, Error, FIELDS_LIMIT, Framing, HEAD_LIMIT, HeadError, INTERIM_LIMIT, RequestHead,
    ResponseReader, Step, Version, is_field_name, is_field_value, parse_head, write_chunk,
    write_last_chunk,
};

/// What a reader makes of a response and the connection's end.
#[derive(Debug, PartialEq)]
struct Read {
    statuses: Vec<u16>,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    keep_alive: bool,
    /// Bytes behind the response.
    excess: usize,
    error: Option<Error>,
}

/// Reads `input` cut at `cuts`, then the end of the connection unless the response was complete.
fn read(input: &[u8], cuts: &[usize], head_request: bool) -> Read {
    let mut reader = ResponseReader::new(head_request);
    let mut result = Read {
        statuses: Vec::new(),
        fields: Vec::new(),
        body: Vec::new(),
        keep_alive: false,
        excess: 0,
        error: None,
    };
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let mut at = 0;
    for end in ends {
        while at <= end {
            let available = &input[at..end];
            match reader.read(available, |data| result.body.extend_from_slice(data)) {
                Err(error) => {
                    result.error = Some(error);
                    return result;
                }
                Ok((taken, step)) => {
                    match &step {
                        Step::Head(head) | Step::Interim(head) => {
                            result.statuses.push(head.status);
                            let text = |(start, length): (u32, u32)| {
                                let range = start as usize..(start + length) as usize;
                                String::from_utf8_lossy(&available[range]).into_owned()
                            };
                            for field in &head.fields {
                                result.fields.push((text(field.name), text(field.value)));
                            }
                        }
                        Step::NeedMore | Step::Done => {}
                    }
                    at += taken;
                    if step == Step::Done {
                        result.keep_alive = reader.keep_alive();
                        result.excess = input.len() - at;
                        return result;
                    }
                    if step == Step::NeedMore {
                        break;
                    }
                }
            }
        }
    }
    result.error = reader.end(&input[at..]).err();
    result
}

fn check(input: &str, body: &str, keep_alive: bool, excess: usize) {
    let result = read(input.as_bytes(), &[], false);
    assert_eq!(result.error, None, "{input:?}");
    assert_eq!(String::from_utf8_lossy(&result.body), body, "{input:?}");
    assert_eq!((result.keep_alive, result.excess), (keep_alive, excess), "{input:?}");
}

#[test]
fn framing_and_reuse() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", true, 1);
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, CLOSE\r\n\r\nab", "ab", false, 0);
    check("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", false, 0);
    check(
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nab",
        "ab",
        true,
        0,
    );
    check("HTTP/1.1 200 OK\r\n\r\nrest", "rest", false, 0);
    check("HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nab", "", true, 2);
    check("HTTP/1.1 304 Not\r\n\r\n", "", true, 0);
    check("HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\nraw", "", false, 3);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n";
    check(
        &format!("{chunked}2 ;x\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\nz"),
        "ab0123456789",
        true,
        1,
    );
    check(&format!("{chunked}1\nx\r\n0\nA: b\nC: d\r\n\n"), "x", true, 0);
    check("\r\nHTTP/1.1 200 OK\nContent-Length: 0\n\n", "", true, 0);
    let head = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &[], true);
    assert_eq!((head.error, head.keep_alive), (None, true));
}

#[test]
fn interim_responses() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    let input = format!("{}{last}", interim.repeat(INTERIM_LIMIT));
    let result = read(input.as_bytes(), &[], false);
    assert_eq!(result.statuses, [103, 103, 103, 103, 103, 200]);
    let input = format!("{interim}{input}");
    assert_eq!(read(input.as_bytes(), &[], false).error, Some(Error::TooManyInterim));
}

fn check_error(input: &[u8], expected: &str) {
    let bytewise: Vec<usize> = (0..input.len().min(100)).collect();
    for cuts in [&[][..], &bytewise] {
        let error = read(input, cuts, false).error.map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(expected), "{:?}", String::from_utf8_lossy(input));
    }
}

#[test]
fn errors() {
    let chunked = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
    };
    check_error(b"", "unexpected EOF");
    check_error(b"HTTP/1.1 200 OK\r\nA: b", "unexpected EOF");
    // Empty lines before a head are skipped; they are not its first line.
    check_error(b"\r\n\r\n0\na", "malformed HTTP response \"0\"");
    let missing = "malformed MIME header: missing colon: \"bad line\"";
    check_error(b"HTTP/1.1 200 OK\r\nbad line\r\n", missing);
    let blank = "malformed MIME header line: invalid new line";
    check_error(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\r\n", blank);
    check_error(b"hello", "malformed HTTP response \"hello\"");
    check_error(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "unexpected EOF");
    check_error(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "unsupported transfer encoding: \"gzip\"",
    );
    check_error(&chunked("g\r\n"), "invalid byte in chunk length");
    check_error(&chunked("\r\n"), "invalid byte in chunk length");
    check_error(&chunked("11111111111111111\r\n"), "http chunk length too large");
    check_error(&chunked("1\r\nab"), "malformed chunked encoding");
    check_error(&chunked(&format!("1;{}", "x".repeat(5000))), "header line too long");
    let trailers = "http: suspiciously long trailer after chunked body";
    check_error(&chunked(&format!("0\r\nA: {}", "x".repeat(70_000))), trailers);
}

#[test]
fn limits_of_heads() {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for at in 0..FIELDS_LIMIT {
        head.extend_from_slice(format!("X-{at}: y\r\n").as_bytes());
    }
    let whole = [&head[..], b"\r\n"].concat();
    assert_eq!(parse_head(&whole).unwrap().unwrap().fields.len(), FIELDS_LIMIT);
    let over = [&head[..], b"One: more\r\n\r\n"].concat();
    assert_eq!(parse_head(&over), Err(HeadError::TooManyFields));
    let long = [b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'x'; HEAD_LIMIT]].concat();
    assert_eq!(read(&long, &[], false).error, Some(HeadError::TooLong.into()));
}

#[test]
fn heads_are_parsed_whole() {
    let input = b"HTTP/1.0 404 Not  Found\r\nA:  b \r\nEmpty:\r\n\r\nbody";
    let head = parse_head(input).unwrap().unwrap();
    let text = |(start, length): (u32, u32)| {
        std::str::from_utf8(&input[start as usize..(start + length) as usize]).unwrap()
    };
    assert_eq!(
        (head.version, head.status, text(head.reason)),
        (Version::Http10, 404, "Not  Found")
    );
    let fields: Vec<_> = head.fields.iter().map(|f| (text(f.name), text(f.value))).collect();
    assert_eq!(fields, [("A", "b"), ("Empty", "")]);
    assert_eq!(head.length, input.len() - 4);
    assert_eq!(Framing::of(&head, false), Framing::Close);
}

#[test]
fn requests_are_written_in_gos_order() {
    let head = RequestHead {
        method: "POST",
        target: "/p?q",
        host: "h:1",
        user_agent: "me",
        content_length: Some(12),
        close: true,
    };
    let fields = [(&b"Accept"[..], &b"*/*"[..]), (b"X-Y", b"z")];
    let mut out = Vec::new();
    head.write(&mut out, fields.into_iter());
    let expected = "POST /p?q HTTP/1.1\r\nHost: h:1\r\nUser-Agent: me\r\nContent-Length: 12\r\n\
        Accept: */*\r\nX-Y: z\r\nConnection: close\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&out), expected);
}

#[test]
fn names_and_values() {
    assert!(is_field_name(b"X-Name_1") && !is_field_name(b"") && !is_field_name(b"a b"));
    assert!(!is_field_name("é".as_bytes()) && !is_field_name(b"a:"));
    assert!(is_field_value("é \t~".as_bytes()) && is_field_value(b""));
    assert!(!is_field_value(b"a\nb") && !is_field_value(b"a\rb") && !is_field_value(b"\x7f"));
}

/// Responses, whole and broken.
fn responses() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("HTTP/1.1 200 OK".to_owned()),
        Just("HTTP/1.0 404".to_owned()),
        "HTTP/1.[01] [0-9]{2,4} [ -~]{0,5}",
        "[ -~]{0,12}",
    ];
    let field = prop_oneof![
        "Content-Length: [0-9]{1,2}",
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Connection: close".to_owned()),
        "[a-zA-Z -]{1,6}:? ?[ -~]{0,6}",
    ];
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "([0-9a-c]{1,2}(;x)?\r?\n[a-z]{0,12}\r\n){0,3}(0\r\n(A: b\r\n)?\r\n)?"
            .prop_map(String::into_bytes),
    ];
    let fields = proptest::collection::vec(field, 0..4);
    (line, fields, body, any::<bool>()).prop_map(|(line, fields, body, interim)| {
        let mut bytes = Vec::new();
        if interim {
            bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        bytes.extend_from_slice(line.as_bytes());
        for field in fields {
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(field.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(&body);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn cuts_make_no_difference(
        input in responses(),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        head_request in any::<bool>(),
    ) {
        let whole = read(&input, &[], head_request);
        prop_assert_eq!(&read(&input, &cuts, head_request), &whole);
        let bytewise: Vec<usize> = (0..input.len()).collect();
        prop_assert_eq!(&read(&input, &bytewise, head_request), &whole);
    }

    #[test]
    fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&input, &[7, 50], false);
        for framing in [Framing::Chunked, Framing::Length(9), Framing::Close, Framing::None] {
            let mut body = BodyReader::new(framing);
            drop(body.read(&input, |_| {}));
            drop(body.end());
        }
    }

    #[test]
    fn chunked_bodies_round_trip(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..6),
        cut in any::<usize>(),
    ) {
        let mut input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for piece in &pieces {
            write_chunk(&mut input, piece);
        }
        write_last_chunk(&mut input);
        let result = read(&input, &[cut], false);
        prop_assert_eq!(result.error, None);
        prop_assert_eq!(result.body, pieces.concat());
        prop_assert!(result.keep_alive);
    }

    #[test]
    fn request_heads_parse_back(
        method in "[A-Z]{1,7}",
        target in "/[!-~]{0,20}",
        fields in proptest::collection::vec(("[A-Za-z-]{1,9}", "[!-~]([ -~]{0,9}[!-~])?"), 0..9),
        length in proptest::option::of(any::<u64>()),
    ) {
        let (host, user_agent, close) = ("h", "", false);
        let head = RequestHead {
            method: &method, target: &target, host, user_agent, content_length: length, close,
        };
        let mut out = Vec::new();
        head.write(&mut out, fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        prop_assert_eq!(request.parse(&out), Ok(httparse::Status::Complete(out.len())));
        prop_assert_eq!(request.method, Some(&*method));
        prop_assert_eq!(request.path, Some(&*target));
        let own = 1 + usize::from(length.is_some());
        prop_assert_eq!(request.headers.len(), own + fields.len());
        for (header, (name, value)) in request.headers[own..].iter().zip(&fields) {
            prop_assert_eq!((header.name, header.value), (&**name, value.as_bytes()));
        }
    }
}
