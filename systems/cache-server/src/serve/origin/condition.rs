//! Conditional requests (RFC 9110, section 13): an origin that still has what is there need not send it.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::commands::Validator;

/// What tells an answer from others by: its ETag, or else when it was last changed.
pub(super) fn validator(headers: &HeaderMap) -> Option<Validator> {
    let bytes = |name| headers.get(name).map(HeaderValue::as_bytes);
    let etag = bytes(header::ETAG).filter(|etag| is_etag(etag));
    let changed = || bytes(header::LAST_MODIFIED).filter(|changed| !is_etag(changed));
    Validator::new(etag.or_else(changed)?)
}

/// The header that asks for the value only if it is another one by now.
pub(super) fn header(validator: &Validator) -> Option<(HeaderName, HeaderValue)> {
    let name = match is_etag(validator.bytes()) {
        true => header::IF_NONE_MATCH,
        false => header::IF_MODIFIED_SINCE,
    };
    Some((name, HeaderValue::from_bytes(validator.bytes()).ok()?))
}

/// In quotes, which no date is. A weak one begins with `W/`.
fn is_etag(bytes: &[u8]) -> bool {
    let quoted = bytes.strip_prefix(b"W/").unwrap_or(bytes);
    matches!(quoted, [b'"', .., b'"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: Option<(&str, &str)>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let found = validator(&map).and_then(|validator| header(&validator));
        let found = found.as_ref().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        assert_eq!(found, expected, "{headers:?}");
    }

    #[test]
    fn an_etag_comes_before_a_date() {
        const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
        check(&[], None);
        check(&[("etag", "\"a\""), ("last-modified", DATE)], Some(("if-none-match", "\"a\"")));
        check(&[("etag", "W/\"a\"")], Some(("if-none-match", "W/\"a\"")));
        check(&[("last-modified", DATE)], Some(("if-modified-since", DATE)));
        check(&[("etag", "a"), ("last-modified", DATE)], Some(("if-modified-since", DATE)));
        check(&[("etag", "\""), ("last-modified", "\"\"")], None);
        check(&[("last-modified", "")], None);
    }
}
