//! What tests of whole servers share: a server on a loopback port, and clients that send lines.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use super::{Config, Running, start};

/// A reply that does not come by then fails the test.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Two threads, and these parameters.
pub(super) fn serve(parameters: &[(&str, &str)]) -> Running {
    let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.threads = 2;
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    config.parameters = parameters.iter().map(owned).collect();
    start(&config).unwrap()
}

pub(super) fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.local_addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends inline commands and expects exactly that.
pub(super) fn check(stream: &mut TcpStream, commands: &str, expected: &str) {
    stream.write_all(commands.as_bytes()).unwrap();
    let mut reply = vec![0; expected.len()];
    stream.read_exact(&mut reply).unwrap_or_else(|error| panic!("{commands}: {error}"));
    assert_eq!(String::from_utf8_lossy(&reply), expected, "{commands}");
}
