//! What an origin is asked.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Empty;

use super::{condition, rule::Site};
use crate::commands::Validator;

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("plimsoll-cache/", env!("CARGO_PKG_VERSION")));

/// Who is asked, and what is the same in each request for an answer, whatever its path is.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) site: &'a Site,
    /// Those that the configuration names; they are stronger than what is said by itself.
    pub(super) own_headers: Option<&'a HeaderMap>,
    /// Of the value that is there.
    pub(super) validator: Option<&'a Validator>,
}

impl Ask<'_> {
    /// `None` for a path that can be no URL's.
    pub(super) fn request(&self, path: &str) -> Option<Request<Empty<Bytes>>> {
        let target = match path.as_bytes().first() {
            Some(b'/') => path.parse(),
            // Nothing, or a query alone.
            _ => format!("/{path}").parse(),
        };
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = target.ok()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.site.authority.clone());
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some((name, value)) = self.validator.and_then(condition::header) {
            headers.insert(name, value);
        }
        if let Some(own) = self.own_headers {
            own.keys().for_each(|name| drop(headers.remove(name)));
            headers.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::origin::{own_headers::OwnHeaders, rule::read_all};

    #[test]
    fn own_headers_come_in_place_of_the_usual() {
        let rules = read_all("*=http://h:8080/", Vec::new()).unwrap();
        let site = &rules[0].site;
        let text = "http://h:8080 Host: g\nhttp://h:8080 X: 1\nhttp://h:8080 x: 2";
        let own = OwnHeaders::read(text).unwrap();
        let validator = Validator::new(b"\"v\"");
        let ask = Ask { site, own_headers: own.of(site), validator: validator.as_ref() };
        let request = ask.request("?q").unwrap();
        assert_eq!(request.uri(), "/?q");
        let mut found: Vec<String> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        found.sort();
        let expected = [
            "accept-encoding: identity".to_owned(),
            "accept: */*".to_owned(),
            "host: g".to_owned(),
            "if-none-match: \"v\"".to_owned(),
            format!("user-agent: {}", USER_AGENT.to_str().unwrap()),
            "x: 1".to_owned(),
            "x: 2".to_owned(),
        ];
        assert_eq!(found, expected);
        assert!(ask.request("/ x").is_none());
        assert_eq!(ask.request("/caf\u{e9}").unwrap().uri().path(), "/caf\u{e9}");
        let ask = Ask { own_headers: None, validator: None, ..ask };
        assert_eq!(ask.request("/x").unwrap().headers()["host"], "h:8080");
    }
}
