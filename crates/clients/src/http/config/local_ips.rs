//! `localIPs`: addresses to send from.

use std::{
    io::ErrorKind,
    net::{IpAddr, UdpSocket},
};

use super::filters::{mask, parse_cidr};

/// k6's `localIPs`: single addresses, `from-to` ranges and CIDR blocks, numbered through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalIps(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    count: u128,
}

impl LocalIps {
    /// A comma-separated list.
    ///
    /// # Errors
    /// k6's text for a part that is none of the three.
    pub fn parse(list: &str) -> Result<Self, String> {
        let parts = list.split(',').filter(|part| !part.is_empty());
        parts.map(parse_range).collect::<Result<_, _>>().map(LocalIps)
    }

    /// The first of these addresses that this machine does not have, of so many that are looked at.
    ///
    /// A connection from such an address fails with the same error as one that finds no free port.
    pub fn first_foreign(&self) -> Option<IpAddr> {
        /// Binding takes microseconds; a whole IPv6 network would take for ever.
        const LOOKED_AT: u128 = 1024;
        let addresses = self
            .0
            .iter()
            .flat_map(|range| (0..range.count.min(LOOKED_AT)).map(|at| offset(range.first, at)));
        let is_foreign = |address: &IpAddr| {
            let bound = UdpSocket::bind((*address, 0));
            bound.is_err_and(|error| error.kind() == ErrorKind::AddrNotAvailable)
        };
        addresses.take(LOOKED_AT as usize).find(is_foreign)
    }

    /// The address for the client of that number; `None` when there is no choice to make.
    pub fn pick(&self, index: u64) -> Option<IpAddr> {
        let total = self.0.iter().fold(0_u128, |sum, range| sum.saturating_add(range.count));
        let mut at = u128::from(index).checked_rem(total)?;
        for range in &self.0 {
            if at < range.count {
                return Some(offset(range.first, at));
            }
            at -= range.count;
        }
        None
    }
}

fn parse_range(text: &str) -> Result<Range, String> {
    let invalid = || format!("{text} is not a valid IP, IP range or CIDR");
    if let Some((from, to)) = text.split_once('-') {
        let from: IpAddr = from.parse().map_err(|_| invalid())?;
        let to: IpAddr = to.parse().map_err(|_| invalid())?;
        if from.is_ipv4() != to.is_ipv4() {
            return Err(format!("mixed IP range format: {text}"));
        }
        let Some(distance) = bits(to).checked_sub(bits(from)) else {
            return Err(format!("negative IP range: {text}"));
        };
        return Ok(Range { first: from, count: distance.saturating_add(1) });
    }
    if text.contains('/') {
        let (address, prefix) = parse_cidr(text).ok_or_else(invalid)?;
        let network = mask(address, prefix);
        let host_bits = if address.is_ipv4() { 32 - prefix } else { 128 - prefix };
        let count = 1_u128.checked_shl(host_bits).unwrap_or(u128::MAX);
        // The first and last address of an IPv4 network are not hosts.
        return Ok(match address.is_ipv4() && host_bits >= 2 {
            true => Range { first: offset(network, 1), count: count - 2 },
            false => Range { first: network, count },
        });
    }
    text.parse().map(|first| Range { first, count: 1 }).map_err(|_| invalid())
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn offset(first: IpAddr, by: u128) -> IpAddr {
    match first {
        IpAddr::V4(v4) => {
            IpAddr::V4(v4.to_bits().wrapping_add(u32::try_from(by).unwrap_or(0)).into())
        }
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().wrapping_add(by).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::LocalIps;

    fn check(list: &str, expected: &[&str]) {
        let ips = LocalIps::parse(list).unwrap();
        let picked: Vec<String> =
            (0..expected.len() as u64).map(|at| ips.pick(at).unwrap().to_string()).collect();
        assert_eq!(picked, expected, "{list}");
    }

    #[test]
    fn addresses_are_numbered_through() {
        check("127.0.0.1", &["127.0.0.1", "127.0.0.1"]);
        check("127.0.0.1-127.0.0.2,::1", &["127.0.0.1", "127.0.0.2", "::1", "127.0.0.1"]);
        check("10.0.0.0/30", &["10.0.0.1", "10.0.0.2", "10.0.0.1"]);
        check("10.0.0.7/32", &["10.0.0.7"]);
        assert_eq!(LocalIps::default().pick(3), None);
    }

    #[test]
    fn foreign_addresses_are_found() {
        let check = |list: &str, expected: Option<&str>| {
            let found = LocalIps::parse(list).unwrap().first_foreign();
            assert_eq!(found.map(|ip| ip.to_string()).as_deref(), expected, "{list}");
        };
        check("127.0.0.1,127.0.0.2-127.0.0.9", None);
        // Of the documentation's networks, which no machine has.
        check("127.0.0.1,192.0.2.5", Some("192.0.2.5"));
        check("192.0.2.0/24", Some("192.0.2.1"));
    }

    #[test]
    fn errors_are_k6s() {
        let check = |list: &str, expected: &str| {
            assert_eq!(LocalIps::parse(list).unwrap_err(), expected);
        };
        check("127.0.0.1,foo", "foo is not a valid IP, IP range or CIDR");
        check("127.0.0.3-127.0.0.1", "negative IP range: 127.0.0.3-127.0.0.1");
    }
}
