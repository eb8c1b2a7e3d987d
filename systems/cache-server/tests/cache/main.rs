//! The cache beside a real redis-server.

mod differential;
