//! The one seam to the outside: clock, timers, seeded randomness, worker threads, sockets, TLS, DNS,
//! signals, log lines, and hints to the processor.
//!
//! No other crate of the measurer reads a clock, opens a socket or names rustls.

pub mod clock;
pub mod datagram;
pub mod dial;
pub mod dns;
pub mod duration;
pub mod fetch;
pub mod gather;
pub mod listen;
pub mod log;
mod metered;
pub mod prefetch;
pub mod random;
pub mod shutdown;
mod stream;
pub mod supervisor;
pub mod timer;
pub mod tls;
pub mod workers;
