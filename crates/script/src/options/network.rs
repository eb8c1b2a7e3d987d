//! Options about names and addresses: checked when read, kept as values that print as k6 prints them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde_json::{Value, json};

use super::{
    error::Reason,
    value::{self, Read},
};

/// `dns`: every part may come from another layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsOptions {
    /// `0`, `inf` or a duration, as written.
    pub ttl: Option<String>,
    /// `first`, `random` or `roundRobin`
    pub select: Option<String>,
    /// `preferIPv4`, `preferIPv6`, `onlyIPv4`, `onlyIPv6` or `any`
    pub policy: Option<String>,
}

const DNS_SELECT: &[&str] = &["first", "random", "roundRobin"];
const DNS_POLICY: &[&str] = &["preferIPv4", "preferIPv6", "onlyIPv4", "onlyIPv6", "any"];

impl DnsOptions {
    fn set(&mut self, key: &str, text: &str) -> Read<()> {
        let one_of = |known: &[&str], kind: &str| {
            let found = known.iter().find(|name| name.eq_ignore_ascii_case(text));
            found.map(|name| (*name).to_owned()).ok_or_else(|| {
                Reason::new(format!(
                    "{text} does not belong to {kind} values ({})",
                    known.join(", ")
                ))
            })
        };
        match key {
            "ttl" => {
                let known = text == "inf" || super::duration::parse_duration(text).is_ok();
                let hint = "write 0, inf, or a duration such as 5m";
                self.ttl = Some(text.to_owned());
                if known {
                    Ok(())
                } else {
                    Err(Reason::new(format!("invalid DNS TTL: {text}")).hint(hint))
                }
            }
            "select" => one_of(DNS_SELECT, "DNSSelect").map(|name| self.select = Some(name)),
            "policy" => one_of(DNS_POLICY, "DNSPolicy").map(|name| self.policy = Some(name)),
            other => Err(Reason::new(format!("unknown DNS configuration field: {other}"))
                .hint("the fields are ttl, select and policy")),
        }
    }

    /// Parts of `upper` win.
    pub(crate) fn apply(&mut self, upper: DnsOptions) {
        self.ttl = upper.ttl.or(self.ttl.take());
        self.select = upper.select.or(self.select.take());
        self.policy = upper.policy.or(self.policy.take());
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "ttl": self.ttl, "select": self.select, "policy": self.policy })
    }
}

/// The object of a script or config file; keys that are not known are ignored, as in k6.
pub(crate) fn dns(value: &Value) -> Read<DnsOptions> {
    let map = value::object(value)
        .map_err(|r| r.hint("write { ttl: \"5m\", select: \"random\", policy: \"preferIPv4\" }"))?;
    let mut dns = DnsOptions::default();
    for key in ["ttl", "select", "policy"] {
        if let Some(text) = value::inner(map, key, value::text)? {
            dns.set(key, &text).map_err(|reason| reason.under(&format!(".{key}")))?;
        }
    }
    Ok(dns)
}

/// `ttl=5m,select=random,policy=preferIPv4`
pub(crate) fn dns_text(text: &str) -> Read<DnsOptions> {
    let mut dns = DnsOptions::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Reason::new(format!("no value for key {part}"))
                .hint("write ttl=5m,select=random,policy=preferIPv4"));
        };
        dns.set(key, value)?;
    }
    Ok(dns)
}

/// A block of addresses: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpBlock {
    /// Bits past `prefix` are 0.
    pub address: IpAddr,
    pub prefix: u8,
}

impl std::fmt::Display for IpBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl IpBlock {
    /// First and last address.
    pub fn bounds(self) -> (IpAddr, IpAddr) {
        match self.address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                (self.address, Ipv4Addr::from_bits(v4.to_bits() | host).into())
            }
            IpAddr::V6(v6) => {
                let host = u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                (self.address, Ipv6Addr::from_bits(v6.to_bits() | host).into())
            }
        }
    }
}

pub(crate) fn ip_block(text: &str) -> Read<IpBlock> {
    let invalid = || {
        Reason::new(format!("failed to parse CIDR '{text}': invalid CIDR address: {text}"))
            .hint("write blocks as 10.0.0.0/8; a single address is 10.1.2.3/32")
    };
    let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
    let address = match address {
        IpAddr::V4(v4) if prefix <= 32 => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) if prefix <= 128 => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
        _ => return Err(invalid()),
    };
    Ok(IpBlock { address, prefix })
}

/// `blockHostnames`: a name, `*.name` or `*`.
pub(crate) fn host_pattern(text: &str) -> Read<String> {
    let name = text.strip_prefix('*').unwrap_or(text);
    let dotted = text.len() == name.len() || name.is_empty() || name.starts_with('.');
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || b >= 128);
    if text.is_empty() || !dotted || !letters {
        return Err(Reason::new(format!("invalid hostname pattern '{text}'"))
            .hint("a pattern is a host name with at most one * at its start: *.example.com"));
    }
    Ok(text.to_ascii_lowercase())
}

/// Where the `hosts` option sends a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostTarget {
    pub address: IpAddr,
    /// The port that was asked for when `None`.
    pub port: Option<u16>,
}

impl std::fmt::Display for HostTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => std::net::SocketAddr::new(self.address, port).fmt(f),
            None => self.address.fmt(f),
        }
    }
}

/// `{ "name[:port]" or "*.name[:port]": "ip[:port]" }`
pub(crate) fn hosts(value: &Value) -> Read<BTreeMap<String, HostTarget>> {
    value::map_of(value, |key, value| {
        let name = key.rsplit_once(':').map_or(key, |(name, _)| name);
        host_pattern(name).map_err(|_| Reason::new(format!("invalid host pattern '{key}'")))?;
        host_target(&value::text(value)?)
    })
}

fn host_target(text: &str) -> Read<HostTarget> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return Ok(HostTarget { address, port: None });
    }
    let target = text.parse::<std::net::SocketAddr>();
    target.map(|socket| HostTarget { address: socket.ip(), port: Some(socket.port()) }).map_err(
        |_| {
            Reason::new(format!("{text:?} is not an IP address"))
                .hint("write an address: \"10.0.0.1\" or \"10.0.0.1:8080\"")
        },
    )
}

/// `localIPs`: addresses to send from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalIps {
    /// As written; k6 prints it so.
    pub text: String,
    /// First and last address of each range.
    pub ranges: Vec<(IpAddr, IpAddr)>,
}

pub(crate) fn local_ips(text: &str) -> Read<LocalIps> {
    let ranges = value::comma_list(text, |part| {
        let invalid = || Reason::new(format!("{part} is not a valid IP, IP range or CIDR"));
        if let Some((first, last)) = part.split_once('-') {
            let first: IpAddr = first.parse().map_err(|_| invalid())?;
            let last: IpAddr = last.parse().map_err(|_| invalid())?;
            return if first.is_ipv4() == last.is_ipv4() && first <= last {
                Ok((first, last))
            } else {
                Err(invalid())
            };
        }
        match part.parse::<IpAddr>() {
            Ok(address) => Ok((address, address)),
            Err(_) => ip_block(part).map(IpBlock::bounds).map_err(|_| invalid()),
        }
    })?;
    Ok(LocalIps { text: text.to_owned(), ranges })
}

#[cfg(test)]
mod tests {
    use super::{dns_text, host_pattern, host_target, ip_block, local_ips};

    fn check<T: std::fmt::Display>(read: super::Read<T>, expected: &str) {
        let shown = match read {
            Ok(value) => value.to_string(),
            Err(reason) => format!("error: {}", reason.bare().message),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn blocks() {
        check(ip_block("10.1.2.3/8"), "10.0.0.0/8");
        check(ip_block("::1/64"), "::/64");
        check(ip_block("1.2.3.4/32"), "1.2.3.4/32");
        check(ip_block("1.2.3.4/0"), "0.0.0.0/0");
        check(
            ip_block("1.2.3.4/33"),
            "error: failed to parse CIDR '1.2.3.4/33': invalid CIDR address: 1.2.3.4/33",
        );
        check(
            ip_block("1.2.3.4"),
            "error: failed to parse CIDR '1.2.3.4': invalid CIDR address: 1.2.3.4",
        );
    }

    #[test]
    fn patterns() {
        check(host_pattern("*.Foo.com"), "*.foo.com");
        check(host_pattern("*"), "*");
        check(host_pattern("foo*.com"), "error: invalid hostname pattern 'foo*.com'");
        check(host_pattern("*.*.com"), "error: invalid hostname pattern '*.*.com'");
        check(host_pattern(""), "error: invalid hostname pattern ''");
    }

    #[test]
    fn host_targets() {
        check(host_target("1.2.3.4"), "1.2.3.4");
        check(host_target("1.2.3.4:80"), "1.2.3.4:80");
        check(host_target("[::1]:8080"), "[::1]:8080");
        check(host_target("::1"), "::1");
        check(host_target("b"), "error: \"b\" is not an IP address");
    }

    #[test]
    fn dns() {
        let shown = |text| dns_text(text).map(|dns| dns.to_json());
        check(
            shown("ttl=5,select=roundRobin"),
            r#"{"ttl":"5","select":"roundRobin","policy":null}"#,
        );
        check(shown("foo"), "error: no value for key foo");
        check(shown("ttl=x"), "error: invalid DNS TTL: x");
        check(shown("x=x"), "error: unknown DNS configuration field: x");
    }

    #[test]
    fn local_addresses() {
        let shown = |text| local_ips(text).map(|ips| format!("{:?}", ips.ranges));
        check(
            shown("127.0.0.1-127.0.0.3,127.0.1.0/30"),
            "[(127.0.0.1, 127.0.0.3), (127.0.1.0, 127.0.1.3)]",
        );
        check(shown("foo"), "error: foo is not a valid IP, IP range or CIDR");
        check(
            shown("1.1.1.2-1.1.1.1"),
            "error: 1.1.1.2-1.1.1.1 is not a valid IP, IP range or CIDR",
        );
    }
}
