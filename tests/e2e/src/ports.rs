//! Loopback ports for servers that must be told a number.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A TCP port of 127.0.0.1 that nobody else gets until the value ends.
///
/// A port that is only looked up and let go of may be a neighbour's outgoing connection when the server
/// wants it. This one stays bound. Linux lets a server listen on it all the same, if both sockets have
/// `SO_REUSEADDR`, but gives it neither to connections nor to those that ask for port 0.
#[derive(Debug)]
pub struct Port {
    /// What the server is told.
    pub number: u16,
    _held: Socket,
}

impl Port {
    /// Takes a free one.
    pub fn reserve() -> Port {
        let held = Socket::new(Domain::IPV4, Type::STREAM, None).expect("open a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        // Set only afterwards, so that the port is taken by nobody, not even with the same option.
        held.bind(&any.into()).expect("bind to a free port");
        held.set_reuse_address(true).expect("let a server listen");
        let address = held.local_addr().expect("its address").as_socket().expect("of IPv4");
        Port { number: address.port(), _held: held }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::Port;

    #[test]
    fn a_server_may_listen_on_it() {
        let port = Port::reserve();
        let address = ("127.0.0.1", port.number);
        assert!(TcpStream::connect(address).is_err(), "nobody listens yet");
        let server = TcpListener::bind(address).unwrap();
        assert!(TcpStream::connect(address).is_ok());
        assert!(TcpListener::bind(address).is_err(), "one server only");
        drop(server);
        assert!(TcpStream::connect(address).is_err());
    }
}
