//! `--out prometheus[=ADDR]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use plimsoll_outputs::{Output, prometheus};

use crate::{
    exit::{Exit, Failure},
    setup::Setup,
};

/// Where the page is when nothing else is said.
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5656);

pub(super) fn open(argument: Option<&str>, setup: &Setup) -> Result<Box<dyn Output>, Failure> {
    let failure = |message: &dyn std::fmt::Display| {
        Failure::new(Exit::Other, format!("could not create the 'prometheus' output: {message}"))
    };
    let address = address(argument.unwrap_or_default()).ok_or_else(|| {
        failure(&format!("{:?} is no address", argument.unwrap_or_default()))
            .with_hint("write IP:PORT, such as 0.0.0.0:5656, or a port alone")
    })?;
    let output = prometheus::start_run(address, setup.registry.clone());
    Ok(Box::new(output.map_err(|error| failure(&error))?))
}

/// `IP:PORT`, `:PORT`, `PORT`, `IP` or nothing.
fn address(text: &str) -> Option<SocketAddr> {
    if text.is_empty() {
        return Some(DEFAULT);
    }
    let text = text.replacen("localhost", "127.0.0.1", 1);
    let port = text.strip_prefix(':').unwrap_or(&text).parse();
    text.parse()
        .ok()
        .or_else(|| port.ok().map(|port| SocketAddr::new(DEFAULT.ip(), port)))
        .or_else(|| text.parse().ok().map(|ip| SocketAddr::new(ip, DEFAULT.port())))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_may_be_short() {
        for (text, expected) in [
            ("", Some("127.0.0.1:5656")),
            ("9000", Some("127.0.0.1:9000")),
            (":9000", Some("127.0.0.1:9000")),
            ("localhost:9000", Some("127.0.0.1:9000")),
            ("0.0.0.0", Some("0.0.0.0:5656")),
            ("[::1]:9000", Some("[::1]:9000")),
            ("example", None),
            ("1:2:3", None),
        ] {
            assert_eq!(
                address(text).map(|address| address.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
