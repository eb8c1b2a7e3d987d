//! Classes of errors, by the tags of failed requests.

use plimsoll_metrics::TagSet;

/// What k6's numbers mean, and ours. Numbers in between have the words of the class they belong to.
const CODES: &[(u32, &str)] = &[
    (1000, "request failed"),
    (1010, "network error"),
    (1020, "invalid URL"),
    (1050, "timeout"),
    (1100, "name look-up failed"),
    (1101, "no such host"),
    (1110, "address not allowed"),
    (1111, "host not allowed"),
    (1200, "TCP error"),
    (1201, "broken pipe"),
    (1202, "TCP error"),
    (1210, "cannot connect"),
    (1211, "connecting timed out"),
    (1212, "connection refused"),
    (1213, "cannot connect"),
    (1220, "connection reset"),
    (1300, "TLS error"),
    (1301, "not TLS"),
    (1310, "unknown certificate authority"),
    (1311, "certificate of another host"),
    (1600, "HTTP/2 error"),
    (1610, "HTTP/2 GOAWAY"),
    (1630, "HTTP/2 stream reset"),
    (1650, "HTTP/2 connection error"),
    (1700, "unreadable body"),
    (1701, "body cannot be decompressed"),
    (1702, "body too large"),
];

/// Codes that stand for a status: `1000 + status`.
const STATUS_CODES: std::ops::Range<u32> = 1400..1600;

/// Words of the statuses that load brings about.
const STATUSES: &[(u32, &str)] = &[
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (413, "Content Too Large"),
    (414, "URI Too Long"),
    (415, "Unsupported Media Type"),
    (422, "Unprocessable Content"),
    (425, "Too Early"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (499, "Client Closed Request"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (507, "Insufficient Storage"),
];

/// The class of a failed HTTP request: a status, or k6's code with words.
pub(super) fn of_http(tags: &TagSet) -> String {
    let number = |tag: &str| tags.get(tag).and_then(|text| text.parse::<u32>().ok());
    match (number("error_code"), number("status"), tags.get("error")) {
        (Some(code), _, _) if STATUS_CODES.contains(&code) => status(code - 1000),
        (Some(code), ..) if code > 0 => match words(code) {
            Some(words) => format!("{code} {words}"),
            None => format!("error {code}"),
        },
        (_, Some(code), _) if code > 0 => status(code),
        (_, _, Some(error)) if !error.is_empty() => super::route::cut(error),
        _ => "failed".to_owned(),
    }
}

/// The class of a failed Redis command: the first word of the answer, or what broke.
pub(super) fn of_redis(tags: &TagSet) -> String {
    match tags.get("error") {
        Some(error) if !error.is_empty() => super::route::cut(error),
        _ => "failed".to_owned(),
    }
}

fn status(code: u32) -> String {
    match STATUSES.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => format!("{code} {words}"),
        None => format!("status {code}"),
    }
}

fn words(code: u32) -> Option<&'static str> {
    let of = |code: u32| CODES.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
    of(code).or_else(|| of(code / 10 * 10)).or_else(|| of(code / 100 * 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_short_words() {
        let check = |pairs: &[(&str, &str)], expected: &str| {
            assert_eq!(of_http(&TagSet::from_pairs(pairs.iter().copied())), expected);
        };
        check(&[("error_code", "1212"), ("status", "0")], "1212 connection refused");
        check(&[("error_code", "1503"), ("status", "503")], "503 Service Unavailable");
        check(&[("error_code", "1418"), ("status", "418")], "status 418");
        check(&[("error_code", "1215"), ("status", "0")], "1215 cannot connect");
        check(&[("error_code", "1999")], "error 1999");
        check(&[("status", "200")], "status 200");
        check(&[("status", "0"), ("error", "EOF")], "EOF");
        check(&[], "failed");
        let moved = TagSet::from_pairs([("command", "GET"), ("error", "MOVED")]);
        assert_eq!(of_redis(&moved), "MOVED");
    }
}
