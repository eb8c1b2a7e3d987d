//! Addresses to listen on, as people write them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `IP:PORT`, or either of them alone: a port is of the loopback address, an address gets `port`.
/// `localhost` is the loopback address.
pub(super) fn parse(text: &str, port: u16) -> Result<SocketAddr, String> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let text = match text.strip_prefix("localhost") {
        Some(rest) => &format!("{loopback}{rest}"),
        None => text,
    };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
        return Ok(SocketAddr::new(loopback, port));
    }
    let ip: Result<IpAddr, _> = text.trim_matches(['[', ']']).parse();
    ip.map(|ip| SocketAddr::new(ip, port))
        .map_err(|_| format!("write IP:PORT, such as 0.0.0.0:{port}, or a port alone"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn either_part_may_be_missing() {
        let check = |text: &str, expected: Option<&str>| {
            let found = parse(text, 5665).ok().map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("127.0.0.1:81", Some("127.0.0.1:81"));
        check("8000", Some("127.0.0.1:8000"));
        check(":8000", Some("127.0.0.1:8000"));
        check("0.0.0.0", Some("0.0.0.0:5665"));
        check("[::1]:80", Some("[::1]:80"));
        check("::1", Some("[::1]:5665"));
        check("[::]", Some("[::]:5665"));
        check("localhost", Some("127.0.0.1:5665"));
        check("localhost:81", Some("127.0.0.1:81"));
        check("[::1]:http", None);
        check("localhosts:81", None);
        check("example.com:81", None);
        check("70000", None);
        check("", None);
    }
}
