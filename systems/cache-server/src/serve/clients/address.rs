//! Addresses in 18 bytes each: a [`SocketAddr`] has 32, and each connection keeps two.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

/// One end of a connection, as clients are shown it. The zone of a link-local address is not kept, as nobody
/// is shown it by Redis either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// An address of IPv4 as IPv6 has it.
    ip: [u8; 16],
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Address {
        let ip = match addr.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Address { ip: ip.octets(), port: addr.port() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = Ipv6Addr::from(self.ip).to_canonical();
        fmt::Display::fmt(&SocketAddr::new(ip, self.port), formatter)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_they_were() {
        for text in ["127.0.0.1:6379", "0.0.0.0:0", "[::1]:65535", "[2001:db8::7]:1"] {
            let addr: SocketAddr = text.parse().unwrap();
            assert_eq!(Address::from(addr).to_string(), text);
        }
        // Who comes over IPv4 to a socket of both.
        let both: SocketAddr = "[::ffff:10.0.0.1]:5".parse().unwrap();
        assert_eq!(Address::from(both).to_string(), "10.0.0.1:5");
        assert_eq!(size_of::<Address>(), 18);
    }
}
