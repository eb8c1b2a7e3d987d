//! Serves and does nothing else, for looking at the server without the rest of the program.
//!
//! `cargo run --release -p plimsoll-cache-server --example serve -- [port] [threads] [name=value ...]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{error::Error, net::SocketAddr};

use plimsoll_cache_server::serve::{self, Config};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let port: u16 = argument(1).map_or(Ok(0), |port| port.parse())?;
    let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], port)));
    config.threads = argument(2).map_or(Ok(1), |threads| threads.parse())?;
    for pair in std::env::args().skip(3) {
        let (name, value) = pair.split_once('=').ok_or("a parameter is a name=value")?;
        config.parameters.push((name.to_owned(), value.to_owned()));
    }
    let running = serve::start(&config)?;
    println!("{}", running.local_addr());
    running.wait(None);
    Ok(())
}
