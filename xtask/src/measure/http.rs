//! The bare HTTP client, without a script, beside wrk, hey and oha where they are found.

use anyhow::{Context, Result};

use super::{
    Settings,
    peers::{Counter, PEERS},
    process::{GENERATOR_CORE, measure, pinned},
    server::{Nginx, scratch},
    table::{Figure, print},
};
use crate::command::{cargo, root, run as run_command};

const CONNECTIONS: &str = "30";

pub(super) fn run(settings: &Settings) -> Result<()> {
    let folder = scratch("http")?;
    run_command(cargo().args([
        "build",
        "--release",
        "--package",
        "plimsoll-clients",
        "--example",
        "closed_loop",
    ]))?;
    let ours = root().join("target/release/examples/closed_loop");
    let nginx = Nginx::start(&folder)?;
    println!("closed model, {CONNECTIONS} connections, nginx on core 0, clients on core 1");
    println!("{} rounds of {} s, medians", settings.rounds, settings.duration.as_secs());
    let mut compared = 0;
    for peer in PEERS {
        let Some(program) = peer.program().filter(|_| settings.wants(peer.name)) else { continue };
        compared += 1;
        let mut cpu = Figure::new("CPU per request", "us");
        let mut rate = Figure::new("requests per second", "1/s");
        for _ in 0..settings.rounds {
            for is_ours in [true, false] {
                let (command, count) = if is_ours {
                    let mut command = pinned(GENERATOR_CORE, &ours);
                    let seconds = settings.duration.as_secs().to_string();
                    command.args([&nginx.url, CONNECTIONS, &seconds]);
                    (command, count_closed_loop as Counter)
                } else {
                    let command =
                        peer.command(&program, CONNECTIONS, settings.duration, &nginx.url);
                    (command, peer.count)
                };
                let usage = measure(command, &folder, &[])?;
                let requests = count(&usage.stdout).context("read how many requests were made")?;
                let micros = usage.cpu.as_secs_f64() * 1e6 / requests;
                let per_second = requests / settings.duration.as_secs_f64();
                let (cpu, rate) = if is_ours {
                    (&mut cpu.ours, &mut rate.ours)
                } else {
                    (&mut cpu.peer, &mut rate.peer)
                };
                cpu.push(micros);
                rate.push(per_second);
            }
        }
        print(&format!("closed model against {}", peer.name), peer.name, &[cpu, rate]);
    }
    for peer in PEERS.iter().filter(|peer| peer.program().is_none()) {
        println!("\n{} is not installed, so it was not compared", peer.name);
    }
    if compared == 0 {
        anyhow::bail!("no peer found: install wrk or hey (apt-get install wrk hey)");
    }
    Ok(())
}

/// `requests 12345` on a line.
fn count_closed_loop(stdout: &str) -> Option<f64> {
    stdout.lines().find_map(|line| line.strip_prefix("requests "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::count_closed_loop;

    #[test]
    fn reads_our_report() {
        assert_eq!(count_closed_loop("requests 331\n"), Some(331.0));
    }
}
