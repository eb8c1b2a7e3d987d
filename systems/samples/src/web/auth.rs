//! Basic, digest and bearer authentication. User and password are in the path, as in httpbin.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header::AUTHORIZATION, header::WWW_AUTHENTICATE};
use hyper::body::Incoming;
use md5::Md5;
use plimsoll_runtime::random::Random;
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};

use super::{
    exchange::{Head, Reply, decoded, empty, json, not_found},
    inspect,
    router::Segments,
};

pub(super) const BASIC_CHALLENGE: &str = "Basic realm=\"Fake Realm\"";
const REALM: &str = "me@kennethreitz.com";

pub(super) async fn route(head: &Head, segments: &Segments<'_>, body: Incoming) -> Reply {
    match *segments {
        [Some("basic-auth"), Some(user), Some(password), None, ..] => {
            basic(head, &decoded(user), &decoded(password))
                .unwrap_or_else(|| challenge(BASIC_CHALLENGE))
        }
        [Some("hidden-basic-auth"), Some(user), Some(password), None, ..] => {
            basic(head, &decoded(user), &decoded(password)).unwrap_or_else(not_found)
        }
        [Some("bearer"), None, ..] => match head.header(AUTHORIZATION).strip_prefix("Bearer ") {
            Some(token) => json(&json!({ "authenticated": true, "token": token })),
            None => challenge("Bearer"),
        },
        [Some("digest-auth"), Some(qop), Some(user), Some(password), algorithm, ..] => {
            let Some(algorithm) = Algorithm::parse(algorithm.unwrap_or("MD5")) else {
                return not_found();
            };
            let (user, password) = (decoded(user), decoded(password));
            let body = match inspect::collected(body).await {
                Ok(body) => body,
                Err(reply) => return reply,
            };
            if digest_is_right(head, algorithm, &user, &password, &body) {
                json(&json!({ "authenticated": true, "user": user }))
            } else {
                digest_challenge(qop, algorithm)
            }
        }
        _ => not_found(),
    }
}

fn basic(head: &Head, user: &str, password: &str) -> Option<Reply> {
    let sent = head.header(AUTHORIZATION).strip_prefix("Basic ")?;
    let expected = format!("{user}:{password}");
    let right = STANDARD.decode(sent.trim()).is_ok_and(|sent| sent == expected.as_bytes());
    right.then(|| json(&json!({ "authenticated": true, "user": user })))
}

fn challenge(scheme: &str) -> Reply {
    let mut reply = empty(StatusCode::UNAUTHORIZED);
    if let Ok(value) = HeaderValue::try_from(scheme) {
        reply.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    reply
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Algorithm> {
        match name {
            "MD5" => Some(Algorithm::Md5),
            "SHA-256" => Some(Algorithm::Sha256),
            "SHA-512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512 => "SHA-512",
        }
    }

    /// In hexadecimal.
    fn hash(self, bytes: &[u8]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Algorithm::Md5 => hex(&Md5::digest(bytes)),
            Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
            Algorithm::Sha512 => hex(&Sha512::digest(bytes)),
        }
    }
}

/// `qop` other than the two known values leaves the choice between them.
fn digest_challenge(qop: &str, algorithm: Algorithm) -> Reply {
    let qop = match qop {
        "auth" | "auth-int" => qop,
        _ => "auth, auth-int",
    };
    let mut random = Random::from_entropy();
    let (nonce, opaque) = (random.next_u64(), random.next_u64());
    challenge(&format!(
        "Digest realm=\"{REALM}\", nonce=\"{nonce:016x}\", qop=\"{qop}\", opaque=\"{opaque:016x}\", \
         algorithm={}, stale=FALSE",
        algorithm.name()
    ))
}

/// RFC 7616. Any nonce is taken: there is nothing here to protect.
fn digest_is_right(
    head: &Head,
    algorithm: Algorithm,
    user: &str,
    password: &str,
    body: &[u8],
) -> bool {
    let Some(sent) = head.header(AUTHORIZATION).strip_prefix("Digest ") else {
        return false;
    };
    let sent = parameters(sent);
    let value = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    let hash = |text: String| algorithm.hash(text.as_bytes());
    let secret = hash(format!("{user}:{}:{password}", value("realm")));
    let (method, uri) = (head.method(), value("uri"));
    let request = match value("qop") {
        "auth-int" => hash(format!("{method}:{uri}:{}", algorithm.hash(body))),
        _ => hash(format!("{method}:{uri}")),
    };
    let nonce = value("nonce");
    let expected = match value("qop") {
        "" => hash(format!("{secret}:{nonce}:{request}")),
        qop => {
            hash(format!("{secret}:{nonce}:{}:{}:{qop}:{request}", value("nc"), value("cnonce")))
        }
    };
    value("username") == user && value("response").eq_ignore_ascii_case(&expected)
}

/// `name="value"` or `name=value`, with commas between.
fn parameters(text: &str) -> HashMap<&str, String> {
    let mut parameters = HashMap::new();
    let mut rest = text;
    while let Some((name, value)) = rest.split_once('=') {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_once(',').unwrap_or((value, "")),
        };
        parameters.insert(name.trim_matches([' ', ',']), value.trim().to_owned());
        rest = after;
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // The example of RFC 7616, section 3.9.1.
        for (algorithm, expected) in [
            (Algorithm::Md5, "3d78807defe7de2157e2b0b6573a855f"),
            (Algorithm::Sha256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"),
        ] {
            assert_eq!(algorithm.hash(b"Mufasa:http-auth@example.org:Circle of Life"), expected);
        }
    }

    #[test]
    fn parameters_are_taken_apart() {
        let parameters = parameters("a=\"1, 2\", b=3,c=\"\" ,d=4");
        let value = |name: &str| parameters.get(name).map(String::as_str);
        assert_eq!(
            [value("a"), value("b"), value("c"), value("d")],
            [Some("1, 2"), Some("3"), Some(""), Some("4")]
        );
    }
}
