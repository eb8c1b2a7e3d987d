//! `blockHostnames` and `blacklistIPs`: what no exchange may go to.

use std::net::IpAddr;

/// k6's `blockHostnames`: names, each perhaps with a leading `*`; `*` alone blocks all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPatterns(Vec<String>);

impl HostPatterns {
    /// # Errors
    /// k6's text for a pattern that is none.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut parsed = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if !is_pattern(pattern) {
                return Err(format!("invalid hostname pattern '{pattern}'"));
            }
            parsed.push(pattern.to_lowercase());
        }
        Ok(HostPatterns(parsed))
    }

    /// The longest pattern that blocks `host` (in lower case).
    pub fn find(&self, host: &str) -> Option<&str> {
        let matching = self.0.iter().filter(|pattern| matches(pattern, host));
        matching.max_by_key(|pattern| pattern.len()).map(String::as_str)
    }
}

/// A name of RFC 1123 with an optional `*` or `*.` before it.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let name = match pattern.strip_prefix('*') {
        Some("") => return true,
        Some(rest) => rest.strip_prefix('.').unwrap_or(rest),
        None => pattern,
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    name.split('.').all(label)
}

/// Both in lower case.
pub(super) fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern == host,
    }
}

/// k6's `blacklistIPs`: address ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpRanges(Vec<IpRange>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct IpRange {
    /// As Go prints it: the network's address and the prefix' length.
    text: String,
    network: IpAddr,
    prefix: u32,
}

impl IpRanges {
    /// # Errors
    /// k6's text for a range that is not in CIDR notation.
    pub fn parse<S: AsRef<str>>(ranges: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut parsed = Vec::new();
        for range in ranges {
            let range = range.as_ref();
            let (address, prefix) = parse_cidr(range).ok_or_else(|| {
                format!("failed to parse CIDR '{range}': invalid CIDR address: {range}")
            })?;
            let network = mask(address, prefix);
            parsed.push(IpRange { text: format!("{network}/{prefix}"), network, prefix });
        }
        Ok(IpRanges(parsed))
    }

    /// The first range that has `address`, as k6 prints it.
    pub fn find(&self, address: IpAddr) -> Option<&str> {
        let address = address.to_canonical();
        let has = |range: &&IpRange| {
            range.network.is_ipv4() == address.is_ipv4()
                && mask(address, range.prefix) == range.network
        };
        self.0.iter().find(has).map(|range| &*range.text)
    }
}

/// An address and a prefix that fits it.
pub(super) fn parse_cidr(text: &str) -> Option<(IpAddr, u32)> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let prefix: u32 = prefix.parse().ok()?;
    (prefix <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, prefix))
}

/// `address` with all but the first `prefix` bits cleared.
pub(super) fn mask(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HostPatterns, IpRanges};

    #[test]
    fn hostnames() {
        let patterns = HostPatterns::parse(["*.Blocked.test", "one.test", "*locked.test"]).unwrap();
        let check = |host, expected| assert_eq!(patterns.find(host), expected, "{host}");
        check("a.blocked.test", Some("*.blocked.test"));
        check("xlocked.test", Some("*locked.test"));
        check("one.test", Some("one.test"));
        check("two.one.test", None);
        assert_eq!(HostPatterns::parse(["*"]).unwrap().find("any"), Some("*"));
        for bad in ["a*b", "a..b", "*.*", ""] {
            let error = HostPatterns::parse([bad]).unwrap_err();
            assert_eq!(error, format!("invalid hostname pattern '{bad}'"));
        }
    }

    #[test]
    fn addresses() {
        let ranges = IpRanges::parse(["10.1.2.3/8", "::/127", "1.2.3.4/32"]).unwrap();
        let check = |ip: &str, expected| assert_eq!(ranges.find(ip.parse().unwrap()), expected);
        check("10.255.0.1", Some("10.0.0.0/8"));
        check("::ffff:10.0.0.1", Some("10.0.0.0/8"));
        check("::1", Some("::/127"));
        check("1.2.3.4", Some("1.2.3.4/32"));
        check("1.2.3.5", None);
        assert_eq!(
            IpRanges::parse(["0.0.0.0/0"]).unwrap().find([9, 9, 9, 9].into()),
            Some("0.0.0.0/0")
        );
        let error = IpRanges::parse(["10.0.0.1"]).unwrap_err();
        assert_eq!(error, "failed to parse CIDR '10.0.0.1': invalid CIDR address: 10.0.0.1");
    }
}
