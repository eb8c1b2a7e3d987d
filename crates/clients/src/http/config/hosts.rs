//! `hosts`: addresses that stand in for names.

use std::net::{IpAddr, SocketAddr};

use super::filters;

/// k6's `hosts`: `name[:port]` or `*.name[:port]` to `ip[:port]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOverrides {
    rules: Vec<Rule>,
    /// Values that are no address. k6 takes no notice of their rules; the caller may warn.
    pub ignored: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: String,
    port: Option<u16>,
    address: IpAddr,
    new_port: Option<u16>,
}

impl HostOverrides {
    /// # Errors
    /// k6's text for a key that is no host pattern.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut overrides = HostOverrides::default();
        for (key, value) in pairs {
            let (name, port) = match key.rsplit_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (key, None),
            };
            let port = match port.map(str::parse) {
                Some(Ok(port)) => Some(port),
                Some(Err(_)) => return Err(format!("invalid host pattern '{key}'")),
                None => None,
            };
            if !filters::is_pattern(name) {
                return Err(format!("invalid host pattern '{key}'"));
            }
            match parse_address(value) {
                Some((address, new_port)) => overrides.rules.push(Rule {
                    pattern: name.to_lowercase(),
                    port,
                    address,
                    new_port,
                }),
                None => overrides.ignored.push(value.to_owned()),
            }
        }
        Ok(overrides)
    }

    /// Where an exchange with `host` (in lower case) and `port` goes instead. A rule with the port
    /// wins over one without, a longer pattern over a shorter.
    pub fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let matching = self.rules.iter().filter(|rule| {
            rule.port.is_none_or(|own| own == port) && filters::matches(&rule.pattern, host)
        });
        let best = matching.max_by_key(|rule| {
            (!rule.pattern.starts_with('*'), rule.pattern.len(), rule.port.is_some())
        })?;
        Some(SocketAddr::new(best.address, best.new_port.unwrap_or(port)))
    }
}

/// `ip`, `ip:port`, `[v6]` or `[v6]:port`.
fn parse_address(value: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = value.parse::<SocketAddr>() {
        return Some((address.ip(), Some(address.port())));
    }
    let bare = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    bare.parse().ok().map(|address| (address, None))
}

#[cfg(test)]
mod tests {
    use super::HostOverrides;

    #[test]
    fn the_closest_rule_wins() {
        let overrides = HostOverrides::parse([
            ("a.test", "127.0.0.1"),
            ("a.test:81", "127.0.0.2:8081"),
            ("*.W.test", "127.0.0.3:99"),
            ("*.x.w.test", "::1"),
            ("bad.test", "elsewhere"),
        ])
        .unwrap();
        let check = |host, port, expected: Option<&str>| {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(overrides.find(host, port), expected, "{host}:{port}");
        };
        check("a.test", 80, Some("127.0.0.1:80"));
        check("a.test", 81, Some("127.0.0.2:8081"));
        check("y.w.test", 80, Some("127.0.0.3:99"));
        check("y.x.w.test", 80, Some("[::1]:80"));
        check("w.test", 80, None);
        check("bad.test", 80, None);
        assert_eq!(overrides.ignored, ["elsewhere"]);
    }

    #[test]
    fn bad_patterns_are_named() {
        for bad in ["a*", "a:b"] {
            let error = HostOverrides::parse([(bad, "127.0.0.1")]).unwrap_err();
            assert_eq!(error, format!("invalid host pattern '{bad}'"));
        }
    }
}
