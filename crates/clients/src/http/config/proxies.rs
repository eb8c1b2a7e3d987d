//! Proxies from the environment, by Go's rules.

use std::net::IpAddr;

use super::filters::{mask, parse_cidr};
use crate::http::url::{Scheme, Url};

/// `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    no_proxy: Vec<Exception>,
}

/// A proxy server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    pub kind: ProxyKind,
    pub host: String,
    pub port: u16,
    /// User and password.
    pub credentials: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    Http,
    /// HTTP inside TLS.
    Https,
    Socks5,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    All,
    Network(IpAddr, u32),
    /// `port`: only that one.
    Host {
        name: String,
        with_subdomains: bool,
        without_itself: bool,
        port: Option<u16>,
    },
}

impl Proxies {
    /// Reads the process' environment.
    pub fn from_environment() -> Proxies {
        Proxies::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Proxies::from_environment`], from any source of variables. A proxy whose URL makes no
    /// sense is left out, as Go does.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Proxies {
        let either = |upper: &str| {
            let value = read(upper).filter(|value| !value.is_empty());
            value.or_else(|| read(&upper.to_ascii_lowercase())).filter(|value| !value.is_empty())
        };
        // In a CGI script HTTP_PROXY is a header of the client.
        let http = either("HTTP_PROXY").filter(|_| read("REQUEST_METHOD").is_none());
        Proxies {
            http: http.and_then(|text| parse_proxy(&text)),
            https: either("HTTPS_PROXY").and_then(|text| parse_proxy(&text)),
            no_proxy: either("NO_PROXY").map(|text| parse_exceptions(&text)).unwrap_or_default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy for requests to `url`, none for loopback.
    pub fn find(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            Scheme::Https => self.https.as_ref()?,
            _ => self.http.as_ref()?,
        };
        let (host, port) = (url.host(), url.port());
        let address: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return None;
        }
        let excepted = self.no_proxy.iter().any(|exception| exception.has(host, port, address));
        (!excepted).then_some(proxy)
    }
}

impl Exception {
    fn has(&self, host: &str, port: u16, address: Option<IpAddr>) -> bool {
        match self {
            Exception::All => true,
            Exception::Network(network, prefix) => address.is_some_and(|address| {
                address.is_ipv4() == network.is_ipv4() && mask(address, *prefix) == *network
            }),
            Exception::Host { name, with_subdomains, without_itself, port: own } => {
                let itself = !without_itself && host == name;
                let below = *with_subdomains
                    && host.strip_suffix(&**name).is_some_and(|rest| rest.ends_with('.'));
                own.is_none_or(|own| own == port) && (itself || below)
            }
        }
    }
}

fn parse_proxy(text: &str) -> Option<Proxy> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&with_scheme).ok()?;
    let (kind, port) = match url.scheme_text() {
        "http" => (ProxyKind::Http, url.port()),
        "https" => (ProxyKind::Https, url.port()),
        "socks5" | "socks5h" if url.authority().ends_with(&format!(":{}", url.port())) => {
            (ProxyKind::Socks5, url.port())
        }
        "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
        _ => return None,
    };
    let credentials = url.credentials().map(|c| (c.user.clone(), c.password.clone()));
    (!url.host().is_empty()).then(|| Proxy { kind, host: url.host().to_owned(), port, credentials })
}

fn parse_exceptions(list: &str) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    for entry in list.split(',').map(|entry| entry.trim().to_lowercase()) {
        if entry == "*" {
            return vec![Exception::All];
        }
        if entry.is_empty() {
            continue;
        }
        if let Some((address, prefix)) = parse_cidr(&entry) {
            exceptions.push(Exception::Network(mask(address, prefix), prefix));
            continue;
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            exceptions.push(Exception::Network(address, prefix));
            continue;
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()),
            None => (&*entry, None),
        };
        let below_only = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
        exceptions.push(Exception::Host {
            name: below_only.unwrap_or(name).to_owned(),
            with_subdomains: true,
            without_itself: below_only.is_some(),
            port,
        });
    }
    exceptions
}

#[cfg(test)]
mod tests {
    use super::{Proxies, ProxyKind};
    use crate::http::Url;

    /// The proxy's `host:port` for a URL, given variables.
    fn check(variables: &[(&str, &str)], url: &str, expected: Option<&str>) {
        let proxies = Proxies::from_variables(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let url = Url::parse(url).unwrap();
        let found = proxies.find(&url).map(|proxy| format!("{}:{}", proxy.host, proxy.port));
        assert_eq!(found.as_deref(), expected, "{variables:?} for {url:?}");
    }

    #[test]
    fn by_scheme() {
        check(&[("HTTP_PROXY", "p:3128")], "http://a.test/", Some("p:3128"));
        check(&[("http_proxy", "http://p")], "http://a.test/", Some("p:80"));
        check(&[("HTTP_PROXY", "p:3128")], "https://a.test/", None);
        check(&[("HTTPS_PROXY", "socks5://p")], "https://a.test/", Some("p:1080"));
        check(&[("HTTP_PROXY", "p"), ("REQUEST_METHOD", "GET")], "http://a.test/", None);
        check(&[("HTTP_PROXY", "ftp://p")], "http://a.test/", None);
    }

    #[test]
    fn never_for_loopback() {
        for url in ["http://127.0.0.1/", "http://localhost:9/", "http://[::1]/"] {
            check(&[("HTTP_PROXY", "p:3128")], url, None);
        }
    }

    #[test]
    fn exceptions() {
        let with = |no_proxy, url, proxied: bool| {
            let expected = proxied.then_some("p:80");
            check(&[("HTTP_PROXY", "p"), ("NO_PROXY", no_proxy)], url, expected);
        };
        with("*", "http://a.test/", false);
        with("a.test", "http://a.test/", false);
        with("a.test", "http://b.a.test/", false);
        with("a.test", "http://ba.test/", true);
        with(".a.test", "http://a.test/", true);
        with(".a.test", "http://b.a.test/", false);
        with("a.test:81", "http://a.test/", true);
        with("x, 10.0.0.0/8", "http://10.2.3.4/", false);
        with("10.0.0.1", "http://10.0.0.2/", true);
    }

    #[test]
    fn credentials_and_kinds() {
        let variables =
            |name: &str| (name == "HTTPS_PROXY").then(|| "https://u:p%40@proxy.test".to_owned());
        let proxies = Proxies::from_variables(variables);
        let proxy = proxies.find(&Url::parse("https://a.test/").unwrap()).unwrap();
        assert_eq!((proxy.kind, proxy.port), (ProxyKind::Https, 443));
        assert_eq!(proxy.credentials, Some(("u".to_owned(), "p@".to_owned())));
    }
}
