//! Who may ask, and what browsers may do with the answers.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// Nothing from other hosts, and no sending elsewhere. The script is the one in the page and no other.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src";

/// Whether only this machine's users are to see the page.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    is_local: bool,
    policy: HeaderValue,
}

impl Guard {
    /// `page`: the only one that is served.
    pub(super) fn new(address: SocketAddr, page: &[u8]) -> Guard {
        let scripts: String = scripts(&String::from_utf8_lossy(page))
            .map(|script| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
            .collect();
        // Base64 is all visible characters.
        let policy = HeaderValue::from_str(&format!("{POLICY}{scripts}"));
        let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Guard { is_local: address.ip().is_loopback(), policy }
    }

    /// A page from elsewhere may have given its own name the loopback address (DNS rebinding), and would
    /// then read this one as its own. Its requests carry that name.
    fn allows(&self, headers: &HeaderMap) -> bool {
        if !self.is_local {
            return true;
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let Some(authority) = host.and_then(|host| host.parse::<Authority>().ok()) else {
            return false;
        };
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.eq_ignore_ascii_case("localhost")
            || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// What is between the tags of each script.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        Some(rest.split_once("</script>")?.0)
    })
}

/// Refuses what the guard does not allow, and adds the headers of every answer.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = match guard.allows(request.headers()) {
        true => next.run(request).await,
        false => {
            let why = "this page is for this machine alone: ask for it as 127.0.0.1 or localhost\n";
            (StatusCode::FORBIDDEN, why).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, guard.policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_page_has_only_loopback_names() {
        let check = |address: &str, host: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.extend(host.map(|host| (HOST, HeaderValue::from_static(host))));
            let guard = Guard::new(address.parse().unwrap(), b"");
            assert_eq!(guard.allows(&headers), expected, "{address} {host:?}");
        };
        let local = "127.0.0.1:5665";
        for host in ["127.0.0.1:5665", "localhost:9", "LOCALHOST", "127.8.9.1", "[::1]:80"] {
            check(local, Some(host), true);
        }
        for host in ["evil.example:5665", "localhost.evil.example", "10.0.0.1:5665", "", "a b"] {
            check(local, Some(host), false);
        }
        check(local, None, false);
        check("0.0.0.0:5665", Some("load1:5665"), true);
    }

    #[test]
    fn scripts_are_named_by_their_hash() {
        let page = b"<p><script>a()</script><script type=\"module\">b()</script>";
        let guard = Guard::new("127.0.0.1:1".parse().unwrap(), page);
        let policy = guard.policy.to_str().unwrap();
        let (_, sources) = policy.split_once("script-src ").unwrap();
        // printf 'a()' | openssl dgst -sha256 -binary | base64
        let expected = "'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4=' 'sha256-cf242PFc/kb7xD0Qzhsmd9vvRkc+cWFmbi+k+YvtdKc='";
        assert_eq!(sources, expected);
    }
}
