//! The closed-loop HTTP tools that we stand beside, where they are installed.

use std::{path::PathBuf, process::Command, time::Duration};

use serde_json::Value;

use super::process::{GENERATOR_CORE, pinned};
use crate::command::{find, root};

/// Reads from a tool's standard output how many requests were answered.
pub(super) type Counter = fn(&str) -> Option<f64>;

/// A tool, how it is asked for a closed model on one thread, and how its answer is read.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) count: Counter,
    arguments: fn(connections: &str, seconds: u64, url: &str) -> Vec<String>,
}

pub(super) const PEERS: &[Peer] = &[
    Peer { name: "wrk", count: count_wrk, arguments: wrk },
    Peer { name: "hey", count: count_hey, arguments: hey },
    Peer { name: "oha", count: count_oha, arguments: oha },
    Peer { name: "h2load", count: count_h2load, arguments: h2load },
];

impl Peer {
    /// In `PATH`, or where `cargo install --root target/tools/NAME` puts it.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let own = root().join("target/tools").join(self.name).join("bin").join(self.name);
        find(self.name).or_else(|| own.is_file().then_some(own))
    }

    /// The command that loads `url` over `connections`, on the generators' core.
    pub(super) fn command(
        &self,
        program: &std::path::Path,
        connections: &str,
        duration: Duration,
        url: &str,
    ) -> Command {
        let mut command = pinned(GENERATOR_CORE, program);
        command.args((self.arguments)(connections, duration.as_secs(), url));
        command
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn wrk(connections: &str, seconds: u64, url: &str) -> Vec<String> {
    words(&["-t", "1", "-c", connections, "-d", &format!("{seconds}s"), "--latency", url])
}

fn hey(connections: &str, seconds: u64, url: &str) -> Vec<String> {
    words(&["-c", connections, "-z", &format!("{seconds}s"), url])
}

fn oha(connections: &str, seconds: u64, url: &str) -> Vec<String> {
    let duration = format!("{seconds}s");
    words(&["--no-tui", "--output-format", "json", "-c", connections, "-z", &duration, url])
}

fn h2load(connections: &str, seconds: u64, url: &str) -> Vec<String> {
    words(&["--h1", "-t", "1", "-c", connections, "-D", &seconds.to_string(), url])
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

/// `status codes: 12345 2xx, 0 3xx, 0 4xx, 0 5xx`
fn count_h2load(stdout: &str) -> Option<f64> {
    let line = stdout.lines().find_map(|line| line.strip_prefix("status codes: "))?;
    line.split(", ").map(|part| part.split(' ').next()?.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::{count_h2load, count_hey, count_oha, count_wrk};

    #[test]
    fn reads_the_peers_reports() {
        assert_eq!(count_wrk("x\n  331 requests in 1.00s, 2MB read\n"), Some(331.0));
        assert_eq!(
            count_hey("Status:\n  [200]\t331 responses\n  [500]\t2 responses\n"),
            Some(333.0)
        );
        assert_eq!(count_oha(r#"{"statusCodeDistribution":{"200":331}}"#), Some(331.0));
        let status = "status codes: 331 2xx, 2 3xx, 0 4xx, 0 5xx\n";
        assert_eq!(count_h2load(status), Some(333.0));
    }
}
