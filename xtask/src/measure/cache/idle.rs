//! Memory of idle connections.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result};

use super::bench::{Bench, Server, float};

const FEW: usize = 100;
const MANY: usize = 10_000;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    println!(
        "  bytes of the server's user space per idle connection, between {FEW} and {MANY} of them"
    );
    for server in [
        bench.ours(&["--maxclients", "12000"])?,
        bench.redis(&["--maxclients", "12000"])?,
        bench.memcached(&["-c", "12000"])?,
    ] {
        let greeting: &[u8] = match &server {
            Server::Memcached(_) => b"version\r\n",
            _ => b"PING\r\n",
        };
        let mut open = Vec::new();
        hold(&server, greeting, FEW, &mut open)?;
        let (few, _) = server.settled()?;
        hold(&server, greeting, MANY, &mut open)?;
        let (many, _) = server.settled()?;
        let each = float(many.saturating_sub(few)) / float((MANY - FEW) as u64);
        println!("  {:<14} {each:>10.0}", server.name());
    }
    println!("  {:<14} {:>10}", "asked of ours", "1024");
    Ok(())
}

/// Opens more until there are so many; each has said something and been answered.
fn hold(server: &Server, greeting: &[u8], count: usize, open: &mut Vec<TcpStream>) -> Result<()> {
    while open.len() < count {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port()))
            .with_context(|| format!("connection {}", open.len()))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(greeting)?;
        let mut answer = [0; 64];
        let count = stream.read(&mut answer)?;
        anyhow::ensure!(count > 0, "{} refuses connection {}", server.name(), open.len());
        open.push(stream);
    }
    Ok(())
}
