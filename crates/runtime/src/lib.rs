//! The one seam to the outside: clock, timers, seeded randomness, worker threads, sockets, TLS, DNS,
//! signals, log lines, and hints to the processor.
//!
//! No other crate of the measurer reads a clock, opens a socket or names rustls. What does more than
//! telling the time, drawing numbers and hinting is behind the feature `io`, which is on unless it is
//! turned off.

pub mod clock;
pub mod duration;
pub mod prefetch;
pub mod random;

#[cfg(feature = "io")]
pub mod datagram;
#[cfg(feature = "io")]
pub mod dial;
#[cfg(feature = "io")]
pub mod dns;
#[cfg(feature = "io")]
pub mod fetch;
#[cfg(feature = "io")]
pub mod gather;
#[cfg(feature = "io")]
pub mod http_server;
#[cfg(feature = "io")]
pub mod listen;
#[cfg(feature = "io")]
pub mod log;
#[cfg(feature = "io")]
mod metered;
#[cfg(feature = "io")]
pub mod shutdown;
#[cfg(feature = "io")]
mod stream;
#[cfg(feature = "io")]
pub mod supervisor;
#[cfg(feature = "io")]
pub mod timer;
#[cfg(feature = "io")]
pub mod tls;
#[cfg(feature = "io")]
pub mod workers;
