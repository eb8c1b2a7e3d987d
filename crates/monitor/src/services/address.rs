//! Where a service is and who asks it, from a URL.

use std::fmt;

use percent_encoding::percent_decode_str;
use plimsoll_metrics::TagSet;
use url::{Host, Url};

/// A password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// The parts of a service's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: String,
    /// Without the brackets of an IPv6 address; empty where the URL has none.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Host and port as given.
    pub(crate) authority: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// With its first slash, if there is any.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
}

impl Address {
    /// The reasons name no part of the URL: any may be a secret when it is mistyped.
    pub(crate) fn parse(text: &str, default_port: u16) -> Result<Address, String> {
        let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
        let bare = match url.host() {
            Some(Host::Ipv6(ip)) => ip.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        };
        let shown = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{shown}:{port}"),
            None => shown.to_owned(),
        };
        Ok(Address {
            scheme: url.scheme().to_owned(),
            host: bare,
            port: url.port().unwrap_or(default_port),
            authority,
            user: Some(decoded(url.username())?).filter(|user| !user.is_empty()),
            password: url.password().map(decoded).transpose()?.map(Secret),
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
        })
    }

    /// The tags of a service's readings. `host` is where it runs, if the URL tells; `own`: this machine's.
    pub(crate) fn tags(&self, service: &str, own: &TagSet) -> TagSet {
        let is_here = self.host.is_empty() || self.host == "localhost" || self.is_loopback();
        let tags = if is_here { own.clone() } else { own.with("host", &self.host) };
        tags.with("service", service)
    }

    fn is_loopback(&self) -> bool {
        self.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| "user or password is no UTF-8".to_owned())?.into_owned())
}

/// A text that may hold a URL, without what stands before an `@` in it: fit for log lines.
pub(crate) fn without_credentials(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else { return text.to_owned() };
    let kind = match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://"),
        None => before.split_once(':').map_or(String::new(), |(scheme, _)| format!("{scheme}:")),
    };
    format!("{kind}****@{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let address =
            Address::parse("postgres://al%20i:p%40ss@[::1]:5433/app?sslmode=require", 5432)
                .unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 5433));
        assert_eq!(address.authority, "[::1]:5433");
        assert_eq!(address.user.as_deref(), Some("al i"));
        assert_eq!(address.password.as_ref().map(Secret::reveal), Some("p@ss"));
        assert_eq!(address.path, "/app");
        assert_eq!(address.query, [("sslmode".to_owned(), "require".to_owned())]);
        let address = Address::parse("redis://cache", 6379).unwrap();
        assert_eq!((address.authority.as_str(), address.port), ("cache", 6379));
        assert_eq!((address.user, address.password), (None, None));
        assert_eq!(Address::parse("redis:///", 1).unwrap().host, "");
        assert!(Address::parse("secret", 1).is_err());
    }

    #[test]
    fn passwords_are_not_printed() {
        let address = Address::parse("redis://:hunter2@h", 6379).unwrap();
        assert!(!format!("{address:?}").contains("hunter2"));
        for (text, expected) in [
            ("postgres://u:p@h/db", "postgres://****@h/db"),
            ("postgres://u:p@q@h/db", "postgres://****@h/db"),
            ("prometheus:http://u:p@h/", "prometheus:http://****@h/"),
            ("redis:u:p@h", "redis:****@h"),
            ("name:nginx", "name:nginx"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
        let error = Address::parse("redis://:hunter2@h:x", 6379).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn the_host_is_where_the_service_runs() {
        let own = TagSet::from_pairs([("host", "here")]);
        for (url, host) in [
            ("redis://db1:6379", "db1"),
            ("redis://127.0.0.1", "here"),
            ("redis://localhost", "here"),
            ("redis://[::1]", "here"),
        ] {
            let tags = Address::parse(url, 1).unwrap().tags("name", &own);
            assert_eq!(
                (tags.get("host"), tags.get("service")),
                (Some(host), Some("name")),
                "{url}"
            );
        }
    }
}
