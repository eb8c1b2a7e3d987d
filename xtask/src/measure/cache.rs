//! `plimsoll serve cache` beside redis-server: each with one thread on one core, loaded in turn from the other
//! by redis-benchmark.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    Settings,
    process::{GENERATOR_CORE, SERVER_CORE, measure, pinned},
    server::{Redis, Served, plimsoll, scratch},
    table::{Figure, print},
};
use crate::tools;

const CONNECTIONS: &str = "50";
const KEYS: &str = "100000";
const VALUE_BYTES: &str = "64";

/// What is sent, and about how much of it redis-benchmark makes in a second.
struct Case {
    name: &'static str,
    pipeline: u64,
    per_second: u64,
    /// As redis-benchmark names it.
    test: &'static str,
}

const CASES: [Case; 4] = [
    Case { name: "GET", pipeline: 1, per_second: 80_000, test: "get" },
    Case { name: "SET", pipeline: 1, per_second: 80_000, test: "set" },
    Case { name: "GET, pipelines of 16", pipeline: 16, per_second: 600_000, test: "get" },
    Case { name: "SET, pipelines of 16", pipeline: 16, per_second: 400_000, test: "set" },
];

/// A server while it is loaded.
struct Loaded<'a> {
    pid: u32,
    port: u16,
    benchmark: &'a Path,
    folder: &'a Path,
}

/// Of one run: microseconds of the server's CPU per request, requests per second, and the 99th percentile of
/// the latency in milliseconds.
struct Taken {
    cpu: f64,
    rate: f64,
    p99: f64,
}

impl Loaded<'_> {
    fn run(&self, case: &Case, seconds: u64) -> Result<Taken> {
        let count = case.per_second * seconds;
        let before = cpu_nanos(self.pid)?;
        let mut command = pinned(GENERATOR_CORE, self.benchmark);
        let (port, number) = (self.port.to_string(), count.to_string());
        let pipeline = case.pipeline.to_string();
        command.args(["-p", &port, "-c", CONNECTIONS, "-r", KEYS, "-d", VALUE_BYTES]);
        command.args(["-n", &number, "-P", &pipeline, "--csv", "-t", case.test]);
        let usage = measure(command, self.folder, &[])?;
        let cpu = cpu_nanos(self.pid)?.saturating_sub(before);
        let (rate, p99) = told(&usage.stdout)
            .with_context(|| format!("read redis-benchmark's {:?}", usage.stdout))?;
        #[expect(clippy::cast_precision_loss, reason = "counts and times are far below 2^53")]
        let cpu = cpu as f64 / 1e3 / count as f64;
        Ok(Taken { cpu, rate, p99 })
    }
}

pub(super) fn run(settings: &Settings) -> Result<()> {
    let folder = scratch("cache")?;
    let binary = plimsoll()?;
    let benchmark = tools::redis_benchmark()?;
    let mut command = pinned(SERVER_CORE, &binary);
    command.args(["serve", "cache", "--threads", "1", "--seconds", "3600"]);
    let (ours, theirs) = (Served::start(command)?, Redis::start(&folder)?);
    let loaded = |pid, port| Loaded { pid, port, benchmark: &benchmark, folder: &folder };
    let both = [loaded(ours.pid(), ours.port), loaded(theirs.pid(), theirs.port)];
    let seconds = settings.duration.as_secs();
    println!("{} rounds of about {seconds} s, medians", settings.rounds);
    println!("servers with one thread on core 0, redis-benchmark on core 1");
    println!("{CONNECTIONS} connections, {KEYS} keys, values of {VALUE_BYTES} bytes");
    for case in CASES.iter().filter(|case| settings.wants(case.test)) {
        let mut figures = [
            Figure::new("server's CPU per request", "us"),
            Figure::new("requests per second", "1/s"),
            Figure::new("p99", "ms"),
        ];
        for _ in 0..settings.rounds {
            let [ours, theirs] = &both;
            let (ours, theirs) = (ours.run(case, seconds)?, theirs.run(case, seconds)?);
            let values = [(ours.cpu, theirs.cpu), (ours.rate, theirs.rate), (ours.p99, theirs.p99)];
            for (figure, (ours, theirs)) in figures.iter_mut().zip(values) {
                figure.ours.push(ours);
                figure.peer.push(theirs);
            }
        }
        print(case.name, "redis-server", &figures);
    }
    Ok(())
}

/// Requests per second and the 99th percentile, from the last line of redis-benchmark's CSV.
fn told(csv: &str) -> Option<(f64, f64)> {
    let line = csv.lines().rfind(|line| !line.trim().is_empty())?;
    let mut fields = line.split(',').map(|field| field.trim_matches('"').parse::<f64>());
    let rate = fields.nth(1)?.ok()?;
    // Behind the rate come mean, least, p50 and p95.
    let p99 = fields.nth(4)?.ok()?;
    Some((rate, p99))
}

/// CPU time of all threads of a live process.
fn cpu_nanos(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("the server has ended")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        sum += text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn what_redis_benchmark_says() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\
                   \"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"\n\
                   \"GET\",\"62500.00\",\"0.521\",\"0.072\",\"0.519\",\"0.751\",\"0.863\",\"1.183\"\n";
        assert_eq!(told(csv), Some((62_500.0, 0.863)));
        assert_eq!(told("Error"), None);
    }
}
