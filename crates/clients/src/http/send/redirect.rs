//! What follows a response: a redirect, the answer to a challenge, or nothing.

use bytes::Bytes;
use plimsoll_runtime::random::Random;

use super::hop::{Ended, Hop};
use crate::http::{
    digest::{Challenge, Target},
    error::{ErrorCode, Failure},
    request::{Auth, Request},
    url::{Scheme, Url},
};

pub(super) enum Next {
    None,
    /// A redirect that may be followed.
    Hop(Hop),
    /// The same request with the answer to a challenge.
    Answer(Hop),
    /// A redirect past the limit.
    Limit,
}

/// Decides by Go's rules. A redirect that leads nowhere fails the exchange.
pub(super) fn next(hop: &Hop, request: &Request, ended: &mut Ended, may_follow: bool) -> Next {
    let Some(incoming) = &ended.incoming else { return Next::None };
    if incoming.status == 401 {
        return answer(hop, request, ended);
    }
    let keeps_method = match incoming.status {
        301..=303 => false,
        307 | 308 => true,
        _ => return Next::None,
    };
    let location = match incoming.headers.get("Location") {
        Some(location) if !location.is_empty() => location.into_owned(),
        _ => return Next::None,
    };
    if !may_follow {
        return Next::Limit;
    }
    let url = match hop.url.join(&location) {
        Ok(url) => url,
        Err(reason) => {
            let message = format!("failed to parse Location header {location:?}: {reason}");
            ended.fail(Failure::new(ErrorCode::GENERIC, message));
            return Next::None;
        }
    };
    let drops_body = !keeps_method && !matches!(&*hop.method, "GET" | "HEAD");
    let referer = referer(&hop.url, &url).filter(|_| request.headers.get("Referer").is_none());
    Next::Hop(Hop {
        method: if drops_body { "GET".into() } else { hop.method.clone() },
        body: if keeps_method { hop.body.clone() } else { Bytes::new() },
        trusted: is_within(request.url.host(), url.host()),
        referer,
        url,
        authorization: None,
        is_first: false,
    })
}

/// Go names the last URL, but not to a plain-text site from a secure one.
fn referer(from: &Url, to: &Url) -> Option<std::rc::Rc<str>> {
    let downgrade = from.scheme() == Scheme::Https && to.scheme() == Scheme::Http;
    (!downgrade).then(|| from.bare().clone())
}

/// Whether `host` is `parent` or below it.
fn is_within(parent: &str, host: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn answer(hop: &Hop, request: &Request, ended: &mut Ended) -> Next {
    let Some(incoming) = &ended.incoming else { return Next::None };
    let mut challenges = incoming.headers.all("Www-Authenticate");
    match request.auth {
        Auth::Digest if hop.authorization.is_none() => {
            let Some(who) = request.url.credentials() else { return Next::None };
            let Some(challenge) = challenges.find_map(|field| Challenge::parse(&field)) else {
                return Next::None;
            };
            let target = Target { method: &hop.method, uri: hop.url.target(), body: &hop.body };
            let authorization = Some(challenge.answer(who, target, &client_nonce()));
            let (method, url) = (hop.method.clone(), hop.url.clone());
            let (body, referer) = (hop.body.clone(), hop.referer.clone());
            let (trusted, is_first) = (hop.trusted, hop.is_first);
            Next::Answer(Hop { method, url, body, referer, trusted, authorization, is_first })
        }
        Auth::Ntlm => {
            let is_ntlm = |field: &str| {
                let scheme = field.split(' ').next().unwrap_or_default();
                scheme.eq_ignore_ascii_case("ntlm") || scheme.eq_ignore_ascii_case("negotiate")
            };
            if challenges.any(|field| is_ntlm(&field)) {
                let message = "ntlm authentication is not supported";
                drop(challenges);
                ended.fail(Failure::new(ErrorCode::GENERIC, message));
            }
            Next::None
        }
        _ => Next::None,
    }
}

fn client_nonce() -> String {
    let mut random = Random::from_entropy();
    format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
}
