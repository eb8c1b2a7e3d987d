//! The bare HTTP client, without a script, beside wrk, hey and oha where they are found.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    Settings,
    process::{GENERATOR_CORE, Usage, measure, pinned},
    server::{Nginx, scratch},
    table::{Figure, print},
};
use crate::command::{cargo, find, root, run as run_command};

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
    for (peer, counter) in PEERS {
        let Some(program) = find(peer).filter(|_| settings.wants(peer)) else { continue };
        compared += 1;
        let mut cpu = Figure::new("CPU per request", "us");
        let mut rate = Figure::new("requests per second", "1/s");
        for _ in 0..settings.rounds {
            for (is_ours, program, counter) in
                [(true, &ours, count_closed_loop as Counter), (false, &program, *counter)]
            {
                let name = if is_ours { "closed_loop" } else { peer };
                let usage = one(name, program, &nginx.url, settings, &folder)?;
                let requests = counter(&usage.stdout)
                    .with_context(|| format!("read how many requests {name} made"))?;
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
        print(&format!("closed model against {peer}"), peer, &[cpu, rate]);
    }
    for (peer, _) in PEERS.iter().filter(|(peer, _)| find(peer).is_none()) {
        println!("\n{peer} is not installed, so it was not compared");
    }
    if compared == 0 {
        anyhow::bail!("no peer found: install wrk or hey (apt-get install wrk hey)");
    }
    Ok(())
}

type Counter = fn(&str) -> Option<f64>;

const PEERS: &[(&str, Counter)] = &[("wrk", count_wrk), ("hey", count_hey), ("oha", count_oha)];

fn one(name: &str, program: &Path, url: &str, settings: &Settings, folder: &Path) -> Result<Usage> {
    let seconds = format!("{}s", settings.duration.as_secs());
    let mut command = pinned(GENERATOR_CORE, program);
    match name {
        "wrk" => command.args(["-t", "1", "-c", CONNECTIONS, "-d", &seconds, "--latency", url]),
        "hey" => command.args(["-c", CONNECTIONS, "-z", &seconds, url]),
        "oha" => command.args([
            "--no-tui",
            "--output-format",
            "json",
            "-c",
            CONNECTIONS,
            "-z",
            &seconds,
            url,
        ]),
        _ => command.args([url, CONNECTIONS, &settings.duration.as_secs().to_string()]),
    };
    measure(command, folder, &[])
}

/// `requests 12345` on a line.
fn count_closed_loop(stdout: &str) -> Option<f64> {
    stdout.lines().find_map(|line| line.strip_prefix("requests "))?.trim().parse().ok()
}

/// `  123456 requests in 10.00s, 20.00MB read`
fn count_wrk(stdout: &str) -> Option<f64> {
    let line = stdout.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `[200] 12345 responses`, a line per status
fn count_hey(stdout: &str) -> Option<f64> {
    let lines = stdout.lines().filter(|line| line.trim_end().ends_with("responses"));
    let counts: Vec<f64> =
        lines.filter_map(|l| l.split_whitespace().nth(1)?.parse().ok()).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

fn count_oha(stdout: &str) -> Option<f64> {
    let report: Value = serde_json::from_str(stdout).ok()?;
    let statuses = report.get("statusCodeDistribution")?.as_object()?;
    Some(statuses.values().filter_map(Value::as_f64).sum())
}

#[cfg(test)]
mod tests {
    use super::{count_closed_loop, count_hey, count_oha, count_wrk};

    #[test]
    fn reads_the_peers_reports() {
        assert_eq!(count_wrk("x\n  331 requests in 1.00s, 2MB read\n"), Some(331.0));
        assert_eq!(
            count_hey("Status:\n  [200]\t331 responses\n  [500]\t2 responses\n"),
            Some(333.0)
        );
        assert_eq!(count_oha(r#"{"statusCodeDistribution":{"200":331}}"#), Some(331.0));
        assert_eq!(count_closed_loop("requests 331\n"), Some(331.0));
    }
}
