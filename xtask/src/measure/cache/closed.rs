//! All three servers under one load of our own, as memcached speaks another protocol and Debian has no tool
//! that loads both alike: connections that each have one request on its way.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{
    bench::{Bench, Server, float},
    client::{Client, fill},
    requests::{Protocol, key, mixed},
};
use crate::measure::{process::GENERATOR_CORE, table::median};

const CONNECTIONS: usize = 50;
const KEYS: u64 = 100_000;
const VALUE: [u8; 64] = [b'v'; 64];

/// Of one server, a value per round.
#[derive(Default)]
struct Taken {
    cpu: Vec<f64>,
    rate: Vec<f64>,
    p99_9: Vec<f64>,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let servers = [bench.ours(&[])?, bench.redis(&[])?, bench.memcached(&["-m", "1024"])?];
    for server in &servers {
        fill(server, KEYS, &VALUE)?;
    }
    println!(
        "  {CONNECTIONS} connections with one request each, {KEYS} keys, values of {} bytes",
        VALUE.len()
    );
    for (name, is_write) in [("GET", false), ("SET", true)] {
        let mut taken: [Taken; 3] = Default::default();
        for _ in 0..bench.settings.rounds {
            for (server, taken) in servers.iter().zip(&mut taken) {
                load(server, is_write, bench.settings.duration / 2, taken)?;
            }
        }
        println!(
            "\n{name}\n  {:<14} {:>24} {:>16} {:>10}",
            "", "CPU per request (us)", "requests per s", "p99.9 (ms)"
        );
        for (server, taken) in servers.iter().zip(&taken) {
            let [cpu, rate, p99_9] = [&taken.cpu, &taken.rate, &taken.p99_9].map(|v| median(v));
            println!("  {:<14} {cpu:>24.2} {rate:>16.0} {p99_9:>10.3}", server.name());
        }
    }
    Ok(())
}

fn load(server: &Server, is_write: bool, duration: Duration, taken: &mut Taken) -> Result<()> {
    let before = server.cpu_nanos()?;
    // A thread of its own: the core that it is bound to is not that of what comes after it.
    let mut latencies = thread::scope(|scope| {
        scope
            .spawn(|| {
                bind()?;
                exchange(server, is_write, duration)
            })
            .join()
            .unwrap_or_else(|_| Err(anyhow::anyhow!("the load has panicked")))
    })?;
    let cpu = server.cpu_nanos()?.saturating_sub(before);
    let count = float(latencies.len() as u64);
    latencies.sort_unstable();
    let p99_9 = latencies.get(latencies.len() * 999 / 1_000).context("no request was made")?;
    taken.cpu.push(float(cpu) / 1e3 / count);
    taken.rate.push(count / duration.as_secs_f64());
    taken.p99_9.push(p99_9.as_secs_f64() * 1e3);
    Ok(())
}

/// This thread to the generators' core.
fn bind() -> Result<()> {
    let mut cores = nix::sched::CpuSet::new();
    cores.set(GENERATOR_CORE.parse()?)?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &cores)
        .context("bind a thread to a core")
}

/// A connection whose request is on its way.
struct Slot {
    stream: TcpStream,
    sent: Instant,
    /// Bytes of the reply that have not come yet.
    left: usize,
}

/// One after the other over each connection, until the time is over. How long each took.
#[expect(clippy::disallowed_methods, reason = "xtask measures without the runtime crate")]
fn exchange(server: &Server, is_write: bool, duration: Duration) -> Result<Vec<Duration>> {
    let protocol = Client::connect(server)?.protocol;
    let request = |out: &mut Vec<u8>, number: u64| {
        let key = key(mixed(number) % KEYS);
        out.clear();
        match is_write {
            true => protocol.set(out, &key, &VALUE, None),
            false => protocol.get(out, &key),
        }
    };
    let expected = reply_length(protocol, is_write);
    let (mut slots, mut out, mut number) = (Vec::new(), Vec::new(), 0);
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
        stream.set_nodelay(true)?;
        request(&mut out, number);
        number += 1;
        stream.write_all(&out)?;
        stream.set_nonblocking(true)?;
        slots.push(Slot { stream, sent: Instant::now(), left: expected });
    }
    let (mut latencies, mut input) = (Vec::new(), [0; 1 << 10]);
    while began.elapsed() < duration {
        for at in ready(&slots)? {
            let Some(slot) = slots.get_mut(at) else { continue };
            let room = input.get_mut(..slot.left).unwrap_or_default();
            match slot.stream.read(room) {
                Ok(0) => anyhow::bail!("{} closed a connection", server.name()),
                Ok(count) => slot.left -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            if slot.left == 0 {
                ensure!(input.first() != Some(&b'-'), "{} refuses requests", server.name());
                latencies.push(slot.sent.elapsed());
                request(&mut out, number);
                number += 1;
                slot.sent = Instant::now();
                slot.left = expected;
                // It fits: nothing else is on its way.
                slot.stream.write_all(&out)?;
            }
        }
    }
    Ok(latencies)
}

/// All keys are there, and all values are alike.
fn reply_length(protocol: Protocol, is_write: bool) -> usize {
    let length = VALUE.len().to_string().len();
    match (protocol, is_write) {
        (Protocol::Resp, true) => b"+OK\r\n".len(),
        (Protocol::Memcached, true) => b"STORED\r\n".len(),
        (Protocol::Resp, false) => b"$\r\n\r\n".len() + length + VALUE.len(),
        (Protocol::Memcached, false) => {
            b"VALUE  0 \r\n\r\nEND\r\n".len() + key(0).len() + length + VALUE.len()
        }
    }
}

/// The indexes of those whose replies have come, at least in part.
fn ready(slots: &[Slot]) -> Result<Vec<usize>> {
    let watched = slots.iter().map(|slot| PollFd::new(slot.stream.as_fd(), PollFlags::POLLIN));
    let mut watched: Vec<PollFd<'_>> = watched.collect();
    poll(&mut watched, PollTimeout::from(1_000_u16))?;
    let is_ready = |watched: &PollFd<'_>| watched.any().unwrap_or(false);
    Ok(watched
        .iter()
        .enumerate()
        .filter(|(_, watched)| is_ready(watched))
        .map(|(at, _)| at)
        .collect())
}
