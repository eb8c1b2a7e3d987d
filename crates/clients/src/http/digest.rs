//! Digest authentication (RFC 7616): one challenge, one answer.

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::url::Credentials;

/// A `WWW-Authenticate: Digest` challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Option<String>,
    /// `auth` before `auth-int` when both are offered.
    quality: Option<Quality>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quality {
    Auth,
    AuthInt,
}

impl Quality {
    fn name(self) -> &'static str {
        match self {
            Quality::Auth => "auth",
            Quality::AuthInt => "auth-int",
        }
    }
}

/// The request that is to be let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) uri: &'a str,
    pub(super) body: &'a [u8],
}

impl Challenge {
    /// `None` when the field is no digest challenge or asks for an algorithm that nobody knows.
    pub(super) fn parse(field: &str) -> Option<Challenge> {
        let (scheme, rest) = field.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut challenge = Challenge::default();
        for (key, value) in parameters(rest) {
            match &*key.to_ascii_lowercase() {
                "realm" => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "opaque" => challenge.opaque = Some(value),
                "algorithm" => challenge.algorithm = Some(value),
                "qop" => {
                    let offers = |name| value.split(',').any(|offer| offer.trim() == name);
                    challenge.quality = match () {
                        () if offers("auth") => Some(Quality::Auth),
                        () if offers("auth-int") => Some(Quality::AuthInt),
                        () => None,
                    };
                }
                _ => {}
            }
        }
        Hash::by_name(challenge.algorithm.as_deref()).map(|_| challenge)
    }

    /// The `Authorization` field that answers; `cnonce`: the client's random text.
    pub(super) fn answer(&self, who: &Credentials, target: Target<'_>, cnonce: &str) -> String {
        let (hash, session) =
            Hash::by_name(self.algorithm.as_deref()).unwrap_or((Hash::Md5, false));
        let mut secret = hash.hex(&[&who.user, ":", &self.realm, ":", &who.password]);
        if session {
            secret = hash.hex(&[&secret, ":", &self.nonce, ":", cnonce]);
        }
        let subject = match self.quality {
            Some(Quality::AuthInt) => {
                let body = hash.hex_bytes(target.body);
                hash.hex(&[target.method, ":", target.uri, ":", &body])
            }
            _ => hash.hex(&[target.method, ":", target.uri]),
        };
        let count = "00000001";
        let response = match self.quality {
            Some(quality) => {
                let parts = [
                    &secret,
                    ":",
                    &self.nonce,
                    ":",
                    count,
                    ":",
                    cnonce,
                    ":",
                    quality.name(),
                    ":",
                    &subject,
                ];
                hash.hex(&parts)
            }
            None => hash.hex(&[&secret, ":", &self.nonce, ":", &subject]),
        };
        let mut field = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quote(&who.user),
            quote(&self.realm),
            quote(&self.nonce),
            quote(target.uri),
        );
        if let Some(algorithm) = &self.algorithm {
            push(&mut field, "algorithm", algorithm);
        }
        if let Some(opaque) = &self.opaque {
            push(&mut field, "opaque", &quote(opaque));
        }
        if let Some(quality) = self.quality {
            push(&mut field, "qop", quality.name());
            push(&mut field, "nc", count);
            push(&mut field, "cnonce", &quote(cnonce));
        }
        field
    }
}

fn push(field: &mut String, key: &str, value: &str) {
    for part in [", ", key, "=", value] {
        field.push_str(part);
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `key=value` and `key="quoted value"`, separated by commas.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']).to_owned();
        let rest = rest.trim_start();
        let mut value = String::new();
        text = if let Some(quoted) = rest.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                    other => value.push(other),
                }
            }
            quoted.get(end..).unwrap_or_default()
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            value.push_str(rest.get(..end).unwrap_or_default().trim_end());
            rest.get(end..).unwrap_or_default()
        };
        found.push((key, value));
    }
    found
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    /// The algorithm, and whether it is a `-sess` variant.
    fn by_name(name: Option<&str>) -> Option<(Hash, bool)> {
        let name = name.unwrap_or("MD5").to_ascii_uppercase();
        let (base, session) = match name.strip_suffix("-SESS") {
            Some(base) => (base, true),
            None => (&*name, false),
        };
        let hash = match base {
            "MD5" => Hash::Md5,
            "SHA-256" => Hash::Sha256,
            "SHA-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some((hash, session))
    }

    fn hex(self, parts: &[&str]) -> String {
        self.hex_bytes(parts.concat().as_bytes())
    }

    fn hex_bytes(self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(64);
        let mut write = |digest: &[u8]| {
            for byte in digest {
                // Writing to a String cannot fail.
                write!(text, "{byte:02x}").ok();
            }
        };
        match self {
            Hash::Md5 => write(&Md5::digest(bytes)),
            Hash::Sha256 => write(&Sha256::digest(bytes)),
            Hash::Sha512_256 => write(&Sha512_256::digest(bytes)),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Challenge, Target};
    use crate::http::url::Credentials;

    fn check(challenge: &str, who: (&str, &str), target: Target<'_>, cnonce: &str, response: &str) {
        let credentials = Credentials { user: who.0.to_owned(), password: who.1.to_owned() };
        let answer = Challenge::parse(challenge).unwrap().answer(&credentials, target, cnonce);
        assert!(answer.contains(&format!("response=\"{response}\"")), "{answer}");
    }

    #[test]
    fn vectors_of_rfc_7616() {
        let base = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let target = Target { method: "GET", uri: "/dir/index.html", body: b"" };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let who = ("Mufasa", "Circle of Life");
        let md5 = format!("{base}, algorithm=MD5");
        check(&md5, who, target, cnonce, "8ca523f5e9506fed4657c9700eebdbec");
        let sha = format!("{base}, algorithm=SHA-256");
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        check(&sha, who, target, cnonce, expected);
    }

    #[test]
    fn the_vector_of_rfc_2069() {
        // Without qop; the response is that of the RFC's erratum 749.
        let challenge = "Digest realm=\"testrealm@host.com\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
            opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let target = Target { method: "GET", uri: "/dir/index.html", body: b"" };
        let who = ("Mufasa", "CircleOfLife");
        check(challenge, who, target, "", "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn what_is_no_digest() {
        for field in ["Basic realm=\"x\"", "Digest", "Digest algorithm=FOO", ""] {
            assert_eq!(Challenge::parse(field), None, "{field}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_field_parses_or_not(field in "Digest .{0,60}") {
            drop(Challenge::parse(&field));
        }
    }
}
