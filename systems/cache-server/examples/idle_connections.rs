//! Memory of the process per connection that waits, after each has sent a command.
//!
//! `cargo run --release -p plimsoll-cache-server --example idle_connections -- [connections]`
//!
//! The clients are in the same process, but have no memory of their own: a bare socket each.
//!
//! Where the system gives huge pages, memory grows by 2 MiB at a time: only thousands of connections tell
//! what one takes.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{
    error::Error,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use mimalloc::MiMalloc;
use plimsoll_cache_server::serve::{self, Config};
use plimsoll_runtime::shutdown;

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(5_000), |arg| arg.parse())?;
    shutdown::raise_fd_limit()?;
    let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.parameters.push(("maxclients".to_owned(), (count * 2).to_string()));
    let server = serve::start(&config)?;
    // What the first ones need is there for all.
    let warm = connect(server.local_addr(), 100)?;
    let mut clients = Vec::with_capacity(count);
    let before = resident()?;
    for _ in 0..count {
        clients.extend(connect(server.local_addr(), 1)?);
    }
    let grown = resident()?.saturating_sub(before);
    println!("{} connections wait", server.connections());
    println!("{:.0} bytes of user space each", grown as f64 / count as f64);
    drop(warm);
    Ok(())
}

fn connect(addr: SocketAddr, count: usize) -> Result<Vec<TcpStream>, Box<dyn Error>> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = TcpStream::connect(addr)?;
        client.write_all(b"PING\r\n")?;
        client.read_exact(&mut [0; 7])?;
        clients.push(client);
    }
    Ok(clients)
}

/// Of this process, in bytes.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1_024)
}
