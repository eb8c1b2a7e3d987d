//! Protocol codecs: bytes in, bytes out. No sockets, no clock.

pub mod http1;
pub mod resp;
